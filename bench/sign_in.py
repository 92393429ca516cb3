"""Sign-in through the site against the same two calls made to Directus directly."""

import itertools
import json
import statistics
import time
from collections.abc import Callable, Sequence
from functools import partial

from local.databases import Postgres

from .browser import Browser, sign_in_directly
from .load import together
from .servers import PASSWORD, Servers
from .table import Line, at_most, ratio

ROUNDS = 3
PAIRS = 10
CLIENTS = 8
# Short turns: what else the machine does then slows both ways alike.
TURNS = 4
SIGN_INS_EACH = 3

SignIn = Callable[[str], object]
Timed = Callable[[str], float]


def compare(servers: Servers) -> list[Line]:
    """Compare throughput with several clients, then latency with one.

    Users come back with a browser that knows them, or sign in with a new one, about
    which the site also mails them.
    """
    known = Browser(servers.ports.site, remembers=True)
    unknown = Browser(servers.ports.site)
    return [
        *_compared(servers, "sign-in", known),
        *_compared(servers, "sign-in with a new browser", unknown),
        *_statements(servers),
    ]


def _compared(servers: Servers, what: str, browser: Browser) -> list[Line]:
    through_site = lambda email: browser.sign_in(email, PASSWORD)  # noqa: E731
    port = servers.ports.directus
    directly = lambda email: sign_in_directly(port, email, PASSWORD)  # noqa: E731
    ways = (through_site, directly)
    for way in ways:
        for email in servers.accounts:
            way(email)
    timed = [partial(_seconds, way) for way in ways]
    return [
        _throughput(what, servers.accounts, *ways),
        added(f"{what}, 1 client", servers.accounts, *timed, limit=10),
    ]


def _statements(servers: Servers) -> list[Line]:
    """Count what a sign-in asks either database."""
    lines = _counted(servers, "SQLite", {})
    database = Postgres()
    try:
        database.start()
        env = {"DATABASE_URL": database.url}
        servers.manage("migrate", "--no-input", **env)
        return lines + _counted(servers, "PostgreSQL", env)
    finally:
        database.stop()


def _counted(servers: Servers, name: str, env: dict[str, str]) -> list[Line]:
    host = f"localhost:{servers.ports.site}"
    output = servers.inside("sign-in", host, servers.accounts[0], PASSWORD, **env)
    # Among the lines of the log.
    (found,) = [line for line in output.splitlines() if line.startswith('{"known"')]
    browsers = json.loads(found).values()
    statements = max(costs["statements"] for costs in browsers)
    transactions = max(costs["transactions"] for costs in browsers)
    return [
        at_most(f"sign-in, database statements, {name}", statements, 10),
        at_most(f"sign-in, transactions, {name}", transactions, 3),
    ]


def added(
    what: str, people: Sequence[str], site: Timed, direct: Timed, *, limit: float
) -> Line:
    """Return a line about the milliseconds that the site adds at the median.

    Both ways take turns, so that both meet the same noise.

    Args:
        people: who signs in, in turn.
        site, direct: sign one of them in; return the seconds that it took.
        limit: the goal.
    """
    names = itertools.cycle(people)
    more, slow, fast = [], [], []
    for _ in range(ROUNDS):
        site_times, direct_times = [], []
        for _ in range(PAIRS):
            direct_times.append(direct(next(names)))
            site_times.append(site(next(names)))
        slow.append(statistics.median(site_times) * 1000)
        fast.append(statistics.median(direct_times) * 1000)
        more.append(slow[-1] - fast[-1])
    return Line(
        f"{what}, milliseconds added at the median",
        f"{statistics.median(slow):.0f} ms",
        f"{statistics.median(fast):.0f} ms",
        f"{statistics.median(more):.1f} ms",
        f"<= {limit:g}",
        statistics.median(more) <= limit,
    )


def _throughput(what: str, accounts: list[str], site: SignIn, direct: SignIn) -> Line:
    rates: tuple[list[float], list[float]] = ([], [])
    for _ in range(ROUNDS):
        turns = [(_rate(accounts, site), _rate(accounts, direct)) for _ in range(TURNS)]
        for found, each in zip(rates, zip(*turns, strict=True), strict=True):
            found.append(statistics.mean(each))
    what = f"{what}, {CLIENTS} clients, against Directus directly"
    return ratio(what, *rates, unit="/s", at_least=0.95)


def _rate(accounts: list[str], sign_in: SignIn) -> float:
    """Return sign-ins per second; each client signs its own accounts in, in turn."""
    shares = iter([accounts[client::CLIENTS] for client in range(CLIENTS)])

    def one_client() -> None:
        emails = itertools.cycle(next(shares))
        for _ in range(SIGN_INS_EACH):
            sign_in(next(emails))

    seconds = _seconds(lambda _: together(one_client, CLIENTS), "")
    return CLIENTS * SIGN_INS_EACH / seconds


def _seconds(work: SignIn, email: str) -> float:
    started = time.perf_counter()
    work(email)
    return time.perf_counter() - started
