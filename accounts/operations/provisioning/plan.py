"""The difference between the wanted and the present state of Directus."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from ...directus import ids
from . import beyond, blueprints, owner, version_10, wanted, webhook
from .beyond import Beyond, Leftover
from .blueprints import Wanted
from .changes import CREATE, UPDATE, Change, update
from .collection_changes import collections
from .errors import ProvisioningError
from .item_rights import collections_with_files
from .permission_changes import for_customers, permissions
from .state import Row, State
from .wanted import Options


@dataclass(frozen=True)
class Plan:
    """The changes in the order in which they have to be made."""

    changes: list[Change]
    customer_role: str
    token_missing: bool = False
    # The licence of Directus allows no narrower permissions.
    is_restricted: bool = False
    customer_role_name: str = ""
    # Further rights of customers; whether an operator must accept them.
    beyond: list[Beyond] = field(default_factory=list)
    is_known_role: bool = True
    leftovers: list[Leftover] = field(default_factory=list)
    # In words, how customers' own collections differ from their declarations.
    differences: list[str] = field(default_factory=list)

    @property
    def must_be_accepted(self) -> bool:
        """Whether the customers' role has rights that the site does not need."""
        return any(each.is_grave or not self.is_known_role for each in self.beyond)

    @property
    def makes_token(self) -> bool:
        """Whether the plan makes a new service token."""
        return any(change.needs_token for change in self.changes)


def make_plan(state: State, options: Options, *, token_works: bool) -> Plan:
    """Return the changes to make.

    Args:
        state: the present state of Directus.
        options: the operator's wishes.
        token_works: whether the service token in use belongs to the service user.
    """
    changes = [
        *_roles(state, options),
        *_policies(state),
        *_access(state),
        *_fields(state, options),
        *collections(state, options),
        *_folders(state, options),
        *permissions(state, options),
        *_settings(state, options),
        *_service_user(state, options, token_works),
        *_webhook(state, options),
    ]
    made = any(change.needs_token for change in changes)
    return Plan(
        changes,
        state.customer_role,
        token_missing=not (token_works or made),
        is_restricted=not state.server.takes_rules,
        customer_role_name=_role_name(state, state.customer_role),
        beyond=beyond.customers_may(state, for_customers(state, options)),
        is_known_role=_is_known_role(state, options),
        leftovers=beyond.left_of_10(state),
        differences=[*blueprints.differences(options, state.shape)],
    )


def _is_known_role(state: State, options: Options) -> bool:
    """Return whether the set-up made the customers' role or used it before."""
    role = state.role(state.customer_role)
    made_by_us = role is None or role["id"] == ids.customer_role_id(role["name"])
    return made_by_us or state.customer_role == options.known_customer_role


def _roles(state: State, options: Options) -> Iterator[Change]:
    existing = {row["id"]: row for row in state.roles}
    flags = {} if state.server.has_policies else version_10.NO_POWER
    service = state.own.service_role
    needed = {
        state.customer_role: state.new_customer_role,
        service: state.own.name,
    }
    for role, name in needed.items():
        if role not in existing:
            mark = owner.mark(None, options) if role == service else {}
            values = {"id": role, "name": name, **flags, **mark}
            yield Change(CREATE, "role", name, "/roles", values)
        elif role in {service, ids.customer_role_id(existing[role]["name"])}:
            row = existing[role]
            mark = owner.mark(row, options) if role == service else {}
            values = {**flags, **mark}
            yield from update("role", row["name"], f"/roles/{role}", row, values)


def _policies(state: State) -> Iterator[Change]:
    if not state.server.has_policies:
        return
    existing = {row["id"]: row for row in state.policies}
    for policy in wanted.policies(state.own):
        name = policy["name"]
        row = existing.get(policy["id"])
        if row is None:
            yield Change(CREATE, "policy", name, "/policies", policy)
            continue
        # Operators may have renamed it.
        owned = {key: value for key, value in policy.items() if key != "name"}
        yield from update("policy", row["name"], f"/policies/{row['id']}", row, owned)


