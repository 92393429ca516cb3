"""The counter of attempts itself."""

import pytest

from accounts.models import Attempts
from accounts.throttling import MINUTE, Attempt, Limit, Throttled, clear_ended

from .flows import let_pass

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


def test_what_counts_in_any_case_is_waited_for_by_nobody():
    attempt = Attempt(Limit("tests", 2, (MINUTE,), settles=False), "somebody")
    for _ in range(2):
        attempt.take()

    with pytest.raises(Throttled) as caught:
        attempt.take()

    assert not caught.value.waited
    let_pass(minutes=1)
    attempt.take()
    assert Attempts.objects.get().in_flight == 0


def test_a_success_leaves_no_row_behind():
    """Control C-ENUM-2: who signed in before is as unknown as who never did."""
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


def test_keys_do_not_tell_whom_they_count():
    take(1)

    assert "somebody" not in Attempts.objects.get().key


def test_ended_rows_are_deleted_a_day_later():
    take(2)

    assert clear_ended() == 0
    let_pass(days=2)
    assert clear_ended() == 1
