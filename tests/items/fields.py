"""The fields of `tickets`, for the fake and for a real Directus."""

STATES = [
    {"text": "Open", "value": "open"},
    {"text": "Answered", "value": "answered"},
]
FIELDS = {
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
    "secret": "string",
}
READABLE = set(FIELDS) - {"secret"} | {"id"}
WRITABLE = {"subject", "product", "description", "owner"}
