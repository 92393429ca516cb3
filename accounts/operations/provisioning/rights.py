"""Every permission that the site needs, as data for Directus 11."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from ...directus import ids
from ...directus.ids import SiteIds
from .wanted import settings_fields

STATUSES = ["active", "unverified", "suspended"]
# Those that wait for a mailed link, too.
NEW_STATUSES = [*STATUSES, "invited"]

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
# Version 10 deletes a file only if `filename_disk` is readable.
FILE = (
    "id",
    "title",
    "type",
    "filesize",
    "width",
    "height",
    "folder",
    "storage",
    "filename_disk",
    "filename_download",
)
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


@dataclass(frozen=True)
class Permission:
    """One permission of a policy of the site, without the `forbidden` fields.

    Attributes:
        may_be_narrower: whether the set-up keeps an operator's narrower rule.
    """

    policy: str
    collection: str
    action: str
    fields: list[str]
    permissions: dict[str, Any] | None
    validation: dict[str, Any] | None = None
    presets: dict[str, Any] | None = None
    forbidden: frozenset[str] = frozenset()
    may_be_narrower: bool = False

    @property
    def for_customers(self) -> bool:
        """Whether customers have it, not the site."""
        return self.policy == ids.CUSTOMER_POLICY

    def values(self) -> dict[str, Any]:
        """Return the row for Directus' API."""
        return {
            "policy": self.policy,
            "collection": self.collection,
            "action": self.action,
            "fields": self.fields,
            "permissions": self.permissions,
            "validation": self.validation,
            "presets": self.presets,
        }


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
    own: SiteIds = ids.DEFAULT,
) -> list[Permission]:
    """Return the permissions of the site: to manage customers, and to read for checks.

    Args:
        customer_role: id of the role that customers have.
        profile_fields: fields added to users in Directus that belong to the profile.
        signup_fields: fields added to users that the sign-up page asks for.
        also_reads: other fields of users that only the site reads.
        collections: those whose fields and permissions it reads, beside users.
        own: the ids of the site.
    """
    added = [*profile_fields, *signup_fields, *also_reads]
    rights = [
        _reads("directus_users", _once(*SERVICE_READABLE, *added)),
        _creates_customers(customer_role, signup_fields),
        _updates_customers(customer_role, profile_fields),
        _deletes_customers(customer_role),
        *_keeps_pictures(own),
        # The types of added fields; Directus shows only readable fields.
        _reads("directus_fields", ["*"], _about(collections)),
        # The texts behind labels such as `$t:some_key`.
        _reads("directus_translations", ["key", "language", "value"]),
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
        _reads(
            "directus_activity",
            [
                *("id", "collection", "item", "timestamp"),
                *("action", "user", "ip", "user_agent"),
            ],
            {"collection": {"_eq": "directus_users"}},
        ),
        _reads("directus_settings", list(settings_fields())),
        _reads("directus_roles", ["id", "name", "parent"]),
        _reads("directus_policies", ["id", "name", "admin_access", "app_access"]),
        _reads("directus_access", ["id", "role", "user", "policy"]),
        _reads(
            "directus_permissions",
            [
                *("id", "policy", "collection", "action"),
                *("fields", "permissions", "validation"),
            ],
            _about(collections),
        ),
        # Not the operations: one of them holds the webhook's secret.
        _reads(
            "directus_flows",
            ["id", "status", "description", "operation", "date_created"],
            {"id": {"_eq": own.webhook_flow}},
        ),
    ]


def _once(*names: str) -> list[str]:
    return list(dict.fromkeys(names))


def _service(
    action: str, collection: str, fields: list[str], **values: Any
) -> Permission:
    return Permission(ids.SERVICE_POLICY, collection, action, fields, **values)


def _reads(
    collection: str, fields: list[str], rule: dict[str, Any] = ANYTHING
) -> Permission:
    return _service("read", collection, fields, permissions=rule)


def _creates_customers(customer_role: str, signup_fields: Sequence[str]) -> Permission:
    # `_eq` accepts a missing role; the preset sets it before the rule is checked.
    return _service(
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
    return _service(
        "update",
        "directus_users",
        [*SERVICE_WRITABLE, *profile_fields],
        permissions=_only_customers(customer_role),
        validation={"status": {"_in": STATUSES}},
        forbidden=frozenset(NEVER_WRITABLE),
    )


def _deletes_customers(customer_role: str) -> Permission:
    """Return the permission with which the site deletes or archives customers."""
    return _service(
        "delete", "directus_users", ["*"], permissions=_only_customers(customer_role)
    )


def _only_customers(customer_role: str) -> dict[str, Any]:
    # A policy can belong to one user: an administrator in the customers' role is
    # excluded, too.
    is_admin = {"policy": {"admin_access": {"_eq": True}}}
    return {
        "_and": [{"role": {"_eq": customer_role}}, {"policies": {"_none": is_admin}}]
    }


def _keeps_pictures(own: SiteIds) -> list[Permission]:
    """Return the permissions on profile photos, which are all in one folder.

    There is none to replace a file: Directus requires `filename_disk` to be writable
    for that, which gives access to every file in the storage. Another photo is a new
    file.
    """
    folder = {"folder": {"_eq": own.picture_folder}}
    return [
        _reads("directus_folders", ["id", "name"], {"id": folder["folder"]}),
        _reads("directus_files", list(FILE), folder),
        _service(
            "create",
            "directus_files",
            ["title", "filename_download", "type", "storage", "folder"],
            permissions=None,
            validation={"_and": [{"folder": {"_nnull": True}}, folder]},
            presets={"folder": own.picture_folder},
            forbidden=frozenset({"*", "id", "filename_disk"}),
        ),
        _service("delete", "directus_files", ["*"], permissions=folder),
    ]
