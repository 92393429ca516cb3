"""/permissions: what customers may do, for themselves and for the site."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from . import answers
from .answers import Answer, Refusal, data, nothing
from .asked import Asked, Caller
from .collections import FakeCollection
from .items import rows_of
from .rights import USERS
from .state import State

BY_ROW = ("update", "delete", "share")


def list_permissions(state: State, asked: Asked, caller: Caller | None) -> Answer:
    """GET /permissions: those on one collection, for the site."""
    if caller is None or not caller.is_service:
        raise answers.forbidden_collection("directus_permissions")
    assert asked.query["fields"] == "action,permissions"
    name = json.loads(asked.query["filter"])["collection"]["_eq"]
    found = state.collections.get(name)
    return data([] if found is None else list(_rows(found)))


def _rows(collection: FakeCollection) -> Iterator[dict[str, Any]]:
    own = {collection.owner: {"_eq": "$CURRENT_USER"}} if collection.owner else {}
    for action in collection.rights:
        narrower = collection.only.get(action)
        rule = {"_and": [own, narrower]} if narrower else own
        yield {"action": action, "permissions": None if action == "create" else rule}


def own(state: State, asked: Asked, caller: Caller | None) -> Answer:
    """GET /permissions/me: what a customer may do; nothing on 10."""
    if not state.has_policies:
        return nothing()
    fields = {USERS: {"update": state.customer_writes}}
    if state.takes_rules:
        fields |= {each.name: each.rights for each in state.collections.values()}
    return data({name: _told(rights) for name, rights in fields.items()})


def _told(rights: Mapping[str, Iterable[str]]) -> dict[str, Any]:
    return {
        action: {"access": "partial", "fields": sorted(fields)}
        for action, fields in rights.items()
    }


def on_item(
    state: State, asked: Asked, caller: Caller | None, name: str, key: str
) -> Answer:
    """GET /permissions/me/<collection>/<key>."""
    if not state.has_policies:
        raise answers.no_route(asked.path)
    return data(
        {
            action: {"access": _may(state, caller, name, key, action)}
            for action in BY_ROW
        }
    )


def _may(state: State, caller: Caller | None, name: str, key: str, action: str) -> bool:
    try:
        return bool(rows_of(state, caller, name, action, unquote(key)))
    except Refusal:
        return False
