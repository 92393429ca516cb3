"""Many rows at once, while others write."""

import sqlite3
import threading
import time
from datetime import timedelta

import pytest
from django.conf import settings as django_settings
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from accounts.core import batches
from accounts.core.batches import delete_in_batches
from accounts.models import Session, User
from accounts.sessions import ending
from accounts.sessions.ending import delete_sessions, end_sessions

pytestmark = pytest.mark.django_db(transaction=True)


def make(count, **columns):
    """Make sessions that ended long ago."""
    ended = {"expire_date": timezone.now() - timedelta(days=1), "session_data": ""}
    Session.objects.bulk_create(
        [
            Session(session_key=f"{number:040}", **ended | columns)
            for number in range(count)
        ],
        batch_size=1000,
    )


def deletions(queries):
    return [q["sql"] for q in queries if q["sql"].startswith("DELETE")]


@pytest.mark.parametrize(("rows", "size"), [(0, 3), (1, 3), (3, 3), (10, 3), (7, 100)])
def test_all_rows_of_a_queryset_go_and_no_others(rows, size):
    make(rows)
    stays = Session.objects.create(
        session_key="x" * 40, expire_date=timezone.now() + timedelta(days=1)
    )

    deleted = delete_in_batches(
        Session.objects.filter(expire_date__lt=timezone.now()), size
    )

    assert deleted == rows
    assert Session.objects.get() == stays


def test_no_statement_takes_more_than_a_batch(django_assert_max_num_queries):
    make(2500)

    with django_assert_max_num_queries(20) as queries:
        call_command("clearsessions")

    assert not Session.objects.exists()
    of_sessions = [q for q in deletions(queries) if "accounts_session" in q]
    assert len(of_sessions) == 3


def test_a_row_that_comes_to_life_meanwhile_stays(monkeypatch):
    make(3)
    rows = Session.objects.filter(expire_date__lt=timezone.now())
    real = batches.time.monotonic

    def revive():
        Session.objects.filter(session_key=f"{1:040}").update(
            expire_date=timezone.now() + timedelta(days=1)
        )
        return real()

    monkeypatch.setattr(batches.time, "monotonic", revive)

    assert delete_in_batches(rows) == 2
    assert Session.objects.count() == 1


def test_ending_many_sessions_takes_many_short_transactions(
    monkeypatch, django_assert_max_num_queries
):
    monkeypatch.setattr(ending, "MOST_AT_ONCE", 10)
    user = User.objects.create(email="ada@example.com")
    make(35, user=user)

    with django_assert_max_num_queries(40) as queries:
        ended = delete_sessions(user.sessions.all())

    assert len(ended) == 35
    assert len(deletions(queries)) == 4
    assert not Session.objects.exists()
    assert end_sessions(user.sessions.all()) == 0


@pytest.mark.alone
@pytest.mark.skipif(
    "sqlite3" not in django_settings.DATABASES["default"]["ENGINE"],
    reason="in PostgreSQL writers of different rows do not wait for each other",
)
def test_others_write_while_many_rows_go():
    make(20_000)
    waits = []
    done = threading.Event()

    def write():
        other = sqlite3.connect(
            connection.settings_dict["NAME"], timeout=5, isolation_level=None
        )
        other.execute("CREATE TABLE IF NOT EXISTS beside (x)")
        while not done.is_set():
            began = time.monotonic()
            other.execute("INSERT INTO beside VALUES (1)")
            waits.append(time.monotonic() - began)
            time.sleep(0.01)
        other.execute("DROP TABLE beside")
        other.close()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        call_command("clearsessions")
    finally:
        done.set()
        writer.join()

    assert not Session.objects.exists()
    assert len(waits) > 5
    # Each waits for a batch or two.
    assert max(waits) < 2
