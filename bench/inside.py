"""Measurements inside a process of the site: `python -m bench.inside NAME`.

Prints one JSON object. Runs with the site's environment.
"""

import json
import sys
import time
from dataclasses import asdict
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import django

VISITS = 5


def count_queries(host: str, cookie: str, path: str) -> dict[str, Any]:
    """Count what one visit of a page asks the database; the worst of some."""
    from django.db import connection
    from django.test import Client

    client = Client(headers={"host": host, "cookie": cookie})
    counts = []
    for _ in range(VISITS):
        queries: list[str] = []

        def note(execute, sql, params, many, context, queries=queries):
            queries.append(sql)
            return execute(sql, params, many, context)

        with connection.execute_wrapper(note):
            response = client.get(path)
        if response.status_code != 200:
            raise ValueError(f"{path} answered {response.status_code}")
        counts.append(len(queries))
    return {"queries": max(counts)}


def count_sign_in(host: str, email: str, password: str) -> dict[str, Any]:
    """Count what sign-ins ask the database, for a known and an unknown browser."""
    from .statements import count_sign_in

    found = count_sign_in(host, email, password)
    return {browser: asdict(costs) for browser, costs in found.items()}


def weigh_buttons(host: str) -> dict[str, Any]:
    """Weigh the sign-in page, and the same page for a Directus without providers."""
    from unittest import mock

    from django.test import Client

    from accounts.core import sign_in_ways
    from accounts.directus import SignInWays

    client = Client(headers={"host": host})
    whole = client.get("/login/")
    with mock.patch.object(sign_in_ways, "sign_in_ways", return_value=SignInWays()):
        plain = client.get("/login/")
    if b'action="/sso/' not in whole.content or plain.status_code != 200:
        raise ValueError(f"/login/ answered {whole.status_code}")
    return {"with": len(whole.content), "without": len(plain.content)}


def fetch_users() -> dict[str, Any]:
    """Fetch and parse all users, and do nothing with them."""
    from accounts.core.clients import service_client

    started = time.perf_counter()
    count = sum(1 for _ in service_client().list_users())
    return {"rows": count, "seconds": time.perf_counter() - started}


def sync_users() -> dict[str, Any]:
    """Run directus_sync as an operator does."""
    from django.contrib.auth import get_user_model
    from django.core.management import call_command

    with open("/dev/null", "w") as nowhere:
        started = time.perf_counter()
        call_command("directus_sync", stdout=nowhere, stderr=nowhere)
        seconds = time.perf_counter() - started
    rows = get_user_model().objects.exclude(directus_id=None).count()
    return {"rows": rows, "seconds": seconds, "peak_mb": _peak()}


def sync_with_brake() -> dict[str, Any]:
    """Run directus_sync where too many are gone: it has to refuse."""
    from django.contrib.auth import get_user_model
    from django.core.management import CommandError, call_command

    users = get_user_model().objects.filter(is_active=True)
    before = users.count()
    started = time.perf_counter()
    with open("/dev/null", "w") as nowhere:
        try:
            call_command("directus_sync", stdout=nowhere, stderr=nowhere)
        except CommandError:
            pass
    seconds = time.perf_counter() - started
    return {"rows": before, "seconds": seconds, "lost": before - users.count()}


def make_sessions(tokens: str, number: str) -> list[str]:
    """Make so many sessions of these users; return their cookies.

    Args:
        tokens: JSON; an access and a refresh token by the address of a user.
    """
    from django.conf import settings
    from django.contrib import auth
    from django.utils import timezone

    from accounts.directus import TokenPair
    from accounts.models import User
    from accounts.sessions import SessionStore

    pairs = json.loads(tokens)
    users = {user.email: user for user in User.objects.filter(email__in=pairs)}
    ends = time.time() + 600
    cookies = []
    for email in islice(cycle(pairs), int(number)):
        user, session = users[email], SessionStore()
        session[auth.SESSION_KEY] = str(user.pk)
        session[auth.BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[-2]
        session[auth.HASH_SESSION_KEY] = user.get_session_auth_hash()
        session.create()
        session.update_row(
            user=user, authenticated_at=timezone.now(), user_agent="bench"
        )
        session.tokens.start(TokenPair(*pairs[email], ends))
        cookies.append(f"{settings.SESSION_COOKIE_NAME}={session.session_key}")
    return cookies


def delete_many_sessions(number: str, rounds: str) -> dict[str, list[float]]:
    """End so many sessions of visitors, as the site does and in SQL alone."""
    from django.db import connection, transaction
    from django.utils import timezone

    from accounts.models import Session
    from accounts.sessions.ending import delete_sessions

    def site() -> None:
        delete_sessions(rows)

    def alone() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT * FROM accounts_session WHERE provider = 'bench'")
            cursor.fetchall()
            cursor.execute("DELETE FROM accounts_session WHERE provider = 'bench'")

    found: dict[str, list[float]] = {"site": [], "alone": []}
    rows = Session.objects.filter(provider="bench")
    end = timezone.now() + timezone.timedelta(days=1)
    for _ in range(int(rounds)):
        for way in (site, alone):
            Session.objects.bulk_create(
                Session(session_key=f"bench-{n}", expire_date=end, provider="bench")
                for n in range(int(number))
            )
            began = time.perf_counter()
            way()
            found[way.__name__].append(time.perf_counter() - began)
    return found


def _peak() -> float:
    """Return the most memory that was resident at once, in MB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise ValueError("the kernel does not say")


MEASUREMENTS = {
    "queries": count_queries,
    "sign-in": count_sign_in,
    "buttons": weigh_buttons,
    "fetch": fetch_users,
    "sync": sync_users,
    "braked-sync": sync_with_brake,
    "sessions": make_sessions,
    "deletion": delete_many_sessions,
}

if __name__ == "__main__":
    django.setup()
    what, *args = sys.argv[1:]
    print(json.dumps(MEASUREMENTS[what](*args)))
