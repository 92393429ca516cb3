"""Permissions for Directus 10, where roles have them and there are no policies."""

from dataclasses import replace
from typing import Any

from ...directus import ids
from ...directus.ids import SiteIds
from .permission import Permission

Row = dict[str, Any]

NO_POWER = {"admin_access": False, "app_access": False}
_UNKNOWN = {"directus_policies", "directus_access"}
_FIELDS = {
    "directus_roles": ["id", "name", "admin_access", "app_access", "enforce_tfa"],
    "directus_permissions": [
        "id",
        "role",
        "collection",
        "action",
        "fields",
        "permissions",
        "validation",
    ],
}


def translated(permission: Permission, own: SiteIds = ids.DEFAULT) -> Permission | None:
    """Return the permission for version 10; None if version 10 has no such thing."""
    if permission.collection in _UNKNOWN:
        return None
    if permission.for_customers:
        return permission
    fields = _FIELDS.get(permission.collection, permission.fields)
    rule = permission.permissions
    if permission.collection == "directus_permissions":
        # Version 10 shows users their own permissions only with this one.
        of_its_own = {"role": {"_eq": own.service_role}}
        rule = {"_or": [rule, of_its_own]}
    if rule and "_and" in rule:
        # Only roles make administrators there; the rest of the rule names policies.
        rule = rule["_and"][0]
    return replace(permission, fields=fields, permissions=rule)


def with_role(row: Row, customer_role: str, own: SiteIds = ids.DEFAULT) -> Row:
    """Return a permission with its role instead of the policy."""
    role = _roles(customer_role, own)[row["policy"]]
    return {"role": role} | {key: row[key] for key in row if key != "policy"}


def with_policy(row: Row, customer_role: str, own: SiteIds = ids.DEFAULT) -> Row:
    """Return a role's permission as if it belonged to the site's policy."""
    policies = {role: policy for policy, role in _roles(customer_role, own).items()}
    return row | {"policy": policies[row["role"]]}


def _roles(customer_role: str, own: SiteIds) -> dict[str, str]:
    return {
        ids.CUSTOMER_POLICY: customer_role,
        own.service_policy: own.service_role,
    }
