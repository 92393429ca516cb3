"""Checks of sign-up and of the links in mails."""

import secrets

from django.conf import settings

from ...core import clients, mails
from ...directus import Forbidden, InvalidPayload, NewUser
from ...web.links import public_url
from ..provisioning.rights import NEW_STATUSES
from .findings import Answer, ok, problem, warning
from .rights import FOR_ANOTHER_ROLE, FOR_TOKEN, powers
from .site import SETUP, NotReadable, Row, Site

FROM_SITE = "This site mails the links of sign-up, reset and invitation."


def sender(site: Site) -> Answer:
    """The sender of the links in mails has all that it needs."""
    if not mails.is_from_site():
        return ok("Directus mails the links of sign-up, reset and invitation.")
    if not settings.EMAIL_URL:
        return problem("ACCOUNT_MAILS=site needs a mail server.", "EMAIL_URL=…")
    if not clients.service_token():
        return problem("ACCOUNT_MAILS=site needs a service token.", FOR_TOKEN)
    return ok(FROM_SITE)


def accounts(site: Site) -> Answer:
    """The service token may create users who wait for a mail, and activate them."""
    if not mails.is_from_site():
        return ok("Directus makes the links of sign-up and invitation.")
    missing = [
        f"{action} {status} users"
        for action, statuses in (("create", NEW_STATUSES), ("update", ["active"]))
        for status in statuses
        if not any(_accepts(row, status) for row in _own(site, action))
    ]
    if missing:
        return problem(f"The service token may not {', '.join(missing)}.", SETUP)
    return ok("The service token may create and activate customers.")


def _own(site: Site, action: str) -> list[Row]:
    rows = site.user_permissions(site.policies_of_role(site.my_role))
    return [row for row in rows if row["action"] == action]


def _accepts(row: Row, status: str) -> bool:
    """Return whether a permission accepts a value for the status of a user."""
    if "validation" not in row:
        raise NotReadable("The service token may not read this.", SETUP)
    rule = row["validation"] or {}
    parts = [part.get("status", {}) for part in rule.get("_and", [rule])]
    return all(status in part.get("_in", [status]) for part in parts)


def fields(site: Site) -> Answer:
    """Users have the fields in Directus that the sign-up page asks for."""
    names = clients.signup_fields()
    if not names:
        return ok("The sign-up page asks for no added fields.")
    there = {row["field"] for row in site.user_fields}
    if missing := [name for name in names if name not in there]:
        reason = (
            "DIRECTUS_SIGNUP_FIELDS names fields that users do not have in Directus, "
            f"or that the service token may not read: {', '.join(missing)}."
        )
        return problem(reason, SETUP)
    return ok(f"The sign-up page asks for {', '.join(names)}.")


def registration(site: Site) -> Answer:
    """Directus' public registration is open only if the site uses it."""
    is_open = bool(site.public_info.get("project", {}).get("public_registration"))
    mode = clients.signup_mode()
    is_needed = mode == "register" and not mails.is_from_site()
    if is_needed and not is_open:
        return problem("Sign-up is closed in Directus, but this site offers it.", SETUP)
    if is_open and not is_needed:
        cause = (
            "ACCOUNT_MAILS=site" if mode == "register" else f"DIRECTUS_SIGNUP={mode}"
        )
        reason = (
            "Sign-up is open in Directus itself, which this site does not need "
            f"({cause})."
        )
        return warning(reason, SETUP)
    if is_open:
        return ok(
            "Sign-up is open in Directus itself, too: DIRECTUS_SIGNUP=register "
            "needs it."
        )
    return ok("Sign-up is closed in Directus, and this site does not need it.")


def role(site: Site) -> Answer:
    """A new user gets the customers' role."""
    if not site.settings["public_registration"]:
        return ok("Directus takes no sign-ups.")
    role_id = site.settings["public_registration_role"]
    if role_id is None:
        return problem("New users get no role.", SETUP)
    found = powers(site, role_id)
    if found:
        reason = f"New users get {found}."
        is_ours = role_id == clients.customer_role()
        line = FOR_ANOTHER_ROLE if is_ours else SETUP
        return problem(reason, line)
    if role_id != clients.customer_role():
        reason = "New users get another role than DIRECTUS_CUSTOMER_ROLE."
        return warning(reason, f"DIRECTUS_CUSTOMER_ROLE={role_id}")
    return ok("New users get the customers' role.")


def verification(site: Site) -> Answer:
    """Addresses are confirmed before they can be used."""
    project = site.public_info.get("project", {})
    if not project.get("public_registration"):
        return ok("Directus takes no sign-ups.")
    if not project.get("public_registration_verify_email"):
        return problem("Addresses are not confirmed after sign-up.", SETUP)
    return ok("Addresses are confirmed after sign-up.")


def reset_link(site: Site) -> Answer:
    """Directus accepts links to this site in password mails."""
    if mails.is_from_site():
        return ok(FROM_SITE)
    url = public_url("accounts:password_reset_confirm")
    if not site.server.has_policies:
        # A known address would get a mail.
        raise NotReadable("Directus 10 checks links for known addresses only.")
    email = f"doctor-{secrets.token_hex(8)}@example.com"
    try:
        site.anonymous.request_password_reset(email=email, reset_url=url)
    except InvalidPayload:
        return _not_allowed(url, "PASSWORD_RESET_URL_ALLOW_LIST")
    return _allowed(url)


def register_link(site: Site) -> Answer:
    """Directus accepts links to this site in mails after sign-up.

    The check signs the service user up again: Directus checks the link first, and then
    does nothing for a known address.
    """
    if mails.is_from_site():
        return ok(FROM_SITE)
    url = public_url("accounts:email_verification")
    if clients.signup_mode() != "register":
        return ok("This site does not use Directus' own sign-up.")
    if site.me.get("status") != "active" or not site.me.get("email"):
        raise NotReadable("This needs a service user with an address.")
    service_user = NewUser(site.me["email"], password=secrets.token_urlsafe(32))
    try:
        site.anonymous.register_user(service_user, verification_url=url)
    except InvalidPayload:
        return _not_allowed(url, "USER_REGISTER_URL_ALLOW_LIST")
    except Forbidden:
        # Closed, at least for this address; the link was accepted before.
        pass
    return _allowed(url)


def _not_allowed(url: str, variable: str) -> Answer:
    reason = f"Directus refuses to mail links to {url}."
    return problem(reason, f'{variable}="{url}"')


def _allowed(url: str) -> Answer:
    return ok(f"Directus mails links to {url}.")
