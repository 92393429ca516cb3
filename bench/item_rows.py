"""A collection of Directus with many rows of a few customers."""

import sqlite3
from pathlib import Path
from typing import Any

from accounts.directus import ids
from local.admin import Admin

from .many_users import DIRECTUS

CHOICES = [
    {"text": "Open", "value": "open"},
    {"text": "Answered", "value": "answered"},
]
FIELDS: list[dict[str, Any]] = [
    {
        "field": "id",
        "type": "integer",
        "schema": {"is_primary_key": True, "has_auto_increment": True},
    },
    {"field": "number", "type": "integer", "schema": {}},
    {"field": "subject", "type": "string", "schema": {}},
    {
        "field": "status",
        "type": "string",
        "meta": {"interface": "select-dropdown", "options": {"choices": CHOICES}},
        "schema": {},
    },
    {
        "field": "date_created",
        "type": "timestamp",
        "meta": {"special": ["date-created"]},
        "schema": {},
    },
    {
        "field": "owner",
        "type": "uuid",
        "meta": {"special": ["m2o"]},
        "schema": {"is_indexed": True},
    },
]
RELATION = {
    "collection": "bench_rows",
    "field": "owner",
    "related_collection": "directus_users",
    "schema": {"on_delete": "SET NULL"},
}
OWN = {"owner": {"_eq": "$CURRENT_USER"}}
INSERT = (
    "INSERT INTO bench_rows (number, subject, status, date_created, owner)"
    " VALUES (?, ?, 'open', '2026-01-01T12:00:00', ?)"
)


def add_rows(admin: Admin, state_folder: Path, owners: list[str], number: int) -> int:
    """Make the collection, the rights of customers, and so many rows.

    Returns:
        The key of a row of the first owner; each owner has as many.
    """
    body = {"collection": "bench_rows", "schema": {}, "meta": {}, "fields": FIELDS}
    admin.call("POST", "/collections", body)
    admin.call("POST", "/relations", RELATION)
    for right in (
        {"policy": ids.CUSTOMER_POLICY, "action": "read", "permissions": OWN},
        {"policy": ids.CUSTOMER_POLICY, "action": "create", "validation": OWN},
        {
            "policy": ids.DEFAULT.service_policy,
            "action": "read",
            "permissions": {"id": {"_null": True}},
        },
    ):
        admin.call(
            "POST",
            "/permissions",
            {"collection": "bench_rows", "fields": ["*"], **right},
        )
    rows = ((n, f"Subject {n}", owners[n % len(owners)]) for n in range(number))
    connection = sqlite3.connect(state_folder / DIRECTUS, timeout=30)
    try:
        with connection:
            connection.executemany(INSERT, rows)
    finally:
        connection.close()
    # Keys begin at 1.
    return 1
