"""The counter of attempts itself."""

import threading

import pytest

from accounts.models import Attempts
from accounts.throttling import limits
from accounts.throttling.limits import (
    BUSY_SECONDS,
    LEASE_SECONDS,
    MINUTE,
    Attempt,
    Limit,
    Throttled,
    clear_ended,
    since_success,
    take_all,
)

from ..steps import let_pass

pytestmark = pytest.mark.django_db

LIMIT = Limit("tests", 2, (5 * MINUTE, 15 * MINUTE))


def take(n=1):
    for _ in range(n):
        attempt = Attempt(LIMIT, "somebody")
        attempt.take()
        attempt.failed()


def test_an_attempt_too_many_is_refused_until_the_window_ends():
    take(2)

    with pytest.raises(Throttled) as caught:
        take()

    assert 4 * MINUTE < caught.value.retry_after <= 5 * MINUTE
    let_pass(minutes=5)
    take()


def test_the_window_after_one_that_was_used_up_is_longer():
    take(2)
    let_pass(minutes=5)
    take(2)

    with pytest.raises(Throttled) as caught:
        take()

    assert 14 * MINUTE < caught.value.retry_after <= 15 * MINUTE


def test_a_quiet_window_makes_the_next_one_short_again():
    take(2)
    let_pass(minutes=5)
    take(1)
    let_pass(minutes=15)
    take(2)

    with pytest.raises(Throttled) as caught:
        take()

    assert caught.value.retry_after <= 5 * MINUTE


def test_what_is_undone_is_not_counted():
    take(1)
    attempt = Attempt(LIMIT, "somebody")
    attempt.take()
    attempt.undo()

    take(1)

    with pytest.raises(Throttled):
        take()


def test_no_attempt_waits_for_one_that_counts_in_any_case():
    attempt = Attempt(Limit("tests", 2, (MINUTE,), settles=False), "somebody")
    for _ in range(2):
        attempt.take()

    with pytest.raises(Throttled) as caught:
        attempt.take()

    assert not caught.value.waited
    let_pass(minutes=1)
    attempt.take()
    assert Attempts.objects.get().in_flight == 0


def test_of_several_limits_none_is_used_when_one_is_used_up():
    take(2)
    others = [Attempt(Limit(f"other{n}", 2, (MINUTE,)), "somebody") for n in range(2)]
    always = Attempt(Limit("always", 2, (MINUTE,), settles=False), "somebody")

    with pytest.raises(Throttled):
        take_all([*others, always, Attempt(LIMIT, "somebody")])

    for attempt in [*others, always]:
        assert (attempt.read().count, attempt.read().in_flight) == (0, 0)


# Attempts without an outcome


@pytest.fixture
def naps(monkeypatch):
    """The seconds that attempts waited; waiting takes no time in these tests."""
    naps = []

    class Clock:
        def monotonic(self):
            return sum(naps)

        def sleep(self, seconds):
            naps.append(seconds)

    monkeypatch.setattr(limits, "time", Clock())
    return naps


def kill(n=2, limit=LIMIT):
    """Let processes die in the middle of so many attempts."""
    for _ in range(n):
        Attempt(limit, "somebody").take()


def test_an_attempt_without_an_outcome_is_waited_for_two_seconds(naps):
    kill()

    with pytest.raises(Throttled) as caught:
        take()

    assert caught.value.waited
    assert caught.value.retry_after == BUSY_SECONDS
    assert 1.9 < sum(naps) < 2.2


def test_several_limits_are_waited_for_two_seconds_together(naps):
    busy = Limit("busy", 1, (MINUTE,))
    kill()
    kill(1, busy)

    def settle_the_first(seconds):
        naps.append(1.5)
        Attempt(LIMIT, "somebody").undo()

    limits.time.sleep = settle_the_first
    with pytest.raises(Throttled):
        take_all([Attempt(LIMIT, "somebody"), Attempt(busy, "somebody")])

    assert sum(naps) <= 3


def test_a_waiting_attempt_goes_on_as_soon_as_there_is_an_outcome(naps):
    kill()
    sleep = limits.time.sleep

    def settle(seconds):
        sleep(seconds)
        Attempt(LIMIT, "somebody").succeeded()

    limits.time.sleep = settle
    take()

    assert len(naps) == 1


def test_few_may_wait_and_the_others_are_refused_at_once(naps, monkeypatch):
    monkeypatch.setattr(limits, "_waiters", threading.BoundedSemaphore(1))
    limits._waiters.acquire()
    kill()

    with pytest.raises(Throttled) as caught:
        take()

    assert not naps
    assert not caught.value.waited
    assert caught.value.retry_after == BUSY_SECONDS


