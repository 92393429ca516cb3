"""The command line of directus_setup."""

import os
import re
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from ..directus.ids import DEFAULT_SITE
from ..directus.passwords import PASSWORD_POLICIES
from ..operations.provisioning import UNCHANGED, SiteIds
from ..operations.provisioning.sso import KINDS, PROVIDER_NAME, RESERVED
from ..operations.provisioning.wanted import MODIFICATION_FIELD

TOKEN, ROLE = "DIRECTUS_SERVICE_TOKEN", "DIRECTUS_CUSTOMER_ROLE"
SITE = "DIRECTUS_SITE"
MAILS = "ACCOUNT_MAILS"
ADMIN = ("token", "email", "password", "otp")


def add_administrator(parser: CommandParser) -> None:
    """The administrator's credentials and the Directus server."""
    parser.add_argument("--url", help="Directus, if not the DIRECTUS_URL in use.")
    admin = parser.add_argument_group(
        "administrator",
        "A token, or e-mail and password. Other users of this machine can see "
        "options; the environment (DIRECTUS_ADMIN_TOKEN, DIRECTUS_ADMIN_EMAIL, "
        "DIRECTUS_ADMIN_PASSWORD, DIRECTUS_ADMIN_OTP) and the prompt are private.",
    )
    helps = {"otp": "The one-time code, if on."}
    for name in ADMIN:
        admin.add_argument(f"--admin-{name}", default="", help=helps.get(name))


def administrator(options: dict[str, Any]) -> dict[str, str]:
    """Return the options of the administrator, completed from the environment."""
    given = {f"admin_{name}": options[f"admin_{name}"] for name in ADMIN}
    found = {
        name: text or os.environ.get(f"DIRECTUS_{name.upper()}", "").strip("\r\n")
        for name, text in given.items()
    }
    if given["admin_email"] or given["admin_password"]:
        # A token in the environment may be of another administrator.
        found["admin_token"] = given["admin_token"]
    return found


def add_customers(parser: CommandParser) -> None:
    """The customers' role, their sign-up and passwords."""
    parser.add_argument(
        "--customer-role",
        metavar="NAME_OR_ID",
        help="The customers' role (DIRECTUS_CUSTOMER_ROLE, else 'Customer').",
    )
    parser.add_argument(
        "--accept-role",
        metavar="ID",
        help="The id of the customers' role: accept its rights beyond the site's "
        "needs. --yes alone does not accept them.",
    )
    parser.add_argument(
        "--keep-registration",
        action="store_true",
        help="Leave Directus' own registration open though this site does not use it.",
    )
    parser.add_argument(
        "--login-attempts",
        type=_attempts,
        default=UNCHANGED,
        metavar="none|N",
        help="Failures until Directus suspends an account. Default: unchanged.",
    )
    parser.add_argument(
        "--password-policy",
        type=_policy,
        default=UNCHANGED,
        metavar="none|weak|strong|REGEX",
        help="Directus' rule for new passwords: weak is 8 characters, strong "
        "also both cases, a digit and a symbol. Default: unchanged.",
    )


def add_own_things(parser: CommandParser) -> None:
    """The site's own objects in Directus."""
    parser.add_argument(
        "--site",
        type=_site,
        metavar="NAME",
        help=f"The name of this site in Directus ({SITE}, else '{DEFAULT_SITE}'). "
        "A second site of one Directus needs another name, and gets its own "
        "service user, Flow and folder.",
    )
    parser.add_argument(
        "--service-email",
        default="",
        help="Address of the service user, which gets no mail. Default: "
        "that of the present one, else one at example.com.",
    )
    parser.add_argument(
        "--modification-field",
        action="store_true",
        help=f"Add the hidden field {MODIFICATION_FIELD} to users, for directus_sync "
        "--since without Directus' activity log.",
    )


def add_both_ends(parser: CommandParser) -> None:
    """The addresses of the site and its webhook."""
    parser.add_argument(
        "--webhook-url",
        metavar="URL",
        help="Address of this site's /webhooks/directus/ for Directus. Default: "
        "the address in its Flow, else under PUBLIC_URL. Needs "
        "DIRECTUS_WEBHOOK_SECRET.",
    )
    parser.add_argument(
        "--env-file",
        type=Path,
        help=f"The file for {TOKEN} and {ROLE}; a valid token is kept.",
    )
    parser.add_argument(
        "--new-token",
        action="store_true",
        help="Replace a valid service token, too. The site needs the new one, "
        "and a restart, at once.",
    )
    parser.add_argument(
        "--print-token",
        action="store_true",
        help="Without --env-file: print a new service token.",
    )


def add_sso(parser: CommandParser) -> None:
    """The lines for a single sign-on provider."""
    sso = parser.add_argument_group(
        "single sign-on",
        "Print what a provider needs at the provider and in Directus' environment, "
        "and end. Changes nothing, and needs no administrator.",
    )
    sso.add_argument(
        "--sso",
        type=_provider,
        metavar="NAME",
        help="The provider's name in Directus: small letters, digits and _.",
    )
    sso.add_argument(
        "--sso-kind",
        choices=sorted(KINDS),
        help="Default: the kind with the same name, else openid.",
    )


def add_modes(parser: CommandParser) -> None:
    """Dry run, output and confirmation."""
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--dry-run", action="store_true", help="Show changes only.")
    mode.add_argument(
        "--check",
        action="store_true",
        help="Like --dry-run; exit 3 if there are changes.",
    )
    mode.add_argument("--yes", action="store_true", help="Do not ask.")
    parser.add_argument(
        "--format",
        choices=["text", "json"],
        default="text",
        help="json: one document; cannot ask, so it needs one of the above.",
    )


def _site(text: str) -> str:
    return SiteIds(text).name


def _provider(text: str) -> str:
    if not PROVIDER_NAME.fullmatch(text) or text in RESERVED:
        raise ValueError(text)
    return text


def _attempts(text: str) -> int | None:
    if text.lower() == "none":
        return None
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number


def _policy(text: str) -> str | None:
    if text.lower() in PASSWORD_POLICIES:
        return PASSWORD_POLICIES[text.lower()]
    # Directus removes the slashes; Python only checks the expression.
    if not text or not _is_pattern(text.strip("/")):
        raise ValueError(text)
    return text


def _is_pattern(text: str) -> bool:
    try:
        re.compile(text)
    except re.error:
        return False
    return True
