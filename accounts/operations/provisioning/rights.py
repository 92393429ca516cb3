"""Every permission that the site needs, as data for Directus 11."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ...directus import ids
from ...directus.ids import SiteIds
from .file_rights import keeps_files
from .permission import Permission, reads, service
from .wanted import settings_fields

STATUSES = ["active", "unverified", "suspended"]
# Those that wait for a mailed link, too.
NEW_STATUSES = [*STATUSES, "invited"]

OWN = {"id": {"_eq": "$CURRENT_USER"}}
OWN_ROLE = {"id": {"_eq": "$CURRENT_ROLE"}}
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
# Directus masks `tfa_secret`: a reader learns only whether there is one.
OWN_PROFILE = [*PROFILE, "avatar", "tfa_secret"]
# The doctor looks for identities that are addresses.
SERVICE_READABLE = [*OWN_PROFILE, "external_identifier"]
# Switching the second factor on or off needs the right to write `tfa_secret`.
OWN_WRITABLE = ["first_name", "last_name", "password", "language", "tfa_secret"]
SERVICE_WRITABLE = [
    "email",
    "password",
    "first_name",
    "last_name",
    "status",
    "language",
    "avatar",
]
SERVICE_CREATABLE = [
    "email",
    "password",
    "first_name",
    "last_name",
    "role",
    "status",
    "language",
]
# A user who may write one of these can take over another account.
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
# The site deletes the file in `avatar` when the user chooses another photo.
NEVER_WRITABLE_BY_CUSTOMERS = NEVER_WRITABLE | {"email", "status", "avatar"}


def customer_permissions(profile_fields: Sequence[str] = ()) -> list[Permission]:
    """Return the permissions of a customer: their own profile and nothing else.

    Args:
        profile_fields: fields added to users in Directus that belong to the profile.
    """
    policy = ids.CUSTOMER_POLICY
    return [
        Permission(
            policy, "directus_users", "read", [*OWN_PROFILE, *profile_fields], OWN
        ),
        Permission(
            policy,
            "directus_users",
            "update",
            [*OWN_WRITABLE, *profile_fields],
            OWN,
            forbidden=frozenset(NEVER_WRITABLE_BY_CUSTOMERS),
        ),
        Permission(policy, "directus_roles", "read", ["id", "name"], OWN_ROLE),
    ]


def service_permissions(
    customer_role: str,
    profile_fields: Sequence[str] = (),
    *,
    signup_fields: Sequence[str] = (),
    also_reads: Sequence[str] = (),
    collections: Sequence[str] = (),
    with_files: Sequence[str] = (),
    with_relations: bool = False,
    own: SiteIds = ids.DEFAULT,
) -> list[Permission]:
    """Return the permissions of the site: to manage customers, and to read for checks.

    Args:
        customer_role: id of the role that customers have.
        profile_fields: fields added to users in Directus that belong to the profile.
        signup_fields: fields added to users that the sign-up page asks for.
        also_reads: other fields of users that only the site reads.
        collections: those whose fields and permissions it reads, beside users.
        with_files: collections whose rows have files.
        with_relations: whether pages show rows that point back at theirs, such as
            lists of files.
        own: the ids of the site.
    """
    added = [*profile_fields, *signup_fields, *also_reads]
    rights = [
        reads("directus_users", _once(*SERVICE_READABLE, *added)),
        _creates_customers(customer_role, signup_fields),
        _updates_customers(customer_role, profile_fields),
        _deletes_customers(customer_role),
        *keeps_files(own, with_files),
        # The types of added fields; Directus shows only readable fields.
        reads("directus_fields", ["*"], _about(collections)),
        # The texts behind labels such as `$t:some_key`.
        reads("directus_translations", ["key", "language", "value"]),
        # Directus shows those between readable fields.
        *([reads("directus_relations", ["*"])] if with_relations else []),
        *_reads_what_is_checked(own, collections),
    ]
    return [replace(each, policy=own.service_policy) for each in rights]


def _about(collections: Sequence[str]) -> dict[str, Any]:
    """Return the rule for rows about users and about these collections."""
    if not collections:
        return {"collection": {"_eq": "directus_users"}}
    return {"collection": {"_in": ["directus_users", *collections]}}


def _reads_what_is_checked(
    own: SiteIds, collections: Sequence[str]
) -> list[Permission]:
    """Return the permissions of directus_sync and directus_doctor beyond users."""
    return [
        # For directus_sync --since, and for the user's own activity in an export.
        reads(
            "directus_activity",
            [
                *("id", "collection", "item", "timestamp"),
                *("action", "user", "ip", "user_agent"),
            ],
            {"collection": {"_eq": "directus_users"}},
        ),
        reads("directus_settings", list(settings_fields())),
        reads("directus_roles", ["id", "name", "parent"]),
        reads("directus_policies", ["id", "name", "admin_access", "app_access"]),
        reads("directus_access", ["id", "role", "user", "policy"]),
        reads(
            "directus_permissions",
            [
                *("id", "policy", "collection", "action"),
                *("fields", "permissions", "validation"),
            ],
            _about(collections),
        ),
        # Not the operations: one of them holds the webhook's secret.
        reads(
            "directus_flows",
            ["id", "status", "description", "operation", "date_created"],
            {"id": {"_eq": own.webhook_flow}},
        ),
    ]


def _once(*names: str) -> list[str]:
    return list(dict.fromkeys(names))


def _creates_customers(customer_role: str, signup_fields: Sequence[str]) -> Permission:
    # `_eq` accepts a missing role; the preset sets it before the rule is checked.
    return service(
        "create",
        "directus_users",
        _once(*SERVICE_CREATABLE, *signup_fields),
        permissions=None,
        validation={
            "_and": [
                {"role": {"_nnull": True}},
                {"role": {"_eq": customer_role}},
                {"status": {"_in": NEW_STATUSES}},
            ]
        },
        presets={"role": customer_role, "status": "active"},
        forbidden=frozenset(NEVER_WRITABLE - {"role"}),
    )


def _updates_customers(customer_role: str, profile_fields: Sequence[str]) -> Permission:
    return service(
        "update",
        "directus_users",
        [*SERVICE_WRITABLE, *profile_fields],
        permissions=_only_customers(customer_role),
        validation={"status": {"_in": STATUSES}},
        forbidden=frozenset(NEVER_WRITABLE),
    )


def _deletes_customers(customer_role: str) -> Permission:
    """Return the permission with which the site deletes or archives customers."""
    return service(
        "delete", "directus_users", ["*"], permissions=_only_customers(customer_role)
    )


def _only_customers(customer_role: str) -> dict[str, Any]:
    # A policy can belong to one user: an administrator in the customers' role is
    # excluded, too.
    is_admin = {"policy": {"admin_access": {"_eq": True}}}
    return {
        "_and": [{"role": {"_eq": customer_role}}, {"policies": {"_none": is_admin}}]
    }
