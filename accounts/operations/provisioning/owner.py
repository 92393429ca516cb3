"""Find the site that owns objects in Directus; its service role names the address."""

from urllib.parse import urlsplit

from .errors import ProvisioningError
from .state import Row, State
from .wanted import Options


def mark(role: Row | None, options: Options) -> Row:
    """Return the values of the service role that name its site.

    Other text in the description stays. Another site's address stays, too, unless the
    operator named the site: a second site may run with a copy of the settings.
    """
    said = (role or {}).get("description") or ""
    is_free = not said or (options.is_named and _address_in(said))
    if not (options.site_url and is_free):
        return {}
    return {"description": f"The site at {options.site_url} and its own user."}


def other_address(state: State, options: Options) -> str:
    """Return the address of the other site that owns these objects.

    Empty if there is no such site, or if it is not known.
    """
    role = state.role(state.own.service_role) or {}
    address = _address_in(role.get("description") or "")
    return "" if _same(address, options.site_url) else address


def refuse_another_site(state: State, options: Options, *, token_works: bool) -> None:
    """Stop before the set-up takes over the token and the Flow of another site.

    Raises:
        ProvisioningError: Directus has a site of this name at another address, the
            operator did not name the site, and no valid token proves that it is
            this site.
    """
    if options.is_named or token_works:
        return
    other = other_address(state, options)
    role = state.role(state.own.service_role) or {}
    if not role.get("description") and state.webhook_url:
        # An older set-up did not write the address.
        origin = _origin(state.webhook_url)
        other = "" if _same(origin, options.site_url) else origin
    if other:
        raise ProvisioningError(
            f"Directus has the site “{state.own.name}” at {other}, and this one is at "
            f"{options.site_url}. A second site needs its own name: --site NAME. "
            f'If it is the same site, use --site "{state.own.name}".'
        )


def _address_in(text: str) -> str:
    words = (word.rstrip(".,;)") for word in text.split())
    return next((word for word in words if "://" in word), "")


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""


def _same(one: str, other: str) -> bool:
    return not (one and other) or one.rstrip("/").lower() == other.rstrip("/").lower()