def test_a_place_to_wait_is_given_back(naps, monkeypatch):
    monkeypatch.setattr(limits, "_waiters", threading.BoundedSemaphore(1))
    kill()
    for _ in range(2):
        with pytest.raises(Throttled) as caught:
            take()
        assert caught.value.waited


def test_a_process_that_died_is_not_waited_for_for_long(naps):
    """Its attempts stay counted: they may have failed."""
    kill()
    let_pass(seconds=LEASE_SECONDS)

    with pytest.raises(Throttled) as caught:
        take()

    assert not naps
    assert caught.value.retry_after > 4 * MINUTE
    let_pass(minutes=5)
    take()


def test_nor_does_it_keep_a_row_after_a_success(naps):
    kill(1)
    let_pass(seconds=LEASE_SECONDS)
    attempt = Attempt(LIMIT, "somebody")
    attempt.take()

    attempt.succeeded()

    assert not Attempts.objects.exists()


def test_an_unsettled_row_of_an_older_version_is_not_waited_for(naps):
    kill()
    Attempts.objects.update(in_flight_until=None)

    with pytest.raises(Throttled):
        take()

    assert not naps


def test_the_admin_is_told_when_a_dead_process_used_up_the_limit():
    kill()
    assert Attempt(LIMIT, "somebody").used_up_until() is None

    let_pass(seconds=LEASE_SECONDS)

    assert Attempt(LIMIT, "somebody").used_up_until() is not None


# How long rows live


# Directus suspends after 25.
STRANGERS = since_success(20, 5)


def fail_since_success(n, limit=STRANGERS):
    for _ in range(n):
        attempt = Attempt(limit, "somebody")
        attempt.take()
        attempt.failed()


def test_one_failure_for_an_unknown_address_is_forgotten_after_weeks():
    fail_since_success(1)

    let_pass(days=36)
    assert clear_ended() == 0
    let_pass(days=3)
    assert clear_ended() == 1


def test_an_unsettled_attempt_is_forgotten_after_days():
    Attempt(STRANGERS, "somebody").take()

    let_pass(days=3)

    assert clear_ended() == 1


def test_what_directus_would_suspend_for_is_remembered_for_a_year():
    fail_since_success(20)
    let_pass(days=364)
    clear_ended()

    with pytest.raises(Throttled) as caught:
        fail_since_success(1)

    assert caught.value.retry_after <= 60 * MINUTE


def test_nothing_is_remembered_for_longer():
    fail_since_success(20)

    let_pass(days=367)

    assert clear_ended() == 1


@pytest.mark.parametrize("suspends_after", [3, 10, 25])
@pytest.mark.parametrize("margin", [2, 5])
@pytest.mark.parametrize("quiet_weeks", [0, 4, 8, 16, 25])
@pytest.mark.parametrize("a_week", [1, 30])
def test_patient_strangers_suspend_no_user_within_half_a_year(
    suspends_after, margin, quiet_weeks, a_week
):
    """They try once per forgotten count, and after some weeks as often as they can."""
    attempts = max(1, suspends_after - margin)
    limit = since_success(attempts, suspends_after - attempts)
    tried = 0
    for week in range(26):
        for _ in range(a_week if week >= quiet_weeks else 1):
            if week < quiet_weeks and Attempts.objects.exists():
                break
            try:
                fail_since_success(1, limit)
            except Throttled:
                break
            tried += 1
        let_pass(days=7)
        clear_ended()

    assert tried <= suspends_after


def test_a_success_leaves_no_row_behind():
    """After a success the rows are the same as before the first attempt."""
    take(1)
    attempt = Attempt(LIMIT, "somebody")
    attempt.take()

    attempt.succeeded()

    assert not Attempts.objects.exists()


def test_a_success_leaves_the_attempts_that_are_still_under_way():
    first, second = Attempt(LIMIT, "somebody"), Attempt(LIMIT, "somebody")
    first.take()
    second.take()

    first.succeeded()

    row = Attempts.objects.get()
    assert (row.count, row.in_flight) == (1, 1)


def test_keys_do_not_reveal_the_counted_name():
    take(1)

    assert "somebody" not in Attempts.objects.get().key


def test_ended_rows_are_deleted_a_day_later():
    take(2)

    assert clear_ended() == 0
    let_pass(days=2)
    assert clear_ended() == 1
