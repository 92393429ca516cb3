"""One renewal over all hosts, and sessions that end on all hosts at once."""

import time
from itertools import cycle

from accounts.sessions.keys import digest

from ..load import together
from ..storm import ASKING_PAGE, LONG_AGO, REFRESH, REQUESTS
from ..table import Line, exactly
from .browser import Browser
from .cluster import PASSWORD, Cluster

TURNED_AWAY = "turned away at first"


def storm(cluster: Cluster, name: str = "storm") -> list[Line]:
    """Let one browser ask all hosts at once with an expired access token."""
    browser = signed_in(cluster, cluster.account(name))
    # Each process has a connection to Directus then.
    for site in cluster.sites:
        browser.get(site.netloc, ASKING_PAGE)
    make_stale(cluster, browser)
    cluster.counter.calls.clear()
    answers = ask_all(cluster, browser, ASKING_PAGE)
    what = f"{REQUESTS} requests with an expired token on {len(cluster.sites)} hosts"
    refreshes = cluster.counter.calls[REFRESH]
    good = sum(last == 200 for _, last in answers)
    turned_away = sum(first == 503 for first, _ in answers)
    return [
        exactly(f"{what}: refreshes", refreshes, 1),
        exactly(f"{what}: pages, some after Retry-After", good, REQUESTS),
        # A request that waits for more than a second is turned away, which happens on
        # a machine that is busy with something else.
        exactly(f"{what}: {TURNED_AWAY}", turned_away, 0),
    ]


def endings(cluster: Cluster) -> list[Line]:
    """End sessions on one host, and ask the others at once."""
    email = cluster.account("endings")
    first, _, third = cluster.sites
    lines = []
    browser = signed_in(cluster, email)
    browser.twin().post(first.netloc, "/logout/")
    lines.append(_is_over("sign-out on one host", cluster, browser))
    others, own = signed_in(cluster, email), signed_in(cluster, email)
    own.post(first.netloc, "/account/sessions/", others="1")
    lines.append(_is_over("sign-out of other devices", cluster, others))
    lines.append(_is_alive("sign-out of other devices: own session", cluster, own))
    third.manage("directus_revoke", email)
    lines.append(_is_over("directus_revoke on one host", cluster, own))
    return lines


def signed_in(cluster: Cluster, email: str) -> Browser:
    """Return a browser that has just signed in, with a page of each host."""
    browser = cluster.browser()
    browser.sign_in(cluster.sites[0].netloc, email, PASSWORD)
    # A row that has just changed is not cached for some seconds.
    cluster.forget_cached()
    # Each host has seen the session, and the cache has its row.
    for site in cluster.sites:
        if (status := browser.get(site.netloc).status) != 200:
            raise ValueError(f"after a sign-in / answered {status}")
    return browser


def make_stale(cluster: Cluster, browser: Browser) -> None:
    """Let the access token expire, and Directus be due to be asked."""
    aged = "UPDATE accounts_session SET access_expires_at = %s, validated_at = now()"
    aged += " - interval '65 seconds' WHERE session_key = %s"
    with cluster.connected() as connection:
        key = digest(browser.session_key)
        if connection.execute(aged, (LONG_AGO, key)).rowcount != 1:
            raise ValueError("the session is not there")
    cluster.forget_cached()


def ask_all(cluster: Cluster, browser: Browser, path: str) -> list[tuple[int, int]]:
    """Ask all hosts at once, each as often as the others.

    Returns:
        The status of each first answer, and of the last one: a request that is turned
        away comes again when the answer says so.
    """
    hosts = cycle([site.netloc for site in cluster.sites])

    def ask() -> tuple[int, int]:
        at = next(hosts)
        first = last = browser.get(at, path)
        if first.status == 503 and "Retry-After" in first.headers:
            time.sleep(int(first.headers["Retry-After"]))
            last = browser.get(at, path)
        return first.status, last.status

    return together(ask, REQUESTS)


def answers_of(cluster: Cluster, browser: Browser) -> list[int]:
    """Ask each host once; return the statuses."""
    return [browser.get(site.netloc).status for site in cluster.sites]


def hosts_where_over(cluster: Cluster, browser: Browser) -> int:
    """Ask each host with the same cookie; return how many have no such session."""
    return sum(browser.twin().get(site.netloc).is_signed_out for site in cluster.sites)


def _is_over(what: str, cluster: Cluster, browser: Browser) -> Line:
    over = hosts_where_over(cluster, browser)
    return exactly(f"{what}: hosts where the session is over", over, len(cluster.sites))


def _is_alive(what: str, cluster: Cluster, browser: Browser) -> Line:
    good = answers_of(cluster, browser).count(200)
    return exactly(f"{what}: answers 200", good, len(cluster.sites))
