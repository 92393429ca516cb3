"""Many parallel requests of one browser after its access token has expired."""

import sqlite3
from contextlib import closing

from accounts.sessions.keys import digest

from .browser import Browser
from .load import Page, ask, together
from .servers import PASSWORD, Servers
from .table import Line, exactly

ROUNDS = 3
REQUESTS = 50
REFRESH = "POST /auth/refresh"
# Each request to this page, which only the bench's settings have, asks Directus.
ASKING_PAGE = "/bench/profile/"
PAGES = {"the dashboard": "/", "a page that asks Directus": ASKING_PAGE}
LONG_AGO = "2000-01-01 00:00:00"


def storms(servers: Servers) -> list[Line]:
    """Let storms come over the site that runs behind the proxy."""
    browser = Browser(servers.ports.site)
    cookie = browser.sign_in(servers.accounts[0], PASSWORD)
    lines = []
    for name, path in PAGES.items():
        page = Page(servers.ports.site, cookie, path)
        found = [_storm(servers, page) for _ in range(ROUNDS)]
        what = f"{REQUESTS} requests with an expired token, {name}"
        # Not the median: one storm with two refreshes is one too many.
        refreshes = max((refreshes for refreshes, _ in found), key=lambda n: abs(n - 1))
        lines += [
            exactly(f"{what}: refreshes", refreshes, 1),
            exactly(f"{what}: answers 200", min(good for _, good in found), REQUESTS),
        ]
    return lines


def _storm(servers: Servers, page: Page) -> tuple[int, int]:
    """Return how many refreshes Directus saw, and how many pages came."""
    _expire(servers, page.cookie)
    servers.proxy.calls.clear()
    statuses = together(lambda: ask(page), REQUESTS)
    return servers.proxy.calls[REFRESH], statuses.count(200)


def _expire(servers: Servers, cookie: str) -> None:
    """Age the session: its access token is over, and Directus is to be asked again."""
    key = digest(cookie.partition("=")[2])
    aged = "UPDATE accounts_session SET access_expires_at = ?, validated_at = datetime("
    aged += "'now', '-65 seconds') WHERE session_key = ?"
    with closing(sqlite3.connect(servers.site_database, timeout=10)) as database:
        changed = database.execute(aged, (LONG_AGO, key)).rowcount
        database.commit()
    if changed != 1:
        raise ValueError("the session is not there")
