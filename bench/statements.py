"""The statements and transactions of a sign-in, counted in a process of the site."""

from collections.abc import Iterable
from dataclasses import dataclass

BEGINS = ("BEGIN",)
ENDS = ("COMMIT", "ROLLBACK")
SAVEPOINTS = ("SAVEPOINT", "RELEASE")
# With a blank, as others begin alike.
ROLLBACK_TO = "ROLLBACK TO"


@dataclass
class Costs:
    """Counted costs of one request or several.

    Attributes:
        statements: without those that control transactions.
        transactions: that write; a statement of its own is one, too.
        reads: single statements that read, outside of a transaction.
        savepoints: without their release.
    """

    statements: int = 0
    transactions: int = 0
    reads: int = 0
    savepoints: int = 0


def costs_of(statements: Iterable[str]) -> Costs:
    """Count statements as Django's debug cursor logs them."""
    costs = Costs()
    is_open = False
    for sql in map(str.strip, statements):
        if sql.startswith(BEGINS):
            is_open = True
            costs.transactions += 1
        elif sql.startswith((*SAVEPOINTS, ROLLBACK_TO)):
            costs.savepoints += sql.startswith("SAVEPOINT")
        elif sql.startswith(ENDS):
            is_open = False
        else:
            costs.statements += 1
            is_read = sql.startswith("SELECT")
            costs.reads += is_read and not is_open
            costs.transactions += not is_read and not is_open
    return costs


def count_sign_in(host: str, email: str, password: str) -> dict[str, Costs]:
    """Sign a user in with browsers that do and do not know the user.

    Both the page with the form and its answer count. The user has signed in before.

    Args:
        host: the name of the site, with its port.
    """
    from django.test import Client

    first = _sign_in(Client(), host, email, password)
    browser = Client()
    browser.cookies = first
    for name in list(browser.cookies):
        if name.endswith("session"):
            del browser.cookies[name]
    return {
        "known": _counted(browser, host, email, password),
        "unknown": _counted(Client(), host, email, password),
    }


def _counted(browser, host: str, email: str, password: str) -> Costs:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as queries:
        _sign_in(browser, host, email, password)
    return costs_of(query["sql"] for query in queries)


def _sign_in(browser, host: str, email: str, password: str):
    form = {"email": email, "password": password}
    headers = {"host": host, "user-agent": "Mozilla/5.0 (X11; Linux x86_64)"}
    page = browser.get("/login/", headers=headers)
    answer = browser.post("/login/", form, headers=headers)
    if (page.status_code, answer.status_code) != (200, 302):
        raise ValueError(f"/login/ answered {page.status_code}, {answer.status_code}")
    return browser.cookies
