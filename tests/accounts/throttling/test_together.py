"""Several attempts at once count and settle as the same attempts one by one do."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import combinations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Attempts
from accounts.throttling import limits
from accounts.throttling.limits import (
    LEASE_SECONDS,
    MINUTE,
    YEAR,
    Attempt,
    Limit,
    Throttled,
    settle_all,
    since_success,
    take_all,
)

pytestmark = pytest.mark.django_db

ATTEMPTS = [
    Attempt(Limit("two-windows", 2, (MINUTE, 5 * MINUTE)), "a"),
    Attempt(Limit("three", 3, (2 * MINUTE,)), "a"),
    Attempt(Limit("always", 4, (MINUTE,), settles=False), "b"),
    Attempt(since_success(3, 2), "c"),
]
SUBSETS = [list(some) for n in range(1, 5) for some in combinations(ATTEMPTS, n)]


# One by one, as the first version of the counters had it


@dataclass(frozen=True)
class Row:
    """A row of the model."""

    count: int
    in_flight: int
    strikes: int
    ends_at: datetime
    lease: datetime


class OneByOne:
    """A model in memory of counters that are taken and settled one after the other."""

    def __init__(self):
        self.rows = {}

    def take_all(self, attempts, now):
        """Return whether all have room; otherwise none stays counted."""
        for number, attempt in enumerate(attempts):
            if not self._take(attempt, now):
                for one in attempts[:number]:
                    self.undone(one)
                return False
        return True

    def _take(self, attempt, now):
        limit, row = attempt.limit, self.rows.get(attempt.key)
        lease = now + timedelta(seconds=LEASE_SECONDS)
        one = int(limit.settles)
        strikes = 0
        if row is not None and row.ends_at > now:
            if row.count >= limit.attempts:
                return False
            others = row.in_flight if row.lease > now else 0
            self.rows[attempt.key] = replace(
                row, count=row.count + 1, in_flight=others + one, lease=lease
            )
            return True
        if row is not None and row.count >= limit.attempts:
            strikes = row.strikes + 1
        seconds = limit.windows[min(strikes, len(limit.windows) - 1)]
        ends_at = now + timedelta(seconds=seconds)
        self.rows[attempt.key] = Row(1, one, strikes, ends_at, lease)
        return True

    def failed(self, attempt, now):
        row = self.rows.get(attempt.key)
        if row is None:
            return
        ends_at = row.ends_at
        if attempt.limit.longer_by:
            longer = timedelta(seconds=attempt.limit.longer_by)
            ends_at = min(ends_at + longer, now + timedelta(seconds=YEAR))
        fewer = max(row.in_flight - 1, 0)
        self.rows[attempt.key] = replace(row, in_flight=fewer, ends_at=ends_at)

    def undone(self, attempt, now=None):
        row = self.rows.get(attempt.key)
        if row is not None:
            count, in_flight = max(row.count - 1, 0), max(row.in_flight - 1, 0)
            self.rows[attempt.key] = replace(row, count=count, in_flight=in_flight)

    def succeeded(self, attempt, now):
        row = self.rows.get(attempt.key)
        if row is not None and row.in_flight <= 1:
            del self.rows[attempt.key]
        elif row is not None:
            others = row.in_flight - 1
            self.rows[attempt.key] = replace(
                row, count=others, in_flight=others, strikes=0
            )


def rows_in_database():
    return {
        row.key: Row(
            row.count,
            row.in_flight,
            row.strikes,
            row.window_ends_at,
            row.in_flight_until,
        )
        for row in Attempts.objects.all()
    }


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("take"), st.permutations(ATTEMPTS), st.integers(1, 4)),
        st.tuples(
            st.just("settle"),
            st.lists(
                st.sampled_from(["failed", "undone", "succeeded", ""]),
                min_size=len(ATTEMPTS),
                max_size=len(ATTEMPTS),
            ),
        ),
        st.tuples(st.just("pass"), st.sampled_from([1, 31, 61, 301, 90_000])),
    ),
    min_size=1,
    max_size=25,
)


@pytest.fixture
def clock(monkeypatch):
    """The time of the site, which the test moves; no attempt waits for another."""
    clock = [datetime(2026, 1, 1, tzinfo=UTC)]
    monkeypatch.setattr(timezone, "now", lambda: clock[0])
    monkeypatch.setattr(limits, "WAIT_SECONDS", 0)
    return clock


@settings(
    max_examples=80,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps=STEPS)
def test_any_course_leaves_the_rows_that_it_leaves_one_by_one(clock, steps):
    Attempts.objects.all().delete()
    model = OneByOne()
    for step, *what in steps:
        if step == "pass":
            clock[0] += timedelta(seconds=what[0])
        elif step == "take":
            order, number = what
            _take_in_both(model, order[:number], clock[0])
        else:
            _settle_in_both(model, what[0], clock[0])
        assert rows_in_database() == model.rows


def _take_in_both(model, attempts, now):
    expected = model.take_all(attempts, now)
    try:
        take_all(attempts)
        has_room = True
    except Throttled:
        has_room = False
    assert has_room == expected


def _settle_in_both(model, outcomes, now):
    settled = {"failed": [], "undone": [], "succeeded": []}
    for attempt, outcome in zip(ATTEMPTS, outcomes, strict=True):
        if outcome:
            settled[outcome].append(attempt)
            getattr(model, outcome)(attempt, now)
    settle_all(**settled)


# What it costs


def statements(work):
    with CaptureQueriesContext(connection) as queries:
        work()
    control = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE")
    sql = [query["sql"].strip() for query in queries]
    return [each for each in sql if not each.startswith(control)]


@pytest.mark.parametrize("attempts", SUBSETS)
def test_any_number_is_counted_with_one_statement(attempts):
    assert len(statements(lambda: take_all(attempts))) == 1
    # Also in a window that was opened before.
    assert len(statements(lambda: take_all(attempts))) == 1


def test_any_number_is_settled_with_two_statements_at_most():
    first, *others = ATTEMPTS
    take_all(ATTEMPTS)
    assert len(statements(lambda: settle_all(failed=[first], undone=others))) == 1
    take_all(ATTEMPTS)
    assert len(statements(lambda: settle_all(undone=ATTEMPTS))) == 1
    take_all(ATTEMPTS)
    assert len(statements(lambda: settle_all(succeeded=[first], undone=others))) == 2


def test_nothing_costs_nothing():
    assert statements(lambda: (take_all([]), settle_all())) == []


def test_the_rows_are_reached_in_the_order_of_their_keys():
    (sql,) = statements(lambda: take_all(ATTEMPTS[::-1]))

    keys = sorted(attempt.key for attempt in ATTEMPTS)
    places = [sql.index(key) for key in keys]
    assert places == sorted(places)
