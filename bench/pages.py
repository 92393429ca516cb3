"""The signed-in page against a bare one, and its calls and queries."""

import json
from statistics import mean

from .browser import Browser
from .load import Page, ask, requests_per_second
from .servers import PASSWORD, Servers
from .table import Line, at_most, exactly, ratio

ROUNDS = 3
CLIENTS = 4
# Short turns: what else the machine does then slows both sites alike.
TURNS = 8
TURN_SECONDS = 0.75
WARM_UP_SECONDS = 2
VISITS = 100
PATHS = {"signed-in page": "/", "account overview": "/account/overview/"}
REFERENCES = {
    "bare": ("a bare one", 0.95),
    "kept": ("a bare one that keeps its database open", 0.8),
}


def against_bare(servers: Servers) -> list[Line]:
    """Compare requests per second with a bare site."""
    browser = Browser(servers.ports.site)
    cookie = browser.sign_in(servers.accounts[0], PASSWORD)
    bare, kept = servers.bare, servers.bare_open
    pages = {
        "bare": Page(bare.port, bare.start()),
        "kept": Page(kept.port, kept.start(keeps_database=True)),
        **{path: Page(servers.ports.site, cookie, path) for path in PATHS.values()},
    }
    for page in pages.values():
        requests_per_second(page, clients=CLIENTS, seconds=WARM_UP_SECONDS)
    rounds = [_round(pages) for _ in range(ROUNDS)]
    bare.stop()
    kept.stop()
    rates = {name: [found[name] for found in rounds] for name in pages}
    return [
        ratio(
            f"{name}, {CLIENTS} clients, against {other}",
            rates[path],
            rates[reference],
            unit="/s",
            at_least=goal,
        )
        for name, path in PATHS.items()
        for reference, (other, goal) in REFERENCES.items()
    ]


def _round(pages: dict[str, Page]) -> dict[str, float]:
    """Let the sites take turns; return the mean rate of each."""
    turns = [
        {
            name: requests_per_second(page, clients=CLIENTS, seconds=TURN_SECONDS)
            for name, page in pages.items()
        }
        for _ in range(TURNS)
    ]
    return {name: mean(turn[name] for turn in turns) for name in pages}


def behind_the_scenes(servers: Servers) -> list[Line]:
    """Count calls to Directus and queries; the site has to run behind the proxy."""
    browser = Browser(servers.ports.site)
    cookie = browser.sign_in(servers.accounts[0], PASSWORD)
    servers.proxy.calls.clear()
    for _ in range(VISITS):
        status = ask(Page(servers.ports.site, cookie))
        if status != 200:
            raise ValueError(f"/ answered {status}")
    calls = servers.proxy.calls.total()
    host = f"localhost:{servers.ports.site}"
    queries = {
        name: json.loads(servers.inside("queries", host, cookie, path))["queries"]
        for name, path in PATHS.items()
    }
    return [
        exactly(f"signed-in page, calls to Directus in {VISITS} visits", calls, 0),
        # The overview counts the devices.
        at_most("signed-in page, database queries", queries["signed-in page"], 1),
        at_most("account overview, database queries", queries["account overview"], 2),
    ]
