"""System checks of the settings; `directus_doctor` has those with network calls."""

import re
from urllib.parse import urlsplit

from django.conf import settings
from django.core import checks

from config.mail_backend import tls_context

from . import clients, mails

# Fields of Directus itself. Some have their own place on the profile page, and some
# would let a user take over another account. The time zone is stored by the site.
NO_PROFILE_FIELDS = {
    "id",
    "email",
    "password",
    "avatar",
    "status",
    "role",
    "policies",
    "token",
    "tfa_secret",
    "provider",
    "external_identifier",
    "auth_data",
    "last_access",
    "last_page",
    "time_zone",
}
# The sign-up form has fields of these names.
NO_SIGN_UP_FIELDS = NO_PROFILE_FIELDS | {
    "first_name",
    "last_name",
    "language",
    "terms",
    "opened",
    "your_website",
}
FIELD_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@checks.register(checks.Tags.security)
def check_settings(app_configs, **kwargs):
    """Return the errors and warnings about settings that break or weaken sign-in."""
    return [
        *_check_sessions(),
        *_check_sign_up(),
        *_check_transport(),
        *_check_directus(),
        *_check_profile(),
        *_check_mails(),
        *_check_deletion(),
    ]


def _check_sessions() -> list[checks.CheckMessage]:
    found: list[checks.CheckMessage] = []
    if settings.SESSION_ENGINE != "accounts.sessions":
        found.append(
            checks.Error(
                "SESSION_ENGINE must be accounts.sessions.",
                hint="Directus' tokens are columns of its rows.",
                id="accounts.E001",
            )
        )
    if not settings.SESSION_SERIALIZER.endswith("JSONSerializer"):
        found.append(
            checks.Error(
                "Sessions must be stored as JSON.",
                hint="A pickled session runs code when it is read.",
                id="accounts.E002",
            )
        )
    if settings.SESSION_SAVE_EVERY_REQUEST:
        found.append(
            checks.Error(
                "SESSION_SAVE_EVERY_REQUEST must be off.",
                hint="The session's row notes the last visit itself, once a minute.",
                id="accounts.E003",
            )
        )
    if settings.SESSION_IDLE_SECONDS > settings.SESSION_COOKIE_AGE:
        found.append(
            checks.Warning(
                "Sessions end for age before they end for idleness.",
                hint="SESSION_IDLE_SECONDS is longer than SESSION_ABSOLUTE_SECONDS.",
                id="accounts.W001",
            )
        )
    return found


def _check_sign_up():
    found: list[checks.CheckMessage] = []
    if not clients.customer_role():
        found += _check_sign_up_without_role()
    if clients.signup_fields() and not clients.service_token():
        found.append(
            checks.Warning(
                "The sign-up page leaves out DIRECTUS_SIGNUP_FIELDS.",
                hint="Visitors may not write them; DIRECTUS_SERVICE_TOKEN is needed.",
                id="accounts.W006",
            )
        )
    return found


def _check_sign_up_without_role():
    if clients.signup_mode() == "create":
        yield checks.Error(
            "DIRECTUS_SIGNUP=create needs DIRECTUS_CUSTOMER_ROLE.",
            hint="Without it Directus creates users that have no role.",
            id="accounts.E008",
        )
    elif clients.signup_mode() == "register" and mails.is_from_site():
        yield checks.Error(
            "ACCOUNT_MAILS=site needs DIRECTUS_CUSTOMER_ROLE.",
            hint="The site creates the users; directus_setup writes the role.",
            id="accounts.E014",
        )


def _check_transport():
    if settings.HTTPS:
        return [] if settings.TRUSTED_PROXIES else [_no_proxy()]
    if settings.DEBUG:
        return []
    if urlsplit(settings.PUBLIC_URL).hostname in {"localhost", "127.0.0.1", "::1"}:
        return []
    return [
        checks.Warning(
            "PUBLIC_URL is plain http: passwords and cookies travel readably.",
            hint="Use an https address; cookies, HSTS and the redirect follow it.",
            id="accounts.W002",
        )
    ]


def _no_proxy():
    return checks.Warning(
        "PUBLIC_URL is https and TRUSTED_PROXIES is empty.",
        hint="Unless the server itself speaks TLS, every request is redirected to "
        "https again and again, and all visitors share the proxy's address.",
        id="accounts.W003",
    )


def _check_directus():
    found = []
    for name, read in (
        ("DIRECTUS_URL or DIRECTUS_CA_BUNDLE", clients.transport),
        ("DIRECTUS_SERVICE_TOKEN", clients.service_client),
        ("DIRECTUS_SITE", clients.own_ids),
    ):
        try:
            read()
        except ValueError as error:
            # Its message contains no value.
            found.append(checks.Error(f"{name}: {error}.", id="accounts.E009"))
            break
    groups = clients.role_rights().role_groups
    if not _maps_names_to_lists(groups):
        found.append(
            checks.Error(
                "DIRECTUS_ROLE_GROUPS must be a JSON object of lists of group names.",
                hint='Like {"Editor": ["editors"]}.',
                id="accounts.E010",
            )
        )
    return found


def _check_profile():
    return [
        checks.Error(
            f"{setting}: number {number} cannot be one of them.",
            hint="It is for fields that were added to users in Directus.",
            id="accounts.E012",
        )
        for setting, names, others in (
            ("DIRECTUS_PROFILE_FIELDS", clients.profile_fields(), NO_PROFILE_FIELDS),
            ("DIRECTUS_SIGNUP_FIELDS", clients.signup_fields(), NO_SIGN_UP_FIELDS),
        )
        for number, name in enumerate(names, 1)
        if name in others or not FIELD_NAME.fullmatch(name)
    ]


def _check_mails():
    try:
        tls_context()
    except OSError:
        return [
            checks.Error(
                "EMAIL_CA_BUNDLE is no readable file of certificates.",
                hint="It has the certificates of a private authority, as PEM.",
                id="accounts.E016",
            )
        ]
    lacking = [
        name
        for name, value in (
            ("EMAIL_URL", settings.EMAIL_URL),
            ("DIRECTUS_SERVICE_TOKEN", clients.service_token()),
        )
        if not value
    ]
    if lacking and mails.is_from_site():
        return [_mails_without(" and ".join(lacking))]
    if settings.EMAIL_URL:
        return []
    return [
        checks.Warning(
            "EMAIL_URL is empty: this site sends no mails.",
            hint="Users are not told of changes to their accounts, and Directus has to "
            "mail the links of sign-up and reset.",
            id="accounts.W004",
        )
    ]


def _mails_without(names):
    return checks.Error(
        f"ACCOUNT_MAILS=site needs {names}.",
        hint="Without them the site cannot mail the links of sign-up and reset. "
        "directus_setup makes the token; ACCOUNT_MAILS=directus needs neither.",
        id="accounts.E013",
    )


def _check_deletion():
    if settings.ACCOUNT_DELETION == "off" or clients.service_token():
        return []
    return [
        checks.Warning(
            "Users cannot delete their accounts: DIRECTUS_SERVICE_TOKEN is empty.",
            hint="Run directus_setup, or set ACCOUNT_DELETION=off.",
            id="accounts.W005",
        )
    ]


def _maps_names_to_lists(groups: object) -> bool:
    return isinstance(groups, dict) and all(
        isinstance(names, list) and all(isinstance(name, str) for name in names)
        for names in groups.values()
    )
