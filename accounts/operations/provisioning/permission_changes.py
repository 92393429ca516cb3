"""The difference between the wanted and the present permissions."""

from collections.abc import Iterator

from . import rights, version_10, wanted
from .blueprints import Wanted
from .changes import CREATE, Change, update
from .item_rights import (
    collections_with_files,
    customers_on_items,
    described_collections,
    is_within,
    points_back,
    site_on_items,
)
from .permission import Permission
from .state import Row, State
from .wanted import Options


def for_customers(state: State, options: Options) -> list[Permission]:
    """Return the wanted permissions of customers on a Directus that takes rules."""
    shape = Wanted(options).after(state.shape)
    return [
        *rights.customer_permissions(options.profile_fields),
        *customers_on_items(options.collections, shape),
    ]


def _for_the_site(state: State, options: Options) -> list[Permission]:
    shape = Wanted(options).after(state.shape)
    return [
        *rights.service_permissions(
            state.customer_role,
            options.profile_fields,
            signup_fields=options.signup_fields,
            also_reads=_only_for_the_site(options),
            collections=described_collections(options.collections, shape),
            with_files=collections_with_files(options.collections, shape),
            with_relations=points_back(options.collections, shape),
            own=state.own,
        ),
        *site_on_items(
            options.collections,
            shape,
            state.customer_role,
            acts=not state.server.takes_rules,
            own=state.own,
        ),
    ]


def permissions(state: State, options: Options) -> Iterator[Change]:
    """Yield the changes to the permissions of the site's policies."""
    existing: dict[tuple[str, str, str], list[Row]] = {}
    for row in sorted(state.permissions, key=lambda row: row["id"]):
        key = (row["policy"], row["collection"], row["action"])
        existing.setdefault(key, []).append(row)
    wishes = [*for_customers(state, options), *_for_the_site(state, options)]
    for permission in state.server.attainable(wishes, state.own):
        key = (permission.policy, permission.collection, permission.action)
        name = _name(state, permission)
        if key not in existing:
            values = _new_row(state, permission)
            yield Change(CREATE, "permission", name, "/permissions", values)
        # Several, if Directus 12 hid one without a licence and shows it with one.
        for row in existing.get(key, []):
            path = f"/permissions/{row['id']}"
            yield from update("permission", name, path, row, _merged(permission, row))


def _name(state: State, permission: Permission) -> str:
    policies = [*wanted.policies(state.own), *state.policies]
    names = {row["id"]: row["name"] for row in policies}
    return f"{names[permission.policy]}: {permission.action} {permission.collection}"


def _only_for_the_site(options: Options) -> list[str]:
    return [wanted.MODIFICATION_FIELD] if options.modification_field else []


def _new_row(state: State, permission: Permission) -> Row:
    values = permission.values()
    if state.server.has_policies:
        return values
    return version_10.with_role(values, state.customer_role, state.own)


def _merged(permission: Permission, row: Row) -> Row:
    """Return the wanted permission with the harmless changes of an operator."""
    values = permission.values()
    del values["policy"], values["collection"], values["action"]
    values["fields"] = _merged_fields(permission, row["fields"] or [])
    if permission.may_be_narrower:
        for key in ("permissions", "validation"):
            if is_within(row[key], values[key]):
                values[key] = row[key]
        values["presets"] = {**(row["presets"] or {}), **(values["presets"] or {})}
    return values


def _merged_fields(permission: Permission, present: list[str]) -> list[str]:
    if "*" in permission.fields:
        return permission.fields
    kept = [name for name in present if name not in permission.forbidden]
    missing = [name for name in permission.fields if name not in present]
    return kept if "*" in kept else [*kept, *missing]
