"""Several attempts at once, from many threads of several processes."""

import json
import os
import subprocess
import sys
from collections import Counter
from contextlib import closing
from urllib.parse import urlsplit

import psycopg
import pytest

from .hammer import ROUNDS, THREADS, attempts_of

pytestmark = pytest.mark.alone

PROCESSES = 3


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request, tmp_path):
    """The URL of an empty database with the site's tables."""
    url = f"sqlite:///{tmp_path / 'db.sqlite3'}"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_url")
    _run(url, "manage.py", "migrate", "--no-input", "-v", "0").communicate()
    with closing(_connect(url)) as connection, connection:
        connection.execute("DELETE FROM accounts_attempts")
    return url


def _run(url, *args):
    env = os.environ | {"TEST_DATABASE_URL": url}
    env["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    return subprocess.Popen(
        [sys.executable, *args],
        env=env,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def _connect(url):
    if url.startswith("sqlite"):
        import sqlite3

        return sqlite3.connect(urlsplit(url).path)
    return psycopg.connect(url)


def hammer(url, *outcomes):
    """Let all processes run at once; return the attempts that had room."""
    module = "tests.accounts.throttling.hammer"
    processes = [
        _run(url, "-m", module, str(n), ",".join(outcomes)) for n in range(PROCESSES)
    ]
    made = []
    for process in processes:
        output, errors = process.communicate(timeout=120)
        # A deadlock, a locked database or a duplicate row would be an error.
        assert process.returncode == 0, errors
        made += json.loads(output)
    return made


def rows(url):
    """Return (count, in flight) by key."""
    sql = "SELECT key, count, in_flight FROM accounts_attempts"
    with closing(_connect(url)) as connection:
        return {key: numbers for key, *numbers in connection.execute(sql).fetchall()}


def limits_by_key():
    return {
        one.key: one.limit.attempts
        for number in range(6)
        for one in attempts_of(number)
    }


def test_failures_use_each_limit_up_and_never_exceed_it(database):
    made = hammer(database, "failed")

    limits = limits_by_key()
    counted = Counter(key for *_times, keys, _outcome in made for key in keys)
    assert PROCESSES * THREADS * ROUNDS > 100
    assert all(counted[key] <= limits[key] for key in counted)
    # Both accounts are used up: each allows seven, whichever addresses they came from.
    assert len(made) == 14
    found = rows(database)
    # What was refused is counted nowhere, and nothing stays in flight.
    assert {key: count for key, (count, _) in found.items() if count} == counted
    assert not any(in_flight for _, in_flight in found.values())


def test_attempts_of_any_outcome_never_exceed_a_limit_at_any_time(database):
    made = hammer(database, "failed", "undone", "undone", "succeeded", "succeeded")

    limits = limits_by_key()
    assert len(made) > 40
    for key, limit in limits.items():
        moments = []
        for began, ended, keys, _outcome in made:
            if key in keys and not key.startswith("a-always"):
                moments += [(began, 1), (ended, -1)]
        at_once = most = 0
        for _moment, change in sorted(moments):
            at_once += change
            most = max(most, at_once)
        assert most <= limit
    found = rows(database)
    assert all(count <= limits[key] for key, (count, _) in found.items())
    assert not any(in_flight for _, in_flight in found.values())
