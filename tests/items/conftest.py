"""Tickets in the fake, and the pages of tests/items/shop.py."""

import pytest

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
    "is_urgent": {"type": "boolean", "special": ["cast-boolean"]},
    "due": "date",
    "secret": "string",
}
READABLE = set(FIELDS) - {"secret"} | {"id"}
WRITABLE = {"subject", "product", "description", "owner"}


@pytest.fixture(autouse=True)
def tickets(directus, settings, service_token):
    """The collection of tests/items/shop.py."""
    settings.ROOT_URLCONF = "tests.items.shop"
    directus.add_collection(
        "products",
        {"name": "string"},
        key_type="integer",
        rights={"read": {"id", "name"}},
    )
    return directus.add_collection(
        "tickets",
        FIELDS,
        owner="owner",
        rights={
            "read": READABLE,
            "create": WRITABLE,
            "update": WRITABLE - {"owner", "product"},
            "delete": set(),
        },
    )


@pytest.fixture
def bob(directus):
    """Another customer."""
    return directus.add_user("bob@example.com", "Bob's secret 1815")


@pytest.fixture(params=["customer", "site"])
def token(request, directus, tickets):
    """Whose token reads and writes: the customer's, or the site's."""
    if request.param == "site":
        directus.state.takes_rules = False
        tickets.rights = {}
    return request.param
