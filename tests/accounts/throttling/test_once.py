"""Values that may be used only once."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.throttling.limits import MINUTE, Attempt, Limit, since_success
from accounts.throttling.once import Once, last_seen

from ..steps import let_pass

pytestmark = pytest.mark.django_db
KIND = Limit("messages", 1, (11 * MINUTE,), settles=False)
CODES = Limit("codes", 1, (MINUTE,))


def test_what_was_seen_is_not_the_first():
    assert Once(KIND, "one").is_first()
    assert not Once(KIND, "one").is_first()
    assert Once(KIND, "two").is_first()


def test_it_may_come_again_if_it_was_not_used():
    code = Once(CODES, "123456")
    assert code.is_first()
    code.undo()
    assert code.is_first()
    code.keep()

    assert not code.is_first()


def test_the_latest_is_found_among_counters_that_end_later():
    failure = Attempt(since_success(3), "ada@example.com")
    for _ in range(3):
        failure.take()
        failure.failed()
    Once(KIND, "one").is_first()
    let_pass(minutes=5)
    Once(KIND, "two").is_first()

    assert abs(last_seen(KIND) - timezone.now()) < timedelta(minutes=1)
    assert last_seen(CODES) is None
