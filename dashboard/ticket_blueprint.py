"""Tickets and products as directus_setup makes them in Directus."""

from typing import Any

from accounts.directus import Blueprint

from .ticket_texts import TEXTS, label

STATES = ("open", "answered", "closed")
CHOICES = [{"text": f"$t:tickets_{state}", "value": state} for state in STATES]
# A closed ticket is no longer changed.
CLOSED = {
    "name": "Closed",
    "rule": {"_and": [{"status": {"_eq": "closed"}}]},
    "readonly": True,
}
LONG_ENOUGH = {"_and": [{"subject": {"_regex": "^.{5,}$"}}]}


def _field(name: str, kind: str, interface: str, **meta: Any) -> dict[str, Any]:
    """Return a field; `schema` is that of its column, the rest is for forms."""
    schema = meta.pop("schema", {})
    usual = {"interface": interface, "translations": label(f"tickets_{name}")}
    return {"field": name, "type": kind, "schema": schema, "meta": usual | meta}


def _date(name: str, special: str, text: str) -> dict[str, Any]:
    return _field(
        name,
        "timestamp",
        "datetime",
        display="datetime",
        special=[special],
        readonly=True,
        translations=label(text),
    )


NUMBER = _field(
    "number",
    "integer",
    "input",
    readonly=True,
    schema={"is_primary_key": True, "has_auto_increment": True},
)
OWNER = _field(
    "owner",
    "uuid",
    "select-dropdown-m2o",
    special=["m2o"],
    options={"template": "{{first_name}} {{last_name}} ({{email}})"},
    display="user",
)
SUBJECT = _field(
    "subject",
    "string",
    "input",
    required=True,
    validation=LONG_ENOUGH,
    validation_message="$t:tickets_subject_short",
    conditions=[CLOSED],
    schema={"max_length": 120},
)
PRODUCT = _field(
    "product",
    "integer",
    "select-dropdown-m2o",
    special=["m2o"],
    options={"template": "{{name}}"},
    display="related-values",
    display_options={"template": "{{name}}"},
)
STATUS = _field(
    "status",
    "string",
    "select-dropdown",
    options={"choices": CHOICES},
    display="labels",
    display_options={"choices": CHOICES},
    schema={"default_value": "open"},
)

BLUEPRINT = Blueprint(
    fields=[
        NUMBER,
        OWNER,
        SUBJECT,
        PRODUCT,
        _field("description", "text", "input-multiline", conditions=[CLOSED]),
        _field("attachment", "uuid", "file-image", special=["file"]),
        STATUS,
        _field("reply", "text", "input-rich-text-md"),
        _date("date_created", "date-created", "tickets_created"),
        _date("date_updated", "date-updated", "tickets_updated"),
    ],
    relations={"product": "products", "attachment": "directus_files"},
    related={
        "products": Blueprint(
            fields=[
                _field(
                    "name",
                    "string",
                    "input",
                    required=True,
                    translations=label("products_name"),
                )
            ],
            meta={"icon": "inventory_2", "display_template": "{{name}}"},
        )
    },
    texts=TEXTS,
    meta={"icon": "support_agent", "display_template": "{{number}} {{subject}}"},
)
