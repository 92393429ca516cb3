"""Kept connections, and what arrives over them."""

import time
from contextlib import suppress

import pytest

from accounts.directus import DirectusAPIError, DirectusUnavailable, Visitor
from tests.fault_server import (
    data,
    error,
    message,
    says,
    says_and_closes,
    says_and_resets,
)

from .calls import ADA, AUTH, CALLS, ONCE, TOKENS

GOOD = data(ADA)
GOOD_BODY = GOOD.partition(b"\r\n\r\n")[2]
GOOD_LOGIN = data(TOKENS)


# Kept connections


def test_connections_are_kept(serve, client_of):
    server = serve(says(GOOD))
    client = client_of(server, auth=AUTH)

    for _ in range(10):
        CALLS["get"](client)

    assert server.connections == 1


@pytest.mark.parametrize(
    "content",
    [message(204), error(401, "INVALID_CREDENTIALS"), error(403, "FORBIDDEN")],
)
def test_connections_are_kept_after_other_answers(serve, client_of, content):
    server = serve(says(content))
    client = client_of(server)

    for _ in range(3):
        with suppress(DirectusAPIError):
            CALLS["logout"](client)

    assert server.connections == 1


@pytest.mark.parametrize("ends", [says_and_closes, says_and_resets])
def test_a_connection_closed_after_the_answer_breaks_no_call(serve, client_of, ends):
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


def test_a_new_connection_in_place_of_an_old_one_is_not_an_old_one(serve, client_of):
    """It was closed before the answer began, but it cannot be called stale."""
    server = serve(says(GOOD), says_and_closes(b""), says(GOOD_LOGIN))
    client = client_of(server, auth=AUTH)
    CALLS["get"](client)
    server.close_connections()
    time.sleep(0.05)

    with pytest.raises(DirectusUnavailable):
        CALLS["login"](client)
    assert server.count("POST") == 1


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


def test_idle_connections_that_the_server_closed_break_no_call(serve, client_of):
    server = serve(says(GOOD))
    client = client_of(server, auth=AUTH)

    for pause in (0, 0.001, 0.01, 0.05):
        CALLS["get"](client)
        server.close_connections()
        time.sleep(pause)
        assert CALLS["get"](client).email == "ada@example.com"


# Headers and bodies that arrive at Directus


def test_one_address_and_one_harmless_browser_name_arrive(serve, client_of):
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
