"""directus_sync against merely fetching the same pages, and its memory."""

import json
from pathlib import Path
from shutil import copyfile
from typing import Any
from urllib.parse import quote

from .many_users import set_users
from .servers import FOLDER, Servers
from .table import Line, at_most, ratio

ROUNDS = 3
USERS = 20_000
AT_LEAST = 0.25
# Per 10 000 users more. Their ids alone take 2 MB; their profiles would take 20.
FLAT_MB = 5
EMPTY = FOLDER / "sync-empty.sqlite3"
DATABASE = FOLDER / "sync.sqlite3"


def compare(servers: Servers) -> list[Line]:
    """Compare rows per second, then memory for twice as many users."""
    servers.manage("migrate", "--no-input", DATABASE_URL=database_url(EMPTY))
    number = set_number(servers, USERS)
    try:
        rounds = [_round(servers, number) for _ in range(ROUNDS)]
        half = sync(servers, set_number(servers, USERS // 2), fresh=True)
    finally:
        set_number(servers, 0)
    fetched, first, again = zip(*rounds, strict=True)
    peak = max(found["peak_mb"] for found in first)
    return [
        against(f"directus_sync of {USERS} new users", first, fetched),
        against(f"directus_sync of {USERS} known users", again, fetched),
        at_most(
            f"directus_sync, memory for {USERS} users against {USERS // 2}",
            peak - half["peak_mb"],
            FLAT_MB,
            unit="MB",
            reference=f"{half['peak_mb']:.0f} MB",
        ),
    ]


def set_number(servers: Servers, number: int) -> int:
    """Let Directus have so many users more; return how many there are."""
    return set_users(servers.state.folder, servers.stack.customer_role, number)


def _round(servers: Servers, number: int) -> tuple[dict[str, Any], ...]:
    return (
        run_inside(servers, number, "fetch"),
        sync(servers, number, fresh=True),
        sync(servers, number, fresh=False),
    )


def sync(servers: Servers, number: int, *, fresh: bool) -> dict[str, Any]:
    """Run directus_sync, into an empty database or the one of the last run."""
    if fresh:
        for suffix in ("-wal", "-shm"):
            DATABASE.with_name(DATABASE.name + suffix).unlink(missing_ok=True)
        copyfile(EMPTY, DATABASE)
    return run_inside(servers, number, "sync")


def run_inside(servers: Servers, number: int, what: str) -> dict[str, Any]:
    """Measure in a process of the site; all users must have been met."""
    output = servers.inside(what, DATABASE_URL=database_url(DATABASE))
    found: dict[str, Any] = json.loads(output.splitlines()[-1])
    if found["rows"] != number:
        raise ValueError(f"{what}: {found['rows']} users of {number}")
    return found


def against(
    what: str, synced: tuple[dict[str, Any], ...], fetched: tuple[dict[str, Any], ...]
) -> Line:
    """Return the line of what was synced, beside merely fetching the same."""
    speeds = (
        [found["rows"] / found["seconds"] for found in all] for all in (synced, fetched)
    )
    return ratio(what, *speeds, unit="rows/s", at_least=AT_LEAST)


def database_url(path: Path) -> str:
    """Return the DATABASE_URL of a file."""
    return f"sqlite:///{quote(str(path))}"
