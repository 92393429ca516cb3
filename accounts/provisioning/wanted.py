"""What the site needs of Directus, as data and in the words of version 11.

Roles and policies are bare; every right is one row of `customer_permissions` or
`service_permissions`.
"""

from dataclasses import dataclass
from typing import Any

from . import ids
from .webhook import Webhook

SERVICE_EMAIL = "django-site@example.com"
# An address of RFC 5737's documentation block, which no visitor can have.
PROBE_ADDRESS = "192.0.2.33"
STATUSES = ["active", "unverified", "suspended"]

OWN = {"id": {"_eq": "$CURRENT_USER"}}
OWN_ROLE = {"id": {"_eq": "$CURRENT_ROLE"}}
ANYTHING: dict[str, Any] = {}

PROFILE = [
    "id",
    "email",
    "first_name",
    "last_name",
    "status",
    "role",
    "language",
    "last_access",
    "provider",
]
# Whoever may write one of these can become somebody else.
NEVER_WRITABLE = {
    "*",
    "id",
    "role",
    "token",
    "policies",
    "provider",
    "external_identifier",
    "auth_data",
}
NEVER_WRITABLE_BY_CUSTOMERS = NEVER_WRITABLE | {"email", "status"}


class Unchanged:
    """Stands for a setting that an operator did not mention."""


UNCHANGED = Unchanged()


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
    """

    customer_role: str = ids.DEFAULT_CUSTOMER_ROLE
    service_email: str = SERVICE_EMAIL
    login_attempts: int | Unchanged | None = UNCHANGED
    open_registration: bool = True
    make_token: bool = True
    webhook: Webhook | None = None


@dataclass(frozen=True)
class Permission:
    """One right of one of our policies. `forbidden` fields are taken away."""

    policy: str
    collection: str
    action: str
    fields: list[str]
    permissions: dict[str, Any] | None
    validation: dict[str, Any] | None = None
    presets: dict[str, Any] | None = None
    forbidden: frozenset[str] = frozenset()

    @property
    def for_customers(self) -> bool:
        """Whether it is a right of customers, not of the site."""
        return self.policy == ids.CUSTOMER_POLICY

    def values(self) -> dict[str, Any]:
        """Return the row as Directus takes it."""
        return {
            "policy": self.policy,
            "collection": self.collection,
            "action": self.action,
            "fields": self.fields,
            "permissions": self.permissions,
            "validation": self.validation,
            "presets": self.presets,
        }


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


def customer_permissions() -> list[Permission]:
    """Return the rights of a customer: the own profile and nothing else."""
    policy = ids.CUSTOMER_POLICY
    writable = ["first_name", "last_name", "password", "language", "tfa_secret"]
    return [
        Permission(policy, "directus_users", "read", [*PROFILE, "avatar"], OWN),
        Permission(
            policy,
            "directus_users",
            "update",
            writable,
            OWN,
            forbidden=frozenset(NEVER_WRITABLE_BY_CUSTOMERS),
        ),
        Permission(policy, "directus_roles", "read", ["id", "name"], OWN_ROLE),
    ]


def service_permissions(customer_role: str) -> list[Permission]:
    """Return the rights of the site itself: customers, and reading what it checks."""
    return [
        _service_reads("directus_users", PROFILE),
        _service_creates_customers(customer_role),
        _service_updates_customers(customer_role),
        # Who was changed lately, for directus_sync --since.
        _service_reads(
            "directus_activity",
            ["id", "collection", "item", "timestamp"],
            {"collection": {"_eq": "directus_users"}},
        ),
        _service_reads("directus_settings", list(settings_fields())),
        _service_reads("directus_roles", ["id", "name", "parent"]),
        _service_reads(
            "directus_policies", ["id", "name", "admin_access", "app_access"]
        ),
        _service_reads("directus_access", ["id", "role", "user", "policy"]),
        _service_reads(
            "directus_permissions",
            ["id", "policy", "collection", "action", "fields", "permissions"],
            {"collection": {"_eq": "directus_users"}},
        ),
        # Not the operations: one of them holds the secret.
        _service_reads(
            "directus_flows",
            ["id", "status", "description", "operation"],
            {"id": {"_eq": ids.WEBHOOK_FLOW}},
        ),
    ]


def _service_reads(
    collection: str, fields: list[str], rule: dict[str, Any] = ANYTHING
) -> Permission:
    return Permission(ids.SERVICE_POLICY, collection, "read", fields, rule)


def _service_creates_customers(customer_role: str) -> Permission:
    # `_eq` lets a missing role pass; the preset fills it in before the rule looks.
    return Permission(
        ids.SERVICE_POLICY,
        "directus_users",
        "create",
        ["email", "password", "first_name", "last_name", "role", "status", "language"],
        None,
        validation={
            "_and": [
                {"role": {"_nnull": True}},
                {"role": {"_eq": customer_role}},
                {"status": {"_in": STATUSES}},
            ]
        },
        presets={"role": customer_role, "status": "active"},
        forbidden=frozenset(NEVER_WRITABLE - {"role"}),
    )


def _service_updates_customers(customer_role: str) -> Permission:
    # A policy can also hang on a single user: such an administrator in the
    # customers' role is as far out of reach as any other.
    is_admin = {"policy": {"admin_access": {"_eq": True}}}
    return Permission(
        ids.SERVICE_POLICY,
        "directus_users",
        "update",
        ["email", "password", "first_name", "last_name", "status", "language"],
        {"_and": [{"role": {"_eq": customer_role}}, {"policies": {"_none": is_admin}}]},
        validation={"status": {"_in": STATUSES}},
        forbidden=frozenset(NEVER_WRITABLE),
    )


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
    return values


def service_user(email: str) -> dict[str, Any]:
    """Return the site's own user. It has no password, so nobody can sign in as it."""
    return {
        "email": email,
        "first_name": "Django",
        "last_name": "site",
        "role": ids.SERVICE_ROLE,
        "status": "active",
    }
