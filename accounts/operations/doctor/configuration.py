"""Checks that the site's settings match Directus."""

import ipaddress
from urllib.parse import urlsplit

from django.conf import settings

from ...core import clients
from .findings import Answer, ok, warning
from .site import Site


def roles(site: Site) -> Answer:
    """Every role or policy that gives rights in Django exists in Directus."""
    missing = sorted(
        name
        for name in clients.role_rights().names
        if site.role(name) is None and site.policy(name) is None
    )
    if missing:
        names = ", ".join(missing)
        reason = (
            f"Directus does not have these roles or policies of the settings: {names}."
        )
        return warning(reason)
    return ok("All roles and policies of the settings exist.")


def transport(site: Site) -> Answer:
    """No secret crosses a public network unencrypted."""
    clear = [
        name
        for name, url in (
            ("PUBLIC_URL", settings.PUBLIC_URL),
            ("DIRECTUS_URL", clients.directus_url()),
        )
        if urlsplit(url).scheme != "https" and not _stays_inside(url)
    ]
    if clear:
        names = ", ".join(clear)
        reason = f"Passwords cross the network unencrypted: {names} without https."
        first = clear[0]
        return warning(reason, f"{first}=https://…")
    return ok("Passwords cross no public network unencrypted.")


def _stays_inside(url: str) -> bool:
    """Return whether the host is this machine or is in a private network."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return "." not in host or host.endswith((".localhost", ".internal"))
