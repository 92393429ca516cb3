"""What the site needs of Directus, as data and in the words of version 11.

Roles and policies are bare; the rights are in `rights.py`.
"""

from dataclasses import dataclass
from typing import Any

from ...directus import ids
from ...directus.ids import SiteIds
from .webhook import Webhook

# An address of RFC 5737's documentation block, which no visitor can have.
PROBE_ADDRESS = "192.0.2.33"


class Unchanged:
    """Stands for a setting that an operator did not mention."""


UNCHANGED = Unchanged()

MODIFICATION_FIELD = "date_updated"


@dataclass(frozen=True)
class Options:
    """What an operator decides.

    Attributes:
        customer_role: id or name of the role that customers get.
        site: the ids of the site, by its name.
        site_url: where people find the site. Tells it from another one of its name.
        is_named: whether an operator named `site`, and so means what is there.
        known_customer_role: id of the customers' role in the site's settings.
        service_email: address of the service user, to which nobody writes. Empty:
            the one that is there, else that of `site`.
        login_attempts: how many failures until Directus suspends an account;
            None for never.
        open_registration: whether Directus itself takes sign-ups.
        make_token: whether a new service token has a place to go to.
        replace_token: whether a new one takes the place of one that works.
        webhook: what tells the site of users that changed; None leaves it alone.
        password_policy: the regular expression that new passwords must match; None
            for none.
        modification_field: whether users get a field that holds when they were
            changed last, for a sync of what is new.
        profile_fields: the names of fields that were added to users in Directus and
            that people may read and change of their own profile.
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


def policies(own: SiteIds = ids.DEFAULT) -> list[dict[str, Any]]:
    """Return our policies. None of them opens Directus' own app."""
    bare = {"admin_access": False, "app_access": False}
    return [
        bare | {"id": ids.CUSTOMER_POLICY, "name": "Customer"},
        bare | {"id": own.service_policy, "name": own.name},
        # Grants nothing. The flag shows in /policies/me/globals when Directus
        # believes that a call comes from this address, which is how the doctor
        # learns whether visitors' addresses arrive.
        bare
        | {
            "id": own.probe_policy,
            "name": f"{own.name}: address probe",
            "ip_access": [PROBE_ADDRESS],
            "enforce_tfa": True,
        },
    ]


def access(customer_role: str, own: SiteIds = ids.DEFAULT) -> list[dict[str, str]]:
    """Return which role has which of our policies."""
    return [
        {"role": customer_role, "policy": ids.CUSTOMER_POLICY},
        {"role": own.service_role, "policy": own.service_policy},
        {"role": own.service_role, "policy": own.probe_policy},
    ]


def settings_fields() -> tuple[str, ...]:
    """Return the settings that the site reads."""
    return (
        "auth_password_policy",
        "auth_login_attempts",
        "public_registration",
        "public_registration_role",
        "public_registration_verify_email",
        "public_registration_email_filter",
    )


def settings(options: Options, customer_role: str) -> dict[str, Any]:
    """Return the settings to bring about; the others are the operator's."""
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
    """Return the field of users that Directus sets whenever its API changes one."""
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
    """Return the site's own user. It has no password, so nobody can sign in as it."""
    return {
        "email": email,
        "first_name": "Django",
        "last_name": "site",
        "role": own.service_role,
        "status": "active",
    }
