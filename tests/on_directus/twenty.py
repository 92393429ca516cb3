"""A collection with some twenty types of fields, as Directus' own app makes them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from accounts.directus import ids
from config.urls import urlpatterns as site
from items.collection import Collection
from items.urls import item_paths
from tests.stack import RunningStack

CHOICES = {
    "choices": [
        {"text": "Small", "value": "s"},
        {"text": "$t:sample_large", "value": "l"},
        {"text": "Other", "value": "o"},
    ]
}
NUMBERS = {"numeric_precision": 10, "numeric_scale": 2}
FIRST = {"group": "about"}
IN_GERMAN = [
    {"language": "de-DE", "translation": "Betreff"},
    {"language": "en-GB", "translation": "Subject"},
]
OTHER = {"rule": {"_and": [{"state": {"_eq": "o"}}]}, "required": True}
GROUP = ["alias", "no-data", "group"]
TIME = {"interface": "datetime"}

# Name → type, meta, schema.
FIELDS: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "about": ("alias", {"interface": "group-detail", "special": GROUP}, {}),
    "subject": (
        "string",
        {"required": True, "translations": IN_GERMAN, **FIRST},
        {"max_length": 40},
    ),
    "notes": (
        "text",
        {"interface": "input-multiline", "note": "All of it", **FIRST},
        {},
    ),
    "reply": ("text", {"interface": "input-rich-text-md"}, {}),
    "page": ("text", {"interface": "input-rich-text-html"}, {}),
    "amount": ("integer", {"options": {"min": 0, "max": 9}}, {}),
    "large": ("bigInteger", {}, {}),
    "ratio": ("float", {}, {}),
    "price": ("decimal", {}, NUMBERS),
    "level": (
        "integer",
        {"interface": "slider", "options": {"minValue": 1, "maxValue": 5}},
        {"default_value": 3},
    ),
    "is_urgent": ("boolean", {"interface": "boolean", "special": ["cast-boolean"]}, {}),
    "day": ("date", TIME, {}),
    "at": ("time", TIME, {}),
    "meeting": ("dateTime", TIME, {}),
    "seen": ("timestamp", {**TIME, "special": ["cast-timestamp"]}, {}),
    "state": ("string", {"interface": "select-dropdown", "options": CHOICES}, {}),
    "reason": ("string", {"conditions": [{"name": "Other", **OTHER}]}, {}),
    "size": ("string", {"interface": "select-radio", "options": CHOICES}, {}),
    "words": ("json", {"interface": "tags", "special": ["cast-json"]}, {}),
    "sizes": (
        "json",
        {
            "interface": "select-multiple-checkbox",
            "options": CHOICES,
            "special": ["cast-json"],
        },
        {},
    ),
    "codes": (
        "csv",
        {
            "interface": "select-multiple-dropdown",
            "options": CHOICES,
            "special": ["cast-csv"],
        },
        {},
    ),
    "reference": ("uuid", {"interface": "input", "special": ["uuid"]}, {}),
    "colour": (
        "string",
        {
            "interface": "select-color",
            "validation": {"_and": [{"colour": {"_regex": "^#"}}]},
            "validation_message": "Begin with #.",
        },
        {},
    ),
    "part": (
        "integer",
        {
            "interface": "select-dropdown-m2o",
            "special": ["m2o"],
            "options": {"template": "{{name}} ({{price}})"},
        },
        {},
    ),
    "owner": (
        "uuid",
        {"interface": "select-dropdown-m2o", "special": ["m2o"], "hidden": True},
        {},
    ),
    "date_updated": (
        "timestamp",
        {**TIME, "special": ["date-updated"], "readonly": True, "hidden": True},
        {},
    ),
    "replies": ("alias", {"interface": "list-o2m", "special": ["o2m"]}, {}),
}
WRITTEN = [
    *("subject", "notes", "reply", "page", "amount", "large", "ratio", "price"),
    *("level", "is_urgent", "day", "at", "meeting", "seen", "state", "reason", "size"),
    *("words", "sizes", "codes", "reference", "colour", "part"),
]
samples = Collection(
    "samples",
    owner="owner",
    list_fields=["subject", "part", "seen", "reply"],
    detail_fields=[*WRITTEN, "replies.text", "part.price"],
    create_fields=WRITTEN,
    update_fields=WRITTEN,
    label="Sample",
    label_plural="Samples",
)

urlpatterns = [*site, *item_paths("samples", samples)]


def _field(name: str, type: str, meta: Any, schema: Any) -> dict[str, Any]:
    usual = {"interface": "input"}
    shape = None if type == "alias" else schema
    return {"field": name, "type": type, "meta": usual | meta, "schema": shape}


KEY_FIELD = {
    "field": "id",
    "type": "integer",
    "meta": {"hidden": True, "interface": "input", "readonly": True},
    "schema": {"is_primary_key": True, "has_auto_increment": True},
}


@contextmanager
def collections(stack: RunningStack) -> Iterator[list[int]]:
    """Make the collections and the rights to them; yield the keys of two parts."""
    call = stack.admin.call
    shapes = {
        "parts": {"name": ("string", {}, {}), "price": ("decimal", {}, NUMBERS)},
        "samples": FIELDS,
        "replies": {"text": ("text", {}, {}), "sample": ("integer", {}, {})},
    }
    for name, fields in shapes.items():
        made = [KEY_FIELD, *(_field(n, *shape) for n, shape in fields.items())]
        body = {"collection": name, "meta": {}, "schema": {}, "fields": made}
        call("POST", "/collections", body)
    _relate(call)
    rights = [call("POST", "/permissions", row)["id"] for row in _rights(stack)]
    parts = [{"name": "Boiler", "price": "12.50"}, {"name": "Wheel", "price": "3.00"}]
    try:
        yield [call("POST", "/items/parts", part)["id"] for part in parts]
    finally:
        for right in rights:
            call("DELETE", f"/permissions/{right}")
        for name in ("replies", "samples", "parts"):
            call("DELETE", f"/collections/{name}")


def _relate(call: Callable[..., Any]) -> None:
    for collection, field, other, meta in (
        ("samples", "owner", "directus_users", {}),
        ("samples", "part", "parts", {}),
        ("replies", "sample", "samples", {"one_field": "replies"}),
    ):
        body = {"collection": collection, "field": field, "related_collection": other}
        schema = {"on_delete": "SET NULL"}
        call("POST", "/relations", body | {"meta": meta, "schema": schema})


def _rights(stack: RunningStack) -> list[dict[str, Any]]:
    """Return those of customers by row, or on 12 without a licence the site's."""
    major = stack.directus.version.major
    column = "role" if major == 10 else "policy"
    site = {column: ids.SERVICE_ROLE if major == 10 else ids.SERVICE_POLICY}
    names = ("parts", "samples", "replies")
    if major >= 12:
        return [
            site | _right(name, action)
            for name in names
            for action in ("read", "create", "update")
        ]
    customer = stack.customer_role if major == 10 else ids.CUSTOMER_POLICY
    own = {"owner": {"_eq": "$CURRENT_USER"}}
    described = [site | _right(name, "read", {"id": {"_null": True}}) for name in names]
    granted = [
        _right("parts", "read"),
        _right("replies", "read", {"sample": own}),
        *(_right("samples", action, own) for action in ("read", "update")),
        _right("samples", "create"),
    ]
    return [*described, *({column: customer} | right for right in granted)]


def _right(collection: str, action: str, rule: Any = None) -> dict[str, Any]:
    return {
        "collection": collection,
        "action": action,
        "fields": ["*"],
        "permissions": rule or {},
    }
