"""The collections of tests/items/shop.py in a real Directus."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from accounts.directus import ids
from local.admin import Admin

CHOICES = [
    {"text": "Open", "value": "open"},
    {"text": "Answered", "value": "answered"},
]
GERMAN = {"subject": "Betreff", "status": "Status", "date_created": "Erstellt am"}
JAPANESE = {"subject": "件名", "status": "状態", "date_created": "作成日時"}
FIELDS: dict[str, dict[str, Any]] = {
    "number": {"type": "integer"},
    "subject": {"type": "string"},
    "description": {"type": "text", "meta": {"interface": "input-multiline"}},
    "status": {
        "type": "string",
        "meta": {"interface": "select-dropdown", "options": {"choices": CHOICES}},
    },
    "is_urgent": {"type": "boolean", "meta": {"special": ["cast-boolean"]}},
    "due": {"type": "date"},
    "reply": {"type": "text", "meta": {"interface": "input-rich-text-md"}},
    "date_created": {"type": "timestamp", "meta": {"special": ["date-created"]}},
    "date_updated": {"type": "timestamp", "meta": {"special": ["date-updated"]}},
}
RELATIONS = {"owner": ("uuid", "directus_users"), "product": ("integer", "products")}
NONE = {"id": {"_null": True}}
OWN = {"owner": {"_eq": "$CURRENT_USER"}}
NUMBER_AS_KEY = {"type": "integer", "schema": {"has_auto_increment": True}}


@contextmanager
def tickets(admin: Admin, *, takes_rules: bool) -> Iterator[None]:
    """Have products and tickets, and the rights to them, while the block runs."""
    name = {"field": "name", "type": "string", "schema": {}}
    key = {"field": "id", "meta": {}, **NUMBER_AS_KEY}
    key["schema"] = {"is_primary_key": True, "has_auto_increment": True}
    _collection(admin, "products", [key, name])
    key = {"field": "id", "type": "uuid", "meta": {"special": ["uuid"]}}
    key["schema"] = {"is_primary_key": True}
    _collection(admin, "tickets", [key, *map(_field, FIELDS)])
    for field, (kind, target) in RELATIONS.items():
        _relate(admin, field, kind, target)
    rights = list(_rights(admin, takes_rules))
    yield
    for row in rights:
        admin.call("DELETE", f"/permissions/{row['id']}")
    for collection in ("tickets", "products"):
        admin.call("DELETE", f"/collections/{collection}")


def _collection(admin: Admin, name: str, fields: list[dict[str, Any]]) -> None:
    body = {"collection": name, "schema": {}, "meta": {}, "fields": fields}
    admin.call("POST", "/collections", body)


def _field(name: str) -> dict[str, Any]:
    labels = [
        {"language": code, "translation": texts[name]}
        for code, texts in (("de-DE", GERMAN), ("ja-JP", JAPANESE))
        if name in texts
    ]
    meta = {"interface": "input", **FIELDS[name].get("meta", {})}
    meta["translations"] = labels or None
    return {"field": name, "schema": {}, **FIELDS[name], "meta": meta}


def _relate(admin: Admin, field: str, kind: str, target: str) -> None:
    meta = {"interface": "select-dropdown-m2o", "special": ["m2o"]}
    body = {"field": field, "type": kind, "meta": meta, "schema": {}}
    admin.call("POST", "/fields/tickets", body)
    relation = {
        "collection": "tickets",
        "field": field,
        "related_collection": target,
        "schema": {"on_delete": "SET NULL"},
    }
    admin.call("POST", "/relations", relation)


def _rights(admin: Admin, takes_rules: bool) -> Iterator[dict[str, Any]]:
    service = ids.DEFAULT.service_policy
    for collection in ("products", "tickets"):
        rule = NONE if takes_rules else None
        yield _grant(admin, service, collection, "read", rule)
    if not takes_rules:
        for action in ("create", "update", "delete"):
            yield _grant(admin, service, "tickets", action, None)
        return
    yield _grant(admin, ids.CUSTOMER_POLICY, "products", "read", {})
    for action in ("read", "update", "delete"):
        yield _grant(admin, ids.CUSTOMER_POLICY, "tickets", action, OWN)
    yield _grant(admin, ids.CUSTOMER_POLICY, "tickets", "create", None)


def _grant(
    admin: Admin, policy: str, collection: str, action: str, rule: Any
) -> dict[str, Any]:
    row = {"policy": policy, "collection": collection, "action": action}
    row |= {"permissions": rule, "fields": ["*"]}
    if action == "create":
        row["validation"] = OWN if policy == ids.CUSTOMER_POLICY else None
    found: dict[str, Any] = admin.call("POST", "/permissions", row)
    return found
