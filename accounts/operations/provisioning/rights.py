"""Every right that the site needs, as data and in the words of Directus 11."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from ...directus import ids
from ...directus.ids import SiteIds
from .wanted import settings_fields

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
# Directus hides the value of `tfa_secret`; it shows whether there is one.
OWN_PROFILE = [*PROFILE, "avatar", "tfa_secret"]
# `tfa_secret` stands for switching the second factor on and off.
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
# Version 10 deletes only what may be read with its place on the disk.
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
# The site deletes the file that `avatar` names, for another picture.
NEVER_WRITABLE_BY_CUSTOMERS = NEVER_WRITABLE | {"email", "status", "avatar"}


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


def customer_permissions(profile_fields: Sequence[str] = ()) -> list[Permission]:
    """Return the rights of a customer: the own profile and nothing else.

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
    also_reads: Sequence[str] = (),
    own: SiteIds = ids.DEFAULT,
) -> list[Permission]:
    """Return the rights of the site itself: customers, and reading what it checks.

    Args:
        customer_role: id of the role that customers have.
        profile_fields: fields added to users in Directus that belong to the profile.
        also_reads: other fields of users that only the site reads.
        own: the ids of the site.
    """
    rights = [
        _reads("directus_users", [*OWN_PROFILE, *profile_fields, *also_reads]),
        _creates_customers(customer_role),
        _updates_customers(customer_role, profile_fields),
        _deletes_customers(customer_role),
        *_keeps_pictures(own),
        # Of which type the fields of a profile are; shows those that may be read.
        _reads("directus_fields", ["*"], {"collection": {"_eq": "directus_users"}}),
        # The texts that their labels name as `$t:some_key`.
        _reads("directus_translations", ["key", "language", "value"]),
        *_reads_what_is_checked(own),
    ]
    return [replace(each, policy=own.service_policy) for each in rights]


def _reads_what_is_checked(own: SiteIds) -> list[Permission]:
    """Return what directus_sync and directus_doctor read beside the users."""
    return [
        # Who was changed lately, for directus_sync --since; of oneself, for the export.
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
            ["id", "policy", "collection", "action", "fields", "permissions"],
            {"collection": {"_eq": "directus_users"}},
        ),
        # Not the operations: one of them holds the secret.
        _reads(
            "directus_flows",
            ["id", "status", "description", "operation", "date_created"],
            {"id": {"_eq": own.webhook_flow}},
        ),
    ]


def _service(
    action: str, collection: str, fields: list[str], **values: Any
) -> Permission:
    return Permission(ids.SERVICE_POLICY, collection, action, fields, **values)


def _reads(
    collection: str, fields: list[str], rule: dict[str, Any] = ANYTHING
) -> Permission:
    return _service("read", collection, fields, permissions=rule)


def _creates_customers(customer_role: str) -> Permission:
    # `_eq` lets a missing role pass; the preset fills it in before the rule looks.
    return _service(
        "create",
        "directus_users",
        ["email", "password", "first_name", "last_name", "role", "status", "language"],
        permissions=None,
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
    """Return the right by which people end their own account on the site."""
    return _service(
        "delete", "directus_users", ["*"], permissions=_only_customers(customer_role)
    )


def _only_customers(customer_role: str) -> dict[str, Any]:
    # A policy can also hang on a single user: such an administrator in the
    # customers' role is as far out of reach as any other.
    is_admin = {"policy": {"admin_access": {"_eq": True}}}
    return {
        "_and": [{"role": {"_eq": customer_role}}, {"policies": {"_none": is_admin}}]
    }


def _keeps_pictures(own: SiteIds) -> list[Permission]:
    """Return the rights on profile pictures, all of them in one folder.

    None to replace a file: Directus wants `filename_disk` writable for that, and who
    may write it can read every file in the storage. Another picture is a new file.
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
