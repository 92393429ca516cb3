"""Valkey out of the reach of one host, and Valkey that begins again."""

import time

from ..table import Line, at_most, exactly
from .browser import Browser
from .cluster import Cluster
from .session_checks import answers_of, hosts_where_over, signed_in

VISITS = 20
# Half a second for each of two operations, and a page.
SLOWEST_SECONDS = 3.0
# The mark of an end does not reach the cache: the old row goes by its age.
CACHED_SECONDS = 60


def cut_off(cluster: Cluster) -> list[Line]:
    """Cut one host off from the cache, and end sessions on both sides."""
    email = cluster.account("cut-off")
    first, _, third = cluster.sites
    stays, here, there = (signed_in(cluster, email) for _ in range(3))
    # The cache has all their rows.
    cluster.forget_cached()
    for browser in (stays, here, there):
        answers_of(cluster, browser)
    with cluster.without_cache(third):
        statuses, longest = _visit(stays, third.netloc)
        there.twin().post(first.netloc, "/logout/")
        over_here = hosts_where_over(cluster, there)
        here.twin().post(third.netloc, "/logout/")
        over_there = here.twin().get(third.netloc).is_signed_out
        left = cluster.cached_seconds(here)
    what = "a host without the cache"
    return [
        exactly(f"{what}: answers 200", statuses.count(200), VISITS),
        at_most(f"{what}: slowest page", longest, SLOWEST_SECONDS, unit="s"),
        exactly(f"{what}: a session ended elsewhere is over", over_here, 3),
        exactly(f"{what}: a session ended there is over there", over_there, 1),
        at_most(f"{what}: until it is over elsewhere", left, CACHED_SECONDS, unit="s"),
        exactly(f"{what}: later answers 200", answers_of(cluster, stays).count(200), 3),
    ]


def restarted(cluster: Cluster) -> list[Line]:
    """Let the cache be away, and come back empty."""
    browser = signed_in(cluster, cluster.account("empty-cache"))
    cluster.cache.end()
    without = answers_of(cluster, browser)
    with cluster.host("cache").entered():
        cluster.cache.start()
    answers = without + answers_of(cluster, browser)
    return [exactly("Valkey restarts empty: answers 200", answers.count(200), 6)]


def _visit(browser: Browser, at: str) -> tuple[list[int], float]:
    """Visit a page often; return the statuses, and the seconds of the slowest."""
    statuses, longest = [], 0.0
    for _ in range(VISITS):
        began = time.monotonic()
        statuses.append(browser.get(at).status)
        longest = max(longest, time.monotonic() - began)
    return statuses, longest
