"""What tests of sessions share: the row behind a browser, its age, and threads."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import connections
from django.utils import timezone

from accounts.models import Session
from accounts.sessions import SessionStore
from accounts.sessions.keys import digest
from accounts.two_factor import demand

# The first page redirects signed-out visitors to this address.
TO_LOGIN = "/login/?next=/"


def key_of(browser) -> str:
    """Return the session key in a browser's cookie."""
    return browser.cookies[settings.SESSION_COOKIE_NAME].value


def rows_with(key: str):
    """Return the rows that a session key opens: one, or none."""
    return Session.objects.filter(session_key=digest(key))


def visit_site(browser) -> None:
    """Give a browser an anonymous session."""
    session = SessionStore()
    session["word"] = "a visitor's"
    session.create()
    browser.cookies[settings.SESSION_COOKIE_NAME] = session.session_key


def store_of(browser) -> SessionStore:
    """Return the session of a browser, as one more request loads it."""
    return SessionStore(key_of(browser))


def row_of(browser) -> Session:
    """Return the row of a browser's session, from the database."""
    return rows_with(key_of(browser)).get()


def make_old(browser, **validated: float) -> None:
    """Let Directus have confirmed the session so long ago: `minutes=10`."""
    ago = timezone.now() - timedelta(**validated)
    rows_with(key_of(browser)).update(validated_at=ago)
    demand.forget()


def make_stale(browser) -> None:
    """Let the access token of a browser's session be out of date, as of now."""
    rows_with(key_of(browser)).update(
        access_expires_at=timezone.now() - timedelta(seconds=1)
    )


def in_threads(count: int, action: Callable[[int], Any]) -> list[Any]:
    """Do something in so many threads at once; return the results in order."""

    def run(number: int) -> Any:
        try:
            return action(number)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))
