"""directus_sync against merely fetching the same pages, and its memory."""

import json
from shutil import copyfile
from typing import Any
from urllib.parse import quote

from .many_users import SERVICE_TOKEN, ManyUsers
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
    with ManyUsers(USERS) as directus:
        rounds = [_round(servers, directus) for _ in range(ROUNDS)]
    with ManyUsers(USERS // 2) as directus:
        half = _sync(servers, directus, fresh=True)
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


def _round(servers: Servers, directus: ManyUsers) -> tuple[dict[str, Any], ...]:
    return (
        _inside(servers, directus, "fetch"),
        _sync(servers, directus, fresh=True),
        _sync(servers, directus, fresh=False),
    )


def _sync(servers: Servers, directus: ManyUsers, *, fresh: bool) -> dict[str, Any]:
    if fresh:
        for suffix in ("-wal", "-shm"):
            DATABASE.with_name(DATABASE.name + suffix).unlink(missing_ok=True)
        copyfile(EMPTY, DATABASE)
    return _inside(servers, directus, "sync")


def _inside(servers: Servers, directus: ManyUsers, what: str) -> dict[str, Any]:
    output = servers.inside(
        what,
        DATABASE_URL=_url(DATABASE),
        DIRECTUS_URL=directus.url,
        DIRECTUS_SERVICE_TOKEN=SERVICE_TOKEN,
    )
    found: dict[str, Any] = json.loads(output.splitlines()[-1])
    if found["rows"] != directus.number:
        raise ValueError(f"{what}: {found['rows']} users of {directus.number}")
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
