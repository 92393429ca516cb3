"""Everything that a network and a broken server can do, over a real socket."""

import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from accounts.directus import DirectusUnavailable, NotUnique, RateLimited, Visitor
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
    """Return the address of a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    return f"http://127.0.0.1:{port}"


# R1: refused


@pytest.mark.parametrize("call", CALLS)
def test_a_refused_connection_is_known_at_once(client_of, closed_port, call):
    client = client_of(closed_port, auth=AUTH)

    with pytest.raises(DirectusUnavailable) as caught:
        CALLS[call](client)
    assert not caught.value.timed_out
    assert quickest_failure(lambda: CALLS[call](client)) < 0.3


def test_a_refused_connection_is_tried_twice(serve, client_of, closed_port):
    """Directus comes back between the two."""
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


# R3: accepts and never answers


@pytest.mark.parametrize("call", CALLS)
def test_silence_ends_with_the_deadline(serve, client_of, call):
    server = serve(hangs())
    client = client_of(server, auth=AUTH, **QUICK)

    patience = 1.5 if call != "logout" else 3.5
    with at_most(patience), pytest.raises(DirectusUnavailable) as caught:
        CALLS[call](client)
    assert caught.value.timed_out
    assert len(server.requests) == 1


def test_a_login_may_take_longer_than_other_calls(serve, client_of):
    server = serve(after(0.4, says(GOOD_LOGIN)))
    client = client_of(server, read_timeout=0.1, total_timeout=0.2, login_timeout=2.0)

    assert CALLS["login"](client).access_token == TOKENS["access_token"]
    with pytest.raises(DirectusUnavailable):
        CALLS["refresh"](client)


# R4: one byte at a time


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


# R5: broken off


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


# R6: a proxy speaks


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


# R11, R12: Directus asks to wait


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


# R17: kept connections


def test_connections_are_kept(serve, client_of):
    server = serve(says(GOOD))
    client = client_of(server, auth=AUTH)

    for _ in range(10):
        CALLS["get"](client)

    assert server.connections == 1


@pytest.mark.parametrize("ends", [says_and_closes, says_and_resets])
def test_a_connection_closed_after_the_answer_disturbs_nobody(serve, client_of, ends):
    server = serve(ends(GOOD))
    client = client_of(server, auth=AUTH)

    for _ in range(20):
        assert CALLS["get"](client).email == "ada@example.com"


@pytest.mark.parametrize("call", ["login", "logout", "get"])
def test_a_connection_closed_as_the_request_comes_is_replaced(serve, client_of, call):
    """The server hangs up while the request is on its way: the true race."""
    content = GOOD_LOGIN if call == "login" else GOOD
    server = serve(says(content), says_and_closes(b""), says(content))
    client = client_of(server, auth=AUTH)

    CALLS[call](client)
    CALLS[call](client)

    assert len(server.requests) == 3
    assert server.connections == 2


@pytest.mark.parametrize("call", ONCE)
def test_other_calls_do_not_take_that_risk(serve, client_of, call):
    server = serve(says(GOOD), says_and_closes(b""), says(GOOD))
    client = client_of(server, auth=AUTH)
    CALLS["get"](client)

    with pytest.raises(DirectusUnavailable):
        CALLS[call](client)
    assert len(server.requests) == 2
    assert server.connections == 2


def test_idle_connections_are_not_used_again(serve, client_of, monkeypatch):
    monkeypatch.setattr("accounts.directus.wire.MAX_IDLE", 0.1)
    server = serve(says(GOOD))
    client = client_of(server, auth=AUTH)

    CALLS["get"](client)
    time.sleep(0.15)
    CALLS["get"](client)

    assert server.connections == 2


def test_idle_connections_that_the_server_closed_disturb_nobody(serve, client_of):
    server = serve(says(GOOD))
    client = client_of(server, auth=AUTH)

    for pause in (0, 0.001, 0.01, 0.05):
        CALLS["get"](client)
        server.close_connections()
        time.sleep(pause)
        assert CALLS["get"](client).email == "ada@example.com"


# The breaker


def fail(client, times):
    for _ in range(times):
        with pytest.raises(DirectusUnavailable):
            CALLS["refresh"](client)


def test_exactly_one_call_asks_whether_directus_is_back(serve, client_of):
    """R23."""
    server = serve(says_and_closes(b""))
    client = client_of(server, open_seconds=0.2)
    fail(client, 5)
    server.script = [after(0.2, says(data(TOKENS)))]
    asked = len(server.requests)
    time.sleep(0.25)

    def ask(_):
        try:
            CALLS["refresh"](client)
        except DirectusUnavailable:
            return False
        return True

    with ThreadPoolExecutor(20) as threads:
        answered = list(threads.map(ask, range(20)))

    assert len(server.requests) == asked + 1
    assert answered.count(True) == 1
    CALLS["refresh"](client)


@pytest.mark.parametrize("call", ["get", "refresh"])
def test_a_failed_probe_opens_again_and_is_not_repeated(serve, client_of, call):
    server = serve(says_and_closes(b""))
    client = client_of(server, auth=AUTH, open_seconds=0.2)
    fail(client, 5)
    asked = len(server.requests)

    for probes in (1, 2):
        time.sleep(0.25)
        for _ in range(3):
            with pytest.raises(DirectusUnavailable):
                CALLS[call](client)
        assert len(server.requests) == asked + probes


def test_an_outage_is_logged_once_and_so_is_its_end(serve, client_of, caplog):
    caplog.set_level("DEBUG", logger="accounts.directus.breaker")
    server = serve(says_and_closes(b""))
    client = client_of(server, open_seconds=0.1)
    fail(client, 8)
    time.sleep(0.15)
    fail(client, 3)
    server.script = [says(data(TOKENS))]
    time.sleep(0.15)
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
        # What a crafted request can provoke must not lock others out.
        error(500, "INTERNAL_SERVER_ERROR"),
        error(503, "INVALID_PROVIDER_CONFIG"),
    ],
)
def test_answers_never_open_the_breaker(serve, client_of, refusal):
    server = serve(says(refusal))
    client = client_of(server)
    for _ in range(8):
        with pytest.raises(Exception, match=r"\d{3}"):
            CALLS["refresh"](client)

    assert len(server.requests) == 8


def test_an_answer_between_failures_starts_the_count_again(serve, client_of):
    lost = says_and_closes(b"")
    taken = says(error(400, "RECORD_NOT_UNIQUE"))
    server = serve(lost, lost, lost, lost, taken, lost)
    client = client_of(server)
    fail(client, 4)
    with pytest.raises(NotUnique):
        CALLS["refresh"](client)
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


# The bulkhead


def test_hanging_sign_ins_do_not_block_a_page(serve, client_of):
    server = serve(hangs())
    client = client_of(server, auth=AUTH, login_slots=4, login_timeout=1.5)

    def sign_in(_):
        with pytest.raises(DirectusUnavailable) as caught:
            CALLS["login"](client)
        return caught.value.timed_out

    with ThreadPoolExecutor(12) as threads:
        answers = threads.map(sign_in, range(12))
        while len(server.requests) < 4:
            time.sleep(0.01)
        server.script = [says(GOOD)]
        times = sorted(seconds(CALLS["get"], client) for _ in range(21))
        timed_out = list(answers)

    assert times[10] < 0.1
    # Four got through to Directus, the others were told to come back.
    assert timed_out.count(True) == 4
    assert server.count("POST") == 4


def seconds(call, client):
    start = time.perf_counter()
    call(client)
    return time.perf_counter() - start


def test_slots_are_free_again(serve, client_of):
    server = serve(says(GOOD_LOGIN))
    client = client_of(server, login_slots=1)

    for _ in range(3):
        CALLS["login"](client)


# What arrives


def test_one_address_and_one_harmless_browser_name_arrive(serve, client_of):
    """C-UP-2."""
    server = serve(says(GOOD))
    visitor = Visitor("203.0.113.7", "Mozilla\r\nX-Evil: 1\r\n\r\nGET /evil 🦊\x00")

    CALLS["get"](client_of(server, auth=AUTH, visitor=visitor))

    (request,) = server.requests
    assert request.header("X-Forwarded-For") == ["203.0.113.7"]
    assert request.header("User-Agent") == ["MozillaX-Evil: 1GET /evil ?"]
    assert request.header("X-Evil") == []


def test_proxies_of_the_environment_are_not_used(serve, client_of, monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")

    CALLS["get"](client_of(serve(says(GOOD)), auth=AUTH))


def test_cookies_are_not_kept(serve, client_of):
    server = serve(says(message(200, GOOD_BODY, Set_Cookie="session=x; Path=/")))
    client = client_of(server, auth=AUTH)

    for _ in range(2):
        CALLS["get"](client)

    assert [r.header("Cookie") for r in server.requests] == [[], []]


# The budget for retries


def test_an_outage_is_not_multiplied(serve, client_of):
    server = serve(says(error(503, "SERVICE_UNAVAILABLE")))
    client = client_of(server, auth=AUTH)
    client._transport._breaker.guard = lambda: NoBreaker()

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
