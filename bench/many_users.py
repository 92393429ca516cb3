"""Thousands of users in the real Directus, put into its database directly."""

import sqlite3
import uuid
from pathlib import Path

DIRECTUS = Path("directus") / "data.db"
INSERT = (
    "INSERT INTO directus_users"
    " (id, email, first_name, last_name, status, role, last_access)"
    " VALUES (?, ?, ?, ?, 'active', ?, '2026-01-01T12:00:00')"
)
LIKE = "many-%@example.com"


def set_users(state_folder: Path, role: str, number: int) -> int:
    """Let Directus have so many customers more; return how many users there are."""
    rows = (
        (
            str(uuid.uuid4()),
            f"many-{n}@example.com",
            f"First{n}",
            f"Last{n}",
            role,
        )
        for n in range(number)
    )
    connection = sqlite3.connect(state_folder / DIRECTUS, timeout=30)
    try:
        with connection:
            connection.execute("DELETE FROM directus_users WHERE email LIKE ?", [LIKE])
            connection.executemany(INSERT, rows)
        count = connection.execute("SELECT COUNT(*) FROM directus_users").fetchone()
    finally:
        connection.close()
    return int(count[0])


def remove_half(state_folder: Path) -> None:
    """Let about half of them be gone."""
    connection = sqlite3.connect(state_folder / DIRECTUS, timeout=30)
    try:
        with connection:
            query = "DELETE FROM directus_users WHERE email LIKE ? AND id < '8'"
            connection.execute(query, [LIKE])
    finally:
        connection.close()
