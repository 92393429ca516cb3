"""Measurements inside a process of the site: `python -m bench.inside NAME`.

Prints one JSON object. Runs with the site's environment.
"""

import json
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import django

VISITS = 5


def count_queries(host: str, cookie: str) -> dict[str, Any]:
    """Count what one visit of the dashboard asks the database; the worst of some."""
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
            response = client.get("/")
        if response.status_code != 200:
            raise ValueError(f"/ answered {response.status_code}")
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
}

if __name__ == "__main__":
    django.setup()
    what, *args = sys.argv[1:]
    print(json.dumps(MEASUREMENTS[what](*args)))
