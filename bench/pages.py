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


def against_bare(servers: Servers) -> list[Line]:
    """Compare requests per second."""
    browser = Browser(servers.ports.site)
    cookie = browser.sign_in(servers.accounts[0], PASSWORD)
    pages = {
        "bare": Page(servers.bare.port, servers.bare.start()),
        "site": Page(servers.ports.site, cookie),
    }
    for page in pages.values():
        requests_per_second(page, clients=CLIENTS, seconds=WARM_UP_SECONDS)
    rounds = [_round(pages) for _ in range(ROUNDS)]
    servers.bare.stop()
    what = f"signed-in page, {CLIENTS} clients, against a bare one"
    rates = {name: [found[name] for found in rounds] for name in pages}
    return [ratio(what, rates["site"], rates["bare"], unit="/s", at_least=0.8)]


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
    counted = json.loads(servers.inside("queries", host, cookie))
    return [
        exactly(f"signed-in page, calls to Directus in {VISITS} visits", calls, 0),
        at_most("signed-in page, database queries", counted["queries"], 2),
    ]
