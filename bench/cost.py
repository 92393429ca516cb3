"""Processor time of a page, a sign-in and a re-validation, in each part.

The site runs on PostgreSQL and Valkey, so that each part is a process of its own.
"""

import itertools
import os
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from local.databases import Postgres, Valkey

from .browser import Browser
from .load import Page, ask
from .servers import PASSWORD, Servers
from .table import Line

PAGES = 400
SIGN_INS = 40
TICKS = os.sysconf("SC_CLK_TCK")
PARTS = ("site", "PostgreSQL", "Valkey", "Directus")


def of_each_part(servers: Servers) -> list[Line]:
    """Measure each kind of request; a line for each."""
    with ExitStack() as stack:
        database, cache = Postgres(), Valkey()
        for server in (database, cache):
            stack.callback(server.stop)
            server.start()
        engines = {"DATABASE_URL": database.url, "CACHE_URL": cache.url}
        servers.manage("migrate", "--no-input", **engines)
        pids = {"PostgreSQL": database.pid, "Valkey": cache.pid}
        pids["Directus"] = servers.stack.directus.pid
        with servers.site(**engines):
            pids["site"] = servers.stack.site.pid
            sign_in = _cost(pids, SIGN_INS, _sign_in(servers))
            page = _cost(pids, PAGES, _visit(servers))
        with servers.site(**engines, DIRECTUS_REVALIDATE_SECONDS="0"):
            pids["site"] = servers.stack.site.pid
            checked = _cost(pids, PAGES, _visit(servers))
    checks = {part: max(0.0, checked[part] - page[part]) for part in PARTS}
    return [
        _line("a page", page),
        _line("a sign-in, its form included", sign_in),
        _line("a re-validation", checks),
    ]


def _sign_in(servers: Servers) -> Callable[[], object]:
    names = itertools.cycle(servers.accounts)
    browser = Browser(servers.ports.site)
    return lambda: browser.sign_in(next(names), PASSWORD)


def _visit(servers: Servers) -> Callable[[], object]:
    cookie = Browser(servers.ports.site).sign_in(servers.accounts[0], PASSWORD)
    page = Page(servers.ports.site, cookie)

    def visit() -> None:
        if (status := ask(page)) != 200:
            raise ValueError(f"/ answered {status}")

    return visit


def _cost(
    pids: dict[str, int], times: int, request: Callable[[], object]
) -> dict[str, float]:
    """Return the milliseconds of processor time of each part for one request."""
    for _ in range(max(2, times // 10)):
        request()
    before = {part: _seconds(pid) for part, pid in pids.items()}
    for _ in range(times):
        request()
    return {
        part: (_seconds(pid) - before[part]) / times * 1000
        for part, pid in pids.items()
    }


def _line(what: str, cost: dict[str, float]) -> Line:
    others = ", ".join(f"{part} {cost[part]:.1f}" for part in PARTS[1:])
    return Line(
        f"processor time of {what}, milliseconds",
        f"{cost['site']:.1f} ms",
        others,
        f"{sum(cost.values()):.1f} ms",
        "-",
        True,
    )


def _seconds(pid: int) -> float:
    """Return the processor seconds of a process and all that it started."""
    return sum(_ticks(each) for each in _tree(pid)) / TICKS


def _tree(pid: int) -> list[int]:
    found = [pid]
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in path.read_text().split():
            found += _tree(int(child))
    return found


def _ticks(pid: int) -> int:
    """Return the clock ticks of a process, and of its children that have ended."""
    stat = Path(f"/proc/{pid}/stat").read_text()
    # The name in brackets may hold spaces.
    fields = stat.rpartition(")")[2].split()
    return sum(map(int, fields[11:15]))
