"""PostgreSQL that restarts, and PostgreSQL whose copy takes over."""

import signal
import time

from local.processes import wait_until

from ..table import Line, at_most, exactly
from .browser import Browser
from .cluster import Cluster
from .session_checks import signed_in
from .watch import Watch, visits

# It asks the database, though the cache has the session.
PAGE = "/account/sessions/"
PATIENCE_SECONDS = 60
GAP_SECONDS = 3.0


def restarted(cluster: Cluster) -> list[Line]:
    """Restart the database under the pages of all hosts."""
    browser = signed_in(cluster, cluster.account("restart"))

    def restart() -> None:
        cluster.database.end(signal.SIGINT)
        time.sleep(GAP_SECONDS)
        with cluster.host("database").entered():
            cluster.database.start_again()

    return _interrupted("PostgreSQL restarts", cluster, browser, restart)


def promoted(cluster: Cluster) -> list[Line]:
    """Cut the database off, end it, and promote its copy."""
    browser = signed_in(cluster, cluster.account("promotion"))
    cluster.start_copy()

    def fail_over() -> None:
        cluster.lose_database()
        time.sleep(GAP_SECONDS)
        cluster.promote_copy()

    return _interrupted("PostgreSQL's copy takes over", cluster, browser, fail_over)


def _interrupted(
    what: str, cluster: Cluster, browser: Browser, interrupt
) -> list[Line]:
    places = [site.netloc for site in cluster.sites]
    watch = Watch()
    with watch.over(visits(browser, places, PAGE)):
        wait_until(lambda: watch.kinds["200"] >= len(places), seconds=10)
        interrupt()
        began = time.monotonic()
        is_back = wait_until(
            lambda: all(browser.twin().get(at, PAGE).status == 200 for at in places),
            seconds=PATIENCE_SECONDS,
        )
        seconds = time.monotonic() - began
    if not is_back:
        raise ValueError(f"{dict(watch.kinds)} after {PATIENCE_SECONDS} s")
    return [
        exactly(
            f"{what}: answers other than 200, and 503 with Retry-After", watch.lost, 0
        ),
        at_most(f"{what}: slowest answer", watch.longest, 12, unit="s"),
        at_most(f"{what}: until all hosts answer 200", seconds, 15, unit="s"),
    ]
