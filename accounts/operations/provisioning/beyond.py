"""Find rights of customers in Directus that the site does not need.

A role that existed before the set-up keeps its own rights, and every new customer
gets them. An upgrade to Directus 11 also keeps the rights of the roles of version 10.
"""

import json
from dataclasses import dataclass

from ...directus import ids
from .item_rights import is_within
from .permission import Permission
from .state import Row, State

APP = "use Directus' own app"


@dataclass(frozen=True)
class Beyond:
    """A right, in words. A right on Directus' own collections is grave."""

    text: str
    is_grave: bool


@dataclass(frozen=True)
class Leftover:
    """A policy that the upgrade to Directus 11 made from one of the site's roles."""

    id: str
    name: str


def customers_may(state: State, permissions: list[Permission]) -> list[Beyond]:
    """Return the rights that the customers' role keeps beside the wanted ones."""
    wanted = {(each.collection, each.action): each for each in permissions}
    planned = {
        (each.collection, each.action)
        for each in state.server.attainable(permissions, state.own)
    }
    found = [Beyond(text, is_grave=True) for text in _app_access(state)]
    for row in _rows(state):
        key = (row["collection"], row["action"])
        # A right that the plan narrows is shown among the changes.
        is_changed = row["policy"] == ids.CUSTOMER_POLICY and key in planned
        if not is_changed and not _is_within(row, wanted.get(key)):
            text = _in_words(row, _policy_name(state, row["policy"]))
            found.append(Beyond(text, is_grave=key[0].startswith("directus_")))
    return found


def left_of_10(state: State) -> list[Leftover]:
    """Return the policies that an upgrade of Directus made for the site's roles.

    Directus gives such a policy the id of its role.
    """
    roles = {state.customer_role, state.own.service_role}
    return [
        Leftover(row["id"], row["name"])
        for row in state.other_policies
        if row["id"] in roles
    ]


def _app_access(state: State) -> list[str]:
    if state.server.has_policies:
        return [
            f"{APP} (policy {row['name']}, {row['id']})"
            for row in _others_of_customers(state)
            if row["app_access"]
        ]
    role = state.role(state.customer_role)
    # A role that the set-up made loses such a policy.
    if role and role["app_access"] and role["id"] != ids.customer_role_id(role["name"]):
        return [APP]
    return []


def _rows(state: State) -> list[Row]:
    others = {row["id"] for row in _others_of_customers(state)}
    ours = [row for row in state.permissions if row["policy"] == ids.CUSTOMER_POLICY]
    return ours + [row for row in state.other_permissions if row["policy"] in others]


def _others_of_customers(state: State) -> list[Row]:
    attached = {
        row["policy"]
        for row in state.role_access
        if row["role"] != state.own.service_role
    }
    return [row for row in state.other_policies if row["id"] in attached]


def _policy_name(state: State, policy: str) -> str:
    for row in state.other_policies:
        if row["id"] == policy:
            return f"policy {row['name']}, {policy}"
    return ""


def _is_within(row: Row, permission: Permission | None) -> bool:
    """Return whether a permission gives no more than a wanted one."""
    if permission is None:
        return False
    is_own = is_within(row["permissions"], permission.permissions)
    is_checked = is_within(row.get("validation"), permission.validation)
    forbidden = permission.forbidden & {*(row["fields"] or [])}
    return is_own and is_checked and not forbidden


def _in_words(row: Row, policy: str) -> str:
    fields = ", ".join(row["fields"] or []) or "no fields"
    text = f"{row['action']} {row['collection']}: {fields}"
    if row["action"] != "create":
        rule = row["permissions"]
        text += f"; rows {json.dumps(rule)}" if rule else "; all rows"
    return f"{text} ({policy})" if policy else text
