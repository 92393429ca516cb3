"""The fields of `tickets`, for the fake and for a real Directus."""

from typing import Any

from tests.fake_directus import FakeDirectus
from tests.fake_directus.collections import FakeCollection

STATES = [
    {"text": "Open", "value": "open"},
    {"text": "Answered", "value": "answered"},
]
FIELDS: dict[str, Any] = {
    "owner": {"type": "uuid", "schema": {"foreign_key_table": "directus_users"}},
    "number": {"type": "integer", "schema": {"is_unique": True}},
    "subject": {"type": "string", "required": True},
    "description": {"type": "text", "interface": "input-multiline"},
    "status": {
        "type": "string",
        "interface": "select-dropdown",
        "options": {"choices": STATES},
    },
    "reply": {"type": "text", "interface": "input-rich-text-md"},
    "product": {
        "type": "integer",
        "interface": "select-dropdown-m2o",
        "special": ["m2o"],
        "schema": {"foreign_key_table": "products"},
    },
    "date_created": {"type": "timestamp", "special": ["date-created"]},
    "date_updated": {"type": "timestamp", "special": ["date-updated"]},
    "is_urgent": {"type": "boolean", "special": ["cast-boolean"]},
    "due": "date",
    "secret": "string",
    "phone": {
        "type": "string",
        "schema": {"max_length": 20},
        "validation": {"phone": {"_regex": "^\\+"}},
    },
    "code": {
        "type": "string",
        "schema": {"is_unique": True},
        "validation": {"code": {"_regex": "^[A-Z]"}},
    },
}
READABLE = set(FIELDS) - {"secret"} | {"id"}
# More than the pages of tests/items/shop.py write: Directus may allow more than those.
WRITABLE = {"subject", "product", "description", "status", "phone", "code", "owner"}
CHANGEABLE = WRITABLE - {"owner", "product"}
RIGHTS = {
    "read": READABLE,
    "create": WRITABLE,
    "update": CHANGEABLE,
    "delete": set[str](),
}
PRODUCTS = {"name": "string", "price": "integer"}


def add_to(directus: FakeDirectus) -> FakeCollection:
    """Add the collections to the fake; return `tickets`."""
    readable = {"read": {"id", "name"}}
    directus.add_collection("products", PRODUCTS, key_type="integer", rights=readable)
    return directus.add_collection("tickets", FIELDS, owner="owner", rights=RIGHTS)
