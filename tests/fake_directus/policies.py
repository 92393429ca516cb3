"""/roles, /policies and /access, as the site itself may read them."""

import json
from collections.abc import Iterable
from typing import Any

from . import answers
from .answers import Answer, data
from .asked import Asked, Caller
from .limits import limit_of
from .state import State

FIELDS = {
    "directus_roles": {"id", "name", "parent"},
    "directus_policies": {"id", "name", "admin_access", "app_access"},
    "directus_access": {"id", "role", "user", "policy"},
}


def roles(state: State, asked: Asked, caller: Caller | None) -> Answer:
    """GET /roles."""
    rows = (
        {"id": role_id, "name": name, "parent": state.parents.get(role_id)}
        for name, role_id in state.roles.items()
    )
    return _answer(state, asked, caller, "directus_roles", rows)


def policies(state: State, asked: Asked, caller: Caller | None) -> Answer:
    """GET /policies."""
    if not state.has_policies:
        raise answers.no_route(asked.path)
    rows = ({"id": key, "name": name} for name, key in state.policies.items())
    return _answer(state, asked, caller, "directus_policies", rows)


def access(state: State, asked: Asked, caller: Caller | None) -> Answer:
    """GET /access: which role or user has which policy."""
    if not state.has_policies:
        raise answers.no_route(asked.path)
    return _answer(state, asked, caller, "directus_access", state.access)


def _answer(
    state: State,
    asked: Asked,
    caller: Caller | None,
    collection: str,
    rows: Iterable[dict[str, Any]],
) -> Answer:
    if caller is None or not caller.is_service:
        raise answers.forbidden_collection(collection)
    names = asked.query["fields"].split(",")
    for name in names:
        if name not in FIELDS[collection]:
            raise answers.forbidden_field(name, collection)
    rules = json.loads(asked.query.get("filter", '{"_and": []}'))["_and"]
    found = sorted(
        (row for row in rows if all(_fits(row, rule) for rule in rules)),
        key=lambda row: row["id"],
    )
    limit = limit_of(state, asked)
    first = (int(asked.query["page"]) - 1) * limit
    return data([{n: row[n] for n in names} for row in found[first : first + limit]])


def _fits(row: dict[str, Any], rule: dict[str, Any]) -> bool:
    ((name, wanted),) = rule.items()
    ((operator, value),) = wanted.items()
    if operator == "_in":
        return row[name] in value
    assert (operator, value) == ("_nnull", True)
    return row[name] is not None
