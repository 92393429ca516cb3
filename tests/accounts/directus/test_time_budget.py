"""All calls of one request share its time."""

import threading
import time

import pytest

from accounts.directus import DirectusUnavailable, time_budget
from accounts.directus.time_budget import RESERVE_SECONDS, seconds_left
from tests.fault_server import data, hangs, says

from .calls import ADA, AUTH, CALLS, TOKENS


def test_many_calls_take_no_longer_than_one_may(serve, client_of):
    client = client_of(serve(hangs()), auth=AUTH)
    began = time.monotonic()

    with time_budget(1.0):
        for call in ("get", "refresh", "login", "register", "get", "ping") * 3:
            with pytest.raises(DirectusUnavailable):
                CALLS[call](client)

    # A busy machine adds to it; one call alone would take five to ten seconds.
    assert time.monotonic() - began < 4


@pytest.mark.parametrize("call", CALLS)
def test_without_time_nothing_is_sent(serve, client_of, call):
    server = serve(says(data(ADA)))
    client = client_of(server, auth=AUTH)

    with time_budget(-RESERVE_SECONDS), pytest.raises(DirectusUnavailable) as caught:
        CALLS[call](client)

    assert (caught.value.never_sent, caught.value.timed_out) == (True, True)
    assert server.requests == []


def test_a_password_is_not_sent_when_the_answer_cannot_come_in_time(serve, client_of):
    server = serve(says(data(TOKENS)))

    with time_budget(0.9), pytest.raises(DirectusUnavailable) as caught:
        CALLS["reset"](client_of(server))

    assert caught.value.never_sent
    assert server.requests == []


def test_tokens_are_revoked_though_the_time_is_over(serve, client_of):
    server = serve(says(data(None)))

    with time_budget(0):
        CALLS["logout"](client_of(server))

    assert len(server.requests) == 1


def test_time_that_ran_out_is_no_failure_of_directus(serve, client_of):
    server = serve(says(data(ADA)))
    client = client_of(server, auth=AUTH)
    with time_budget(0):
        for _ in range(9):
            with pytest.raises(DirectusUnavailable):
                CALLS["get"](client)

    assert CALLS["get"](client).email == "ada@example.com"


def test_each_request_has_its_own_time():
    found = []
    with time_budget(5):
        thread = threading.Thread(target=lambda: found.append(seconds_left()))
        thread.start()
        thread.join()
        assert 0 < seconds_left() <= 5

    assert found == [None]
    assert seconds_left() is None
