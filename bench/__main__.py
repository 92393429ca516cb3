"""
`make bench`: start everything, measure, print the table, end everything.

`make bench ARGS="page sign-in"` measures only these; MEASUREMENTS has the names.
"""

import os
import sys
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial

from local.problem import Problem, report
from local.processes import Stopped, stoppable
from local.progress import step

from . import (
    cost,
    crowd,
    deploy,
    footprint,
    items,
    pages,
    pictures,
    sign_in,
    sso,
    storm,
    sync,
    sync_many,
)
from .before import changes
from .scale import over_hosts
from .servers import Servers, empty_state
from .table import Line, failed, show


def main(wanted: list[str]) -> int:
    """Print one table. A goal that is missed is marked; it is not an error."""
    _refuse_unknown(wanted)
    before = _load_average()
    names = wanted or [name for name in MEASUREMENTS if name not in LONG]
    lines = _on_one_host([name for name in names if name != SCALE])
    if SCALE in names:
        lines += _try(SCALE, over_hosts)
    conditions = (
        f"{os.cpu_count()} cores shared by clients and servers,"
        f" load average {before} before and {_load_average()} after."
    )
    show(lines, conditions)
    print("\nSince the figures in docs/bench.md:", *changes(lines), sep="\n- ")
    return 0


def _refuse_unknown(wanted: list[str]) -> None:
    known = [*MEASUREMENTS, SCALE]
    if unknown := [name for name in wanted if name not in known]:
        raise Problem(
            f"There is no measurement {', '.join(unknown)}. There are"
            f" {', '.join(known)}."
        )


def _on_one_host(names: list[str]) -> list[Line]:
    """Start everything, measure, end everything."""
    if not names:
        return []
    with empty_state() as state:
        servers = Servers(state)
        try:
            with step("Starting Directus and creating accounts"):
                servers.start()
            return _measure(servers, names)
        finally:
            servers.stop()


# In the order of the table.
MEASUREMENTS: dict[str, Callable[[Servers], list[Line]]] = {
    "page": pages.against_bare,
    "calls": pages.behind_the_scenes,
    "sign-in": sign_in.compare,
    "sso": sso.compare,
    "sso-buttons": sso.buttons,
    "items": items.compare,
    "storm": storm.storms,
    "crowd": crowd.at_once,
    "sync": sync.compare,
    "sync-many": sync_many.compare,
    "pictures": pictures.unfolding,
    "memory": footprint.memory,
    "weight": footprint.sign_in_page,
    "cost": cost.of_each_part,
    "deploy": deploy.upgrade,
}
# Only when they are named.
LONG = {"sync-many", "deploy", "cost"}
# Several hosts, with servers of their own; only when it is named, too.
SCALE = "scale"
WITHOUT_SITE = ("deploy", "cost")
BEHIND_THE_PROXY = ("calls", "sso-buttons", "storm")
# Memory is looked at after the load.
WITHOUT_PROXY = (
    *("page", "sign-in", "sso", "pictures", "memory"),
    *("weight", "sync", "sync-many", "items", "crowd"),
)


def _measure(servers: Servers, wanted: list[str]) -> list[Line]:
    """Measure what is wanted; return the lines in the table's order."""
    found: dict[str, list[Line]] = {}
    for run, names in (
        (nullcontext, WITHOUT_SITE),
        (servers.site, WITHOUT_PROXY),
        (servers.site_behind_proxy, BEHIND_THE_PROXY),
    ):
        chosen = [name for name in names if name in wanted]
        if chosen:
            with run():
                for name in chosen:
                    found[name] = _try(name, partial(MEASUREMENTS[name], servers))
    return [line for name in MEASUREMENTS for line in found.get(name, [])]


def _try(name: str, measure: Callable[[], list[Line]]) -> list[Line]:
    """Measure; what goes wrong is a line of the table, not the end of it."""
    try:
        with step(f"Measuring: {name}"):
            return measure()
    except Exception as error:  # noqa: BLE001 - shown in the table
        return [failed(name, error)]


def _load_average() -> str:
    return f"{os.getloadavg()[0]:.1f}"


if __name__ == "__main__":
    try:
        with stoppable():
            sys.exit(report(lambda: main(sys.argv[1:])))
    except Stopped as stopped:
        sys.exit(stopped.exit_code)
