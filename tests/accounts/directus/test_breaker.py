"""The breaker and the budget for retries."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from itertools import islice

import pytest

from accounts.directus import (
    DirectusError,
    DirectusUnavailable,
    NotUnique,
    breaker,
)
from tests.fault_server import data, error, message, says, says_and_closes

from .calls import ADA, AUTH, CALLS, TOKENS

GOOD = data(ADA)


# The breaker


def fail(client, times):
    for _ in range(times):
        with pytest.raises(DirectusUnavailable):
            CALLS["refresh"](client)


def test_exactly_one_call_asks_whether_directus_is_back(serve, client_of):
    server = serve(says_and_closes(b""))
    client = client_of(server, open_seconds=0.2)
    fail(client, 5)
    others_are_refused = threading.Event()

    def answers_late(connection):
        others_are_refused.wait(4)
        return says(data(TOKENS))(connection)

    server.script = [answers_late]
    asked = len(server.requests)
    time.sleep(0.25)

    def ask():
        try:
            CALLS["refresh"](client)
        except DirectusUnavailable:
            return False
        return True

    with ThreadPoolExecutor(20) as threads:
        calls = [threads.submit(ask) for _ in range(20)]
        refused = list(islice(as_completed(calls), 19))
        others_are_refused.set()

    assert not any(call.result() for call in refused)
    assert [call.result() for call in calls].count(True) == 1
    assert len(server.requests) == asked + 1
    CALLS["refresh"](client)


@pytest.mark.parametrize("call", ["get", "refresh"])
def test_a_failed_probe_opens_again_and_is_not_repeated(serve, client_of, call):
    server = serve(says_and_closes(b""))
    client = client_of(server, auth=AUTH, open_seconds=1)
    fail(client, 5)
    asked = len(server.requests)

    for probes in (1, 2):
        time.sleep(1.05)
        for _ in range(3):
            with pytest.raises(DirectusUnavailable):
                CALLS[call](client)
        assert len(server.requests) == asked + probes


def test_an_outage_is_logged_once_and_so_is_its_end(serve, client_of, caplog):
    caplog.set_level("DEBUG", logger="accounts.directus.breaker")
    server = serve(says_and_closes(b""))
    client = client_of(server, open_seconds=1)
    fail(client, 8)
    time.sleep(1.05)
    fail(client, 3)
    server.script = [says(data(TOKENS))]
    time.sleep(1.05)
    for _ in range(3):
        CALLS["refresh"](client)

    assert [(r.levelname, r.getMessage(), r.event) for r in caplog.records] == [
        ("WARNING", "upstream.breaker open", "upstream.breaker"),
        ("DEBUG", "upstream.breaker half-open", "upstream.breaker"),
        ("DEBUG", "upstream.breaker open", "upstream.breaker"),
        ("DEBUG", "upstream.breaker half-open", "upstream.breaker"),
        ("INFO", "upstream.breaker closed", "upstream.breaker"),
    ]


@pytest.mark.parametrize(
    "refusal",
    [
        error(400, "RECORD_NOT_UNIQUE"),
        error(401, "INVALID_CREDENTIALS"),
        error(429, "REQUESTS_EXCEEDED"),
        # What a filter in front of Directus says to a crafted request.
        message(403, b"<html>Blocked</html>", "text/html"),
        message(431, b""),
        # What a crafted request can provoke must not lock others out.
        error(500, "INTERNAL_SERVER_ERROR"),
        error(503, "INVALID_PROVIDER_CONFIG"),
    ],
)
def test_answers_never_open_the_breaker(serve, client_of, refusal):
    server = serve(says(refusal))
    client = client_of(server)
    for _ in range(8):
        with pytest.raises(DirectusError, match=r"\d{3}"):
            CALLS["refresh"](client)

    assert len(server.requests) == 8


def test_an_answer_between_failures_starts_the_count_again(serve, client_of):
    lost = says_and_closes(b"")
    taken = says(error(400, "RECORD_NOT_UNIQUE"))
    server = serve(lost, lost, lost, lost, taken, lost)
    client = client_of(server, auth=AUTH)
    fail(client, 4)
    with pytest.raises(NotUnique):
        CALLS["update"](client)
    fail(client, 4)

    assert len(server.requests) == 9


@pytest.mark.parametrize(
    "nonsense",
    [
        message(200, b"<html>", "text/html"),
        message(200, b"{"),
        message(200, b"[]"),
        message(204),
        message(302, Location="/x"),
        message(503, b"<html>", "text/html"),
        error(503, "SERVICE_UNAVAILABLE"),
    ],
)
def test_nonsense_opens_the_breaker(serve, client_of, nonsense):
    server = serve(says(nonsense))
    client = client_of(server)
    fail(client, 7)

    assert len(server.requests) == 5


def test_a_call_that_began_earlier_does_not_keep_the_breaker_open(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(breaker.time, "monotonic", lambda: now[0])
    guarded = breaker.Breaker(open_seconds=5)
    calls = [guarded.guard() for _ in range(7)]
    for call in calls:
        call.__enter__()
    for call in calls[:5]:
        call.__exit__(OSError, OSError(), None)
    now[0] += 4
    calls[5].__exit__(OSError, OSError(), None)
    calls[6].__exit__(None, None, None)
    with pytest.raises(DirectusUnavailable):
        guarded.refuse_while_open()
    now[0] += 1

    guarded.refuse_while_open()
    with guarded.guard() as is_probe:
        assert is_probe


# The budget for retries


def test_an_outage_is_not_multiplied(serve, client_of):
    server = serve(says(error(503, "SERVICE_UNAVAILABLE")))
    client = client_of(server, auth=AUTH)
    client._transport._breaker.guard = lambda **_: NoBreaker()

    for _ in range(30):
        with pytest.raises(DirectusUnavailable):
            CALLS["get"](client)

    # Thirty calls, ten retries in stock, and one more for each ten calls.
    assert 40 <= len(server.requests) <= 43


class NoBreaker:
    def __enter__(self):
        return False

    def __exit__(self, *error):
        return None


def test_one_transport_serves_many_threads(serve, client_of):
    server = serve(says(GOOD))
    client = client_of(server, auth=AUTH)

    with ThreadPoolExecutor(16) as threads:
        users = list(threads.map(lambda _: CALLS["get"](client), range(200)))

    assert {user.email for user in users} == {"ada@example.com"}
    assert server.connections <= 32
    assert threading.active_count() < 100
