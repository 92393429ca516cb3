"""The site's needs in Directus, as data for version 11.

Roles and policies are here; their permissions are in `rights.py`.
"""

from dataclasses import dataclass
from typing import Any

from ...directus import ids
from ...directus.declared import Declared
from ...directus.ids import SiteIds
from .webhook import Webhook

# No visitor has this address: RFC 5737 reserves it for documentation.
PROBE_ADDRESS = "192.0.2.33"


class Unchanged:
    """Stands for a setting that the operator did not name."""


UNCHANGED = Unchanged()

MODIFICATION_FIELD = "date_updated"


@dataclass(frozen=True)
class Options:
    """The operator's decisions.

    Attributes:
        customer_role: id or name of the role for customers.
        site: the ids of the site, by its name.
        site_url: public address of the site. Distinguishes it from another site of the
            same name.
        is_named: whether the operator named `site`, and so accepts its present objects.
        known_customer_role: id of the customers' role in the site's settings.
        service_email: address of the service user, which receives no mail. Empty: the
            present one, or the default for `site`.
        login_attempts: number of failed sign-ins after which Directus suspends an
            account; None for never.
        open_registration: whether Directus' public registration is open; sign-up by
            mails of Directus needs it.
        make_token: whether a new service token can be stored or shown.
        replace_token: whether to replace a valid token.
        webhook: the Flow that reports changed users; None leaves it unchanged.
        password_policy: the regular expression that new passwords must match; None
            for none.
        modification_field: whether users get a field with the time of their last
            change, for `directus_sync --since`.
        profile_fields: names of fields, added to users in Directus, that customers may
            read and change in their own profile.
        signup_fields: names of fields, added to users in Directus, that the sign-up
            page asks for.
        collections: the declared collections of customers' own rows.
    """

    customer_role: str = ids.DEFAULT_CUSTOMER_ROLE
    site: SiteIds = ids.DEFAULT
    site_url: str = ""
    is_named: bool = False
    known_customer_role: str = ""
    service_email: str = ""
    login_attempts: int | Unchanged | None = UNCHANGED
    open_registration: bool | Unchanged = True
    make_token: bool = True
    replace_token: bool = False
    webhook: Webhook | None = None
    password_policy: str | Unchanged | None = UNCHANGED
    modification_field: bool = False
    profile_fields: tuple[str, ...] = ()
    signup_fields: tuple[str, ...] = ()
    collections: tuple[Declared, ...] = ()


def policies(own: SiteIds = ids.DEFAULT) -> list[dict[str, Any]]:
    """Return the site's policies. None of them gives access to Directus' own app."""
    bare = {"admin_access": False, "app_access": False}
    return [
        bare | {"id": ids.CUSTOMER_POLICY, "name": "Customer"},
        bare | {"id": own.service_policy, "name": own.name},
        # Grants nothing. /policies/me/globals shows the flag if Directus takes this
        # address for the caller's: so the doctor learns whether the addresses of
        # visitors arrive.
        bare
        | {
            "id": own.probe_policy,
            "name": f"{own.name}: address probe",
            "ip_access": [PROBE_ADDRESS],
            "enforce_tfa": True,
        },
    ]


def access(customer_role: str, own: SiteIds = ids.DEFAULT) -> list[dict[str, str]]:
    """Return the links between roles and the site's policies."""
    return [
        {"role": customer_role, "policy": ids.CUSTOMER_POLICY},
        {"role": own.service_role, "policy": own.service_policy},
        {"role": own.service_role, "policy": own.probe_policy},
    ]


def settings_fields() -> tuple[str, ...]:
    """Return the settings of Directus that the site uses."""
    return (
        "auth_password_policy",
        "auth_login_attempts",
        "public_registration",
        "public_registration_role",
        "public_registration_verify_email",
        "public_registration_email_filter",
    )


def settings(options: Options, customer_role: str) -> dict[str, Any]:
    """Return the settings to write; all others are the operator's."""
    values: dict[str, Any] = {}
    if options.open_registration is False:
        values = {"public_registration": False}
    elif options.open_registration is True:
        values = {
            "public_registration": True,
            "public_registration_role": customer_role,
            "public_registration_verify_email": True,
        }
    if not isinstance(options.login_attempts, Unchanged):
        values["auth_login_attempts"] = options.login_attempts
    if not isinstance(options.password_policy, Unchanged):
        values["auth_password_policy"] = options.password_policy
    return values


def modification_field() -> dict[str, Any]:
    """Return the field of users that holds the time of the last change."""
    return {
        "field": MODIFICATION_FIELD,
        "type": "timestamp",
        "meta": {
            "special": ["date-updated"],
            "interface": "datetime",
            "readonly": True,
            "hidden": True,
        },
        "schema": {"is_nullable": True},
    }


def service_user(email: str, own: SiteIds = ids.DEFAULT) -> dict[str, Any]:
    """Return the service user. It has no password, so no sign-in is possible."""
    return {
        "email": email,
        "first_name": "Django",
        "last_name": "site",
        "role": own.service_role,
        "status": "active",
    }
