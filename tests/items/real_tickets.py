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
PRODUCT_KEY = {
    "field": "id",
    "type": "integer",
    "schema": {"is_primary_key": True, "has_auto_increment": True},
}
TICKET_KEY = {
    "field": "id",
    "type": "uuid",
    "meta": {"special": ["uuid"]},
    "schema": {"is_primary_key": True},
}


@contextmanager
def tickets(admin: Admin, customer_role: str, major: int) -> Iterator[None]:
    """Have products and tickets, and the rights to them, while the block runs.

    Args:
        major: the version of Directus; 12 takes no rules without a licence.
    """
    name = {"field": "name", "type": "string", "schema": {}}
    _collection(admin, "products", [PRODUCT_KEY, name])
    _collection(admin, "tickets", [TICKET_KEY, *map(_field, FIELDS)])
    for field, (kind, target) in RELATIONS.items():
        _relate(admin, field, kind, target)
    service, customer = _holders(customer_role, major)
    rights = [
        admin.call("POST", "/permissions", row)
        for row in (_with_rules(service, customer) if major < 12 else _alone(service))
    ]
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


def _holders(customer_role: str, major: int) -> list[dict[str, str]]:
    if major == 10:
        return [{"role": ids.DEFAULT.service_role}, {"role": customer_role}]
    return [{"policy": ids.DEFAULT.service_policy}, {"policy": ids.CUSTOMER_POLICY}]


def _alone(service: dict[str, str]) -> Iterator[dict[str, Any]]:
    yield _right(service, "products", "read")
    for action in ("create", "read", "update", "delete"):
        yield _right(service, "tickets", action)


def _with_rules(
    service: dict[str, str], customer: dict[str, str]
) -> Iterator[dict[str, Any]]:
    """Yield the rights of customers, and the site's to the descriptions alone."""
    yield _right(service, "products", "read", NONE)
    yield _right(service, "tickets", "read", NONE)
    yield _right(customer, "products", "read", {})
    yield _right(customer, "tickets", "create", validation=OWN)
    for action in ("read", "update", "delete"):
        yield _right(customer, "tickets", action, OWN)


def _right(
    holder: dict[str, str],
    collection: str,
    action: str,
    rule: Any = None,
    validation: Any = None,
) -> dict[str, Any]:
    return {
        **holder,
        "collection": collection,
        "action": action,
        "permissions": rule,
        "validation": validation,
        "fields": ["*"],
    }
