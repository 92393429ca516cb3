"""What the site needs of Directus, as data and in the words of version 11.

Roles and policies are bare; the rights are in `rights.py`.
"""

from dataclasses import dataclass
from typing import Any

from . import ids
from .webhook import Webhook

SERVICE_EMAIL = "django-site@example.com"
# An address of RFC 5737's documentation block, which no visitor can have.
PROBE_ADDRESS = "192.0.2.33"


class Unchanged:
    """Stands for a setting that an operator did not mention."""


UNCHANGED = Unchanged()

MODIFICATION_FIELD = "date_updated"
# Those that Directus' own app offers.
PASSWORD_POLICIES = {
    "none": None,
    "weak": "/^.{8,}$/",
    "strong": (
        r"/(?=^.{8,}$)(?=.*\d)(?=.*[a-z])(?=.*[A-Z])"
        r"(?=.*[!@#$%^&*()_+}{';'?>.<,])(?!.*\s).*$/"
    ),
}


@dataclass(frozen=True)
class Options:
    """What an operator decides.

    Attributes:
        customer_role: id or name of the role that customers get.
        service_email: address of the service user. Nobody writes to it.
        login_attempts: how many failures until Directus suspends an account;
            None for never.
        open_registration: whether Directus itself takes sign-ups.
        make_token: whether a new service token has a place to go to.
        webhook: what tells the site of users that changed; None leaves it alone.
        password_policy: the regular expression that new passwords must match; None
            for none.
        modification_field: whether users get a field that holds when they were
            changed last, for a sync of what is new.
        profile_fields: the names of fields that were added to users in Directus and
            that people may read and change of their own profile.
    """

    customer_role: str = ids.DEFAULT_CUSTOMER_ROLE
    service_email: str = SERVICE_EMAIL
    login_attempts: int | Unchanged | None = UNCHANGED
    open_registration: bool = True
    make_token: bool = True
    webhook: Webhook | None = None
    password_policy: str | Unchanged | None = UNCHANGED
    modification_field: bool = False
    profile_fields: tuple[str, ...] = ()


def policies() -> list[dict[str, Any]]:
    """Return our policies. None of them opens Directus' own app."""
    bare = {"admin_access": False, "app_access": False}
    return [
        bare | {"id": ids.CUSTOMER_POLICY, "name": "Customer"},
        bare | {"id": ids.SERVICE_POLICY, "name": "Django site"},
        # Grants nothing. The flag shows in /policies/me/globals when Directus
        # believes that a call comes from this address, which is how the doctor
        # learns whether visitors' addresses arrive.
        bare
        | {
            "id": ids.PROBE_POLICY,
            "name": "Django site: address probe",
            "ip_access": [PROBE_ADDRESS],
            "enforce_tfa": True,
        },
    ]


def access(customer_role: str) -> list[dict[str, str]]:
    """Return which role has which of our policies."""
    return [
        {"role": customer_role, "policy": ids.CUSTOMER_POLICY},
        {"role": ids.SERVICE_ROLE, "policy": ids.SERVICE_POLICY},
        {"role": ids.SERVICE_ROLE, "policy": ids.PROBE_POLICY},
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
    if options.open_registration:
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


def service_user(email: str) -> dict[str, Any]:
    """Return the site's own user. It has no password, so nobody can sign in as it."""
    return {
        "email": email,
        "first_name": "Django",
        "last_name": "site",
        "role": ids.SERVICE_ROLE,
        "status": "active",
    }
