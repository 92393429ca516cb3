"""Everything that a network and a broken server can do, over a real socket."""

import socket
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from accounts.directus import DirectusUnavailable, RateLimited
from accounts.directus.transport import RETRY_DELAY
from tests.fault_server import (
    after,
    data,
    drips,
    error,
    hangs,
    message,
    says,
    says_and_closes,
    says_and_resets,
)

from .calls import (
    ADA,
    AUTH,
    CALLS,
    ONCE,
    QUICK,
    READS,
    TOKENS,
    at_most,
    quickest_failure,
)

GOOD = data(ADA)
GOOD_BODY = GOOD.partition(b"\r\n\r\n")[2]
GOOD_LOGIN = data(TOKENS)


@pytest.fixture
def closed_port():
    """Return the address of a port on which no server listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    return f"http://127.0.0.1:{port}"


# Refused


@pytest.mark.parametrize("call", CALLS)
def test_a_refused_connection_is_an_outage(client_of, closed_port, call):
    with pytest.raises(DirectusUnavailable) as caught:
        CALLS[call](client_of(closed_port, auth=AUTH))
    assert not caught.value.timed_out


@pytest.mark.parametrize("call", ["login", "register", "reset"])
def test_a_refused_connection_is_known_at_once(
    client_of, closed_port, call, monkeypatch
):
    monkeypatch.setattr("accounts.directus.transport.RETRY_DELAY", RETRY_DELAY)
    client = client_of(closed_port)

    assert quickest_failure(lambda: CALLS[call](client)) < 0.3


def test_a_refused_connection_is_tried_twice(client_of, closed_port, monkeypatch):
    """Directus comes back between the two."""
    monkeypatch.setattr("accounts.directus.transport.RETRY_DELAY", RETRY_DELAY)
    client = client_of(closed_port)
    port = int(closed_port.rpartition(":")[2])

    def come_back():
        time.sleep(0.02)
        return socket.create_server(("127.0.0.1", port))

    with ThreadPoolExecutor(1) as threads:
        listening = threads.submit(come_back)
        # It accepts and never answers; the second attempt got that far.
        with pytest.raises(DirectusUnavailable) as caught:
            client.logout("r", timeout=0.6)
        listening.result().close()
    assert caught.value.timed_out


def test_after_five_failures_nothing_is_asked(client_of, closed_port, caplog):
    client = client_of(closed_port)
    for _ in range(5):
        with pytest.raises(DirectusUnavailable):
            CALLS["login"](client)

    with pytest.raises(DirectusUnavailable) as caught:
        CALLS["login"](client)
    assert 1 <= caught.value.retry_after <= 5
    assert quickest_failure(lambda: CALLS["login"](client)) < 0.05
    events = [r.getMessage() for r in caplog.records if hasattr(r, "event")]
    assert events == ["upstream.breaker open"]


# The server accepts and never answers


@pytest.mark.parametrize("call", CALLS)
def test_silence_ends_with_the_deadline(serve, client_of, call):
    server = serve(hangs())
    client = client_of(server, auth=AUTH, **QUICK)

    patience = 1.5 if call != "logout" else 3.5
    with at_most(patience), pytest.raises(DirectusUnavailable) as caught:
        CALLS[call](client)
    assert caught.value.timed_out
    assert server.arrived(1) == 1


def test_a_login_may_take_longer_than_other_calls(serve, client_of):
    server = serve(after(0.4, says(GOOD_LOGIN)))
    client = client_of(server, read_timeout=0.1, total_timeout=0.2, login_timeout=2.0)

    assert CALLS["login"](client).access_token == TOKENS["access_token"]
    with pytest.raises(DirectusUnavailable):
        CALLS["refresh"](client)


# One byte at a time


@pytest.mark.parametrize("quick", [0, 20, len(GOOD) - 60])
@pytest.mark.parametrize("call", ["login", "me"])
def test_a_drip_ends_with_the_deadline(serve, client_of, call, quick):
    content = GOOD if call == "me" else GOOD_LOGIN
    server = serve(drips(content, quick=min(quick, len(content) - 60), pause=0.04))
    client = client_of(server, auth=AUTH, **QUICK)

    with at_most(2.0), pytest.raises(DirectusUnavailable) as caught:
        CALLS[call](client)
    assert caught.value.timed_out


def test_a_drip_that_ends_in_time_is_an_answer(serve, client_of):
    server = serve(drips(GOOD, pause=0.001))

    assert CALLS["get"](client_of(server, auth=AUTH)).email == "ada@example.com"


# The connection breaks off


CUTS = {
    "nothing": 0,
    "in the status line": 9,
    "in a header": 30,
    "before the body": GOOD.index(b"\r\n\r\n") + 4,
    "in the body": len(GOOD) - 20,
}


@pytest.mark.parametrize("ends", [says_and_resets, says_and_closes])
@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("call", ["login", *ONCE])
def test_what_broke_off_is_sent_once(serve, client_of, call, cut, ends):
    server = serve(ends(GOOD[: CUTS[cut]]))
    client = client_of(server, auth=AUTH)

    with at_most(2.0), pytest.raises(DirectusUnavailable):
        CALLS[call](client)
    assert len(server.requests) == 1


@pytest.mark.parametrize("ends", [says_and_resets, says_and_closes])
@pytest.mark.parametrize("cut", CUTS)
def test_a_read_that_broke_off_is_repeated(serve, client_of, cut, ends):
    server = serve(ends(GOOD[: CUTS[cut]]), says(GOOD))

    assert CALLS["get"](client_of(server, auth=AUTH)).email == "ada@example.com"
    assert len(server.requests) == 2


@pytest.mark.parametrize("call", READS)
def test_a_read_is_repeated_once_only(serve, client_of, call):
    server = serve(says_and_closes(b""))

    with pytest.raises(DirectusUnavailable):
        CALLS[call](client_of(server, auth=AUTH))
    assert len(server.requests) == 2


@pytest.mark.parametrize("script", [[], [says(GOOD)]], ids=["new", "kept"])
def test_a_read_that_timed_out_is_not_repeated(serve, client_of, script):
    server = serve(*script, hangs(0.5), says(GOOD))
    client = client_of(server, auth=AUTH, read_timeout=0.1)
    for _ in script:
        CALLS["get"](client)

    with pytest.raises(DirectusUnavailable) as caught:
        CALLS["get"](client)
    assert caught.value.timed_out
    assert len(server.requests) == len(script) + 1


# A proxy speaks


@pytest.mark.parametrize("status", [502, 504])
@pytest.mark.parametrize("call", CALLS)
def test_a_proxys_page_is_no_answer(serve, client_of, call, status, caplog):
    page = b"<html><h1>Bad Gateway</h1>Canary-page</html>"
    server = serve(says(message(status, page, "text/html")))
    client = client_of(server, auth=AUTH)

    with pytest.raises(DirectusUnavailable) as caught:
        CALLS[call](client)
    assert "Canary" not in str(caught.value) + caplog.text
    assert len(server.requests) == (2 if call in READS else 1)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413])
def test_a_proxys_refusal_is_not_directus_refusal(serve, client_of, status):
    for page in (
        message(status, b"<html>No</html>", "text/html"),
        message(status, b'{"message": "Unauthorized"}'),
        message(status, b'{"errors": []}'),
        message(status, b'{"errors": ["no"]}'),
        message(status, b""),
    ):
        client = client_of(serve(says(page)))
        with pytest.raises(DirectusUnavailable):
            CALLS["login"](client)


@pytest.mark.parametrize("content_type", ["text/html", "application/json"])
def test_a_proxys_rate_limit_is_one(serve, client_of, content_type):
    page = message(429, b"<html>Slow down</html>", content_type, Retry_After="12")

    with pytest.raises(RateLimited) as caught:
        CALLS["login"](client_of(serve(says(page))))
    assert caught.value.retry_after == 12


def test_a_read_is_repeated_when_a_proxy_lost_directus(serve, client_of):
    server = serve(says(message(502, b"<html>", "text/html")), says(GOOD))

    assert CALLS["get"](client_of(server, auth=AUTH)).email == "ada@example.com"


# Directus asks to wait


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry_After": "57"}, 57),
        ({"Retry_After": "Wed, 21 Oct 2015 07:28:00 GMT"}, 1),
        ({}, 30),
        ({"Retry_After": "99999"}, 300),
        ({"Retry_After": "in a while"}, 30),
    ],
)
def test_a_rate_limit_says_how_long(serve, client_of, headers, seconds):
    server = serve(says(error(429, "REQUESTS_EXCEEDED", headers=headers)))

    with pytest.raises(RateLimited) as caught:
        CALLS["me"](client_of(server, auth=AUTH))
    assert caught.value.retry_after == seconds
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("status", "code", "headers", "seconds"),
    [
        (503, "SERVICE_UNAVAILABLE", {"Retry_After": "7"}, 7),
        (503, "SERVICE_UNAVAILABLE", {}, None),
        (500, "INTERNAL_SERVER_ERROR", {}, None),
    ],
)
def test_trouble_is_not_a_refusal(serve, client_of, status, code, headers, seconds):
    server = serve(says(error(status, code, headers=headers)))

    with pytest.raises(DirectusUnavailable) as caught:
        CALLS["login"](client_of(server))
    assert caught.value.retry_after == seconds
    assert len(server.requests) == 1
