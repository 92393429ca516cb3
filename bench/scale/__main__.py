"""Run the checks over several hosts: `python -m bench.scale NAMES`.

Prints one JSON object a line, each a line of the bench's table.
"""

import json
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from local.problem import report
from local.processes import Stopped, stoppable

from ..table import Line, failed
from . import (
    cache_checks,
    clock_checks,
    database_checks,
    rolling_checks,
    session_checks,
)
from .cluster import Cluster

# In the order in which they run.
CHECKS: dict[str, Callable[[Cluster], list[Line]]] = {
    "storm": session_checks.storm,
    "endings": session_checks.endings,
    "cut-off": cache_checks.cut_off,
    "empty-cache": cache_checks.restarted,
    "clock": clock_checks.ahead,
    "rolling": rolling_checks.rolling_restart,
    "restart": database_checks.restarted,
    "promotion": database_checks.promoted,
}


def main(wanted: list[str]) -> int:
    """Run the checks with these names, by default all, and print their lines."""
    with tempfile.TemporaryDirectory() as folder:
        cluster = Cluster(Path(folder))
        with cluster.running():
            for name in wanted or CHECKS:
                for line in _try(name, cluster):
                    print(json.dumps(asdict(line)), flush=True)
    return 0


def _try(name: str, cluster: Cluster) -> list[Line]:
    """Run a check; what goes wrong is a line of the table, not the end of it."""
    try:
        return CHECKS[name](cluster)
    except Exception as error:  # noqa: BLE001 - shown in the table
        return [failed(name, error)]


if __name__ == "__main__":
    try:
        with stoppable():
            sys.exit(report(lambda: main(sys.argv[1:])))
    except Stopped as stopped:
        sys.exit(stopped.exit_code)