def _access(state: State) -> Iterator[Change]:
    if not state.server.has_policies:
        return
    existing = {(row["role"], row["policy"]) for row in state.access}
    names = {row["id"]: row["name"] for row in _named(state)}
    for row in wanted.access(state.customer_role, state.own):
        if (row["role"], row["policy"]) not in existing:
            name = f"{names[row['policy']]} → {_role_name(state, row['role'])}"
            yield Change(CREATE, "access", name, "/access", row)


def _role_name(state: State, role: str) -> str:
    names = {row["id"]: row["name"] for row in state.roles}
    new = {state.customer_role: state.new_customer_role}
    return names.get(role) or new.get(role) or state.own.name


def _named(state: State) -> list[Row]:
    return [*wanted.policies(state.own), *state.policies]


def _folders(state: State, options: Options) -> Iterator[Change]:
    # Operators may rename and move them.
    own, declared = state.own, options.collections
    names = {own.picture_folder: "Profile pictures"}
    for name in collections_with_files(declared, Wanted(options).after(state.shape)):
        names[own.items_folder(name)] = f"{name}: files of customers"
    there = {row["id"] for row in state.folders}
    for folder in [each for each in names if each not in there]:
        name = names[folder]
        if not own.is_default:
            name = f"{name}: {own.name}"
        values = {"id": folder, "name": name}
        yield Change(CREATE, "folder", name, "/folders", values)


def _fields(state: State, options: Options) -> Iterator[Change]:
    if not options.modification_field:
        return
    field = wanted.modification_field()
    name = field["field"]
    for row in state.user_fields:
        if row["field"] == name:
            _require_kept_by_directus(row)
            return
    yield Change(CREATE, "field", name, "/fields/directus_users", field)


def _require_kept_by_directus(row: Row) -> None:
    if "date-updated" not in ((row.get("meta") or {}).get("special") or []):
        raise ProvisioningError(f"Users already have another field {row['field']}.")


def _settings(state: State, options: Options) -> Iterator[Change]:
    values = wanted.settings(options, state.customer_role)
    yield from update("settings", "", "/settings", state.settings, values)


def _service_user(
    state: State, options: Options, token_works: bool
) -> Iterator[Change]:
    user = state.service_user
    email = (user or {}).get("email") or options.service_email
    email = email or state.own.service_email
    values = wanted.service_user(email, state.own)
    replace_token = options.replace_token or not token_works
    needs_token = options.make_token and replace_token
    if user is None:
        yield Change(
            CREATE, "user", email, "/users", values, needs_token=options.make_token
        )
        return
    path = f"/users/{user['id']}"
    # `read_state` has checked that it is the site's own user. Writing the address again
    # would end its sessions.
    yield from update("user", email, path, user, {"status": values["status"]})
    if needs_token:
        before = {"token": bool(user["token"])}
        yield Change(UPDATE, "user", email, path, {}, before, needs_token=True)


# Operators may change these values of a Flow.
_FREE = {"id", "name", "position_x", "position_y"}


def _webhook(state: State, options: Options) -> Iterator[Change]:
    """Yield the Flow, its operations, and last the link to its first operation."""
    if options.webhook is None:
        return
    flow = webhook.flow(options.webhook, state.own)
    path = f"/flows/{flow['id']}"
    row = next(iter(state.flows), None)
    if row is None:
        yield Change(CREATE, "flow", flow["name"], "/flows", flow)
        row = flow | {"operation": None}
    owned = {key: value for key, value in flow.items() if key not in _FREE}
    yield from update("flow", row["name"], path, row, owned)
    yield from _operations(state, options.webhook)
    begin = {"operation": state.own.webhook_sign}
    yield from update("flow", row["name"], path, row, begin)


def _operations(state: State, wanted_webhook: webhook.Webhook) -> Iterator[Change]:
    existing = {row["id"]: row for row in state.operations}
    for operation in webhook.operations(wanted_webhook, state.own):
        row = existing.get(operation["id"])
        name = operation["name"]
        if row is None:
            yield Change(
                CREATE, "operation", name, "/operations", operation, hidden="options"
            )
            continue
        owned = {key: value for key, value in operation.items() if key not in _FREE}
        path = f"/operations/{row['id']}"
        for change in update("operation", name, path, row, owned):
            yield replace(change, hidden="options")
