"""directus_sync against merely fetching the same pages, and its memory."""

import json
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
    servers.manage("migrate", "--no-input", DATABASE_URL=_url(EMPTY))
    number = _users(servers, USERS)
    try:
        rounds = [_round(servers, number) for _ in range(ROUNDS)]
        half = _sync(servers, _users(servers, USERS // 2), fresh=True)
    finally:
        _users(servers, 0)
    fetched, first, again = zip(*rounds, strict=True)
    peak = max(found["peak_mb"] for found in first)
    return [
        _against(f"directus_sync of {USERS} new users", first, fetched),
        _against(f"directus_sync of {USERS} known users", again, fetched),
        at_most(
            f"directus_sync, memory for {USERS} users against {USERS // 2}",
            peak - half["peak_mb"],
            FLAT_MB,
            unit="MB",
            reference=f"{half['peak_mb']:.0f} MB",
        ),
    ]


def _users(servers: Servers, number: int) -> int:
    return set_users(servers.state.folder, servers.stack.customer_role, number)


def _round(servers: Servers, number: int) -> tuple[dict[str, Any], ...]:
    return (
        _inside(servers, number, "fetch"),
        _sync(servers, number, fresh=True),
        _sync(servers, number, fresh=False),
    )


def _sync(servers: Servers, number: int, *, fresh: bool) -> dict[str, Any]:
    if fresh:
        for suffix in ("-wal", "-shm"):
            DATABASE.with_name(DATABASE.name + suffix).unlink(missing_ok=True)
        copyfile(EMPTY, DATABASE)
    return _inside(servers, number, "sync")


def _inside(servers: Servers, number: int, what: str) -> dict[str, Any]:
    output = servers.inside(what, DATABASE_URL=_url(DATABASE))
    found: dict[str, Any] = json.loads(output.splitlines()[-1])
    if found["rows"] != number:
        raise ValueError(f"{what}: {found['rows']} users of {number}")
    return found


def _against(
    what: str, synced: tuple[dict[str, Any], ...], fetched: tuple[dict[str, Any], ...]
) -> Line:
    speeds = (
        [found["rows"] / found["seconds"] for found in all] for all in (synced, fetched)
    )
    return ratio(what, *speeds, unit="rows/s", at_least=AT_LEAST)


def _url(path) -> str:
    return f"sqlite:///{quote(str(path))}"
