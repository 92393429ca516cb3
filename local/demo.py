"""Products and a few tickets of the demo customers, for `make run`."""

import json
from typing import Any
from urllib.parse import quote

from .admin import Admin

Row = dict[str, Any]

PRODUCTS = ("Kettle", "Lamp", "Radio")
REPLY = """\
Thank you for asking. Please try these steps:

1. Unplug the device and wait for **a minute**.
2. Plug it in again.

If that does not help, tell us here.
"""
# By the first part of the customer's address: subject, product, description, changes.
TICKETS: dict[str, list[tuple[str, str, str, Row]]] = {
    "ada": [
        (
            "The lamp flickers",
            "Lamp",
            "It flickers in the evening, most of all when the kettle is on.",
            {"status": "answered", "reply": REPLY},
        ),
        (
            "A new lid for the kettle",
            "Kettle",
            "The lid has a crack. Can I order one?",
            {},
        ),
        (
            "A manual in large print",
            "Radio",
            "Is there one?",
            {"status": "closed", "reply": "Yes, it is on its way to you."},
        ),
    ],
    "grace": [
        (
            "The radio forgets its stations",
            "Radio",
            "Every morning I have to search for them again.",
            {"status": "answered", "reply": REPLY},
        ),
        (
            "Deliver to another address",
            "Lamp",
            "I move house next month. Where do I change the address?",
            {},
        ),
    ],
}


def add_tickets(admin: Admin, emails: list[str]) -> None:
    """Create the products, and tickets of customers that have none."""
    products = {name: _product(admin, name) for name in PRODUCTS}
    for email in emails:
        user = admin.find_user(email)
        if user is None or _find(admin, "tickets", owner=user["id"]):
            continue
        for subject, product, description, changes in TICKETS[email.split("@")[0]]:
            ticket = {"owner": user["id"], "subject": subject}
            ticket |= {"product": products[product], "description": description}
            row = admin.call("POST", "/items/tickets", ticket)
            if changes:
                admin.call("PATCH", f"/items/tickets/{row['number']}", changes)


def _product(admin: Admin, name: str) -> int:
    found = _find(admin, "products", name=name)
    row = found[0] if found else admin.call("POST", "/items/products", {"name": name})
    return int(row["id"])


def _find(admin: Admin, collection: str, **values: str) -> list[Row]:
    rule = json.dumps({name: {"_eq": value} for name, value in values.items()})
    path = f"/items/{collection}?limit=1&filter={quote(rule)}"
    return list(admin.call("GET", path))
