"""Checks of sign-up and of the links in mails."""

import secrets

from ...core import clients
from ...directus import Forbidden, InvalidPayload, NewUser
from ...web.links import public_url
from .findings import Answer, ok, problem, warning
from .rights import FOR_ANOTHER_ROLE, powers
from .site import SETUP, NotReadable, Site


def registration(site: Site) -> Answer:
    """Directus' public registration is open only if the site uses it."""
    is_open = bool(site.public_info.get("project", {}).get("public_registration"))
    mode = clients.signup_mode()
    if mode == "register" and not is_open:
        return problem("Sign-up is closed in Directus, but this site offers it.", SETUP)
    if mode != "register" and is_open:
        reason = (
            "Sign-up is open in Directus itself, which this site does not need "
            f"(DIRECTUS_SIGNUP={mode})."
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
