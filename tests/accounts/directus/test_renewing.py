"""Acting as a user while the tokens expire, against a server that counts calls."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from accounts.directus import (
    CallFailed,
    DirectusClient,
    DirectusUnavailable,
    GrantRevoked,
    InvalidCredentials,
    InvalidToken,
    ProviderUnavailable,
    RefreshingAuth,
    SessionExpired,
    TokenExpired,
    TokenPair,
    Transport,
)
from tests.fault_server import after, data, error, message, says, says_and_closes

from .calls import ADA, CALLS
from .test_tokens import MemoryStore

FRESH = TokenPair("access-0", "refresh-0", time.time() + 3600)
STALE = replace(FRESH, expires_at=0.0)
SKEWED = says(error(401, "TOKEN_EXPIRED"))


def pair(number):
    return {
        "access_token": f"access-{number}",
        "refresh_token": f"refresh-{number}",
        "expires": 900_000,
    }


def renewed(number):
    return says(data(pair(number)))


@pytest.fixture
def acting():
    """Return a function that makes a client which acts with stored tokens."""
    transports = []

    def make(server, store):
        transport = Transport(server.url)
        transports.append(transport)
        anonymous = DirectusClient(transport)
        auth = RefreshingAuth(store, anonymous.refresh, anonymous.logout)
        return DirectusClient(transport, auth=auth)

    yield make
    for transport in transports:
        transport.close()


def signatures(server):
    return [
        "".join(r.header("Authorization"))
        for r in server.requests
        if r.target.startswith("/users")
    ]


def test_a_fresh_token_is_used(serve, acting):
    server = serve(says(data(ADA)))

    acting(server, MemoryStore(FRESH)).get_current_user()

    assert signatures(server) == ["Bearer access-0"]


def test_a_stale_token_is_renewed_first(serve, acting):
    server = serve(renewed(1), says(data(ADA)))
    store = MemoryStore(STALE)

    acting(server, store).get_current_user()

    assert server.requests[0].json["refresh_token"] == "refresh-0"
    assert server.requests[0].header("Authorization") == []
    assert signatures(server) == ["Bearer access-1"]
    assert store.tokens.refresh_token == "refresh-1"


def test_when_the_clocks_differ_it_is_renewed_once_and_asked_once_more(serve, acting):
    server = serve(SKEWED, renewed(1), says(data(ADA)))

    profile = acting(server, MemoryStore(FRESH)).get_current_user()

    assert profile.email == "ada@example.com"
    assert server.count("POST", "/auth/refresh") == 1
    assert signatures(server) == ["Bearer access-0", "Bearer access-1"]


@pytest.mark.parametrize("code", ["TOKEN_EXPIRED", "INVALID_CREDENTIALS"])
def test_a_session_that_is_refused_twice_has_expired(serve, acting, code):
    refused = says(error(401, code))
    server = serve(refused, renewed(1), refused)

    with pytest.raises(SessionExpired):
        acting(server, MemoryStore(FRESH)).get_current_user()
    assert len(server.requests) == 3


def test_a_refused_renewal_ends_the_session(serve, acting):
    server = serve(SKEWED, says(error(401, "INVALID_CREDENTIALS")))

    with pytest.raises(SessionExpired):
        acting(server, MemoryStore(FRESH)).get_current_user()
    assert len(server.requests) == 2


def test_a_provider_that_refuses_the_renewal_ends_the_session(serve, acting):
    server = serve(says(error(403, "INVALID_TOKEN")))

    with pytest.raises(GrantRevoked):
        acting(server, MemoryStore(STALE)).get_current_user()
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (says(error(500, "INTERNAL_SERVER_ERROR")), CallFailed),
        (says(error(503, "INVALID_PROVIDER_CONFIG")), ProviderUnavailable),
        (says(error(403, "RESOURCE_RESTRICTED")), DirectusUnavailable),
        (says(error(403, "FORBIDDEN")), DirectusUnavailable),
        (says(error(404, "ROUTE_NOT_FOUND")), DirectusUnavailable),
        (says(error(400, "INVALID_PAYLOAD")), DirectusUnavailable),
        (says(error(401, "UNAUTHENTICATED")), DirectusUnavailable),
        (says(message(401, b'{"errors": [{"message": "no"}]}')), DirectusUnavailable),
        (says_and_closes(b""), DirectusUnavailable),
    ],
)
def test_trouble_with_the_renewal_ends_nothing(serve, acting, answer, expected):
    store = MemoryStore(STALE)
    server = serve(answer)

    with pytest.raises(expected):
        acting(server, store).get_current_user()
    assert store.tokens == STALE
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (error(401, "TOKEN_EXPIRED"), TokenExpired),
        (error(401, "INVALID_CREDENTIALS"), InvalidCredentials),
        (error(403, "INVALID_TOKEN"), InvalidToken),
    ],
)
def test_a_fixed_token_is_not_renewed(serve, client_of, answer, expected):
    from .calls import AUTH

    server = serve(says(answer))

    with pytest.raises(expected):
        CALLS["me"](client_of(server, auth=AUTH))
    assert len(server.requests) == 1


def test_a_write_is_repeated_after_a_renewal_too(serve, acting):
    """Directus looks at the token before it does anything."""
    server = serve(SKEWED, renewed(1), says(data(ADA)))

    acting(server, MemoryStore(FRESH)).update_user(ADA["id"], {"first_name": "A"})

    assert server.count("PATCH") == 2


def test_tokens_that_cannot_be_stored_are_revoked_at_directus(serve, acting):
    class EndedMeanwhile(MemoryStore):
        def save(self, tokens):
            raise SessionExpired("signed out meanwhile")

    server = serve(renewed(1), says(data(None)))

    with pytest.raises(SessionExpired):
        acting(server, EndedMeanwhile(STALE)).get_current_user()
    assert server.requests[1].target == "/auth/logout"
    assert server.requests[1].json["refresh_token"] == "refresh-1"


def test_twenty_threads_renew_once(serve, acting):
    """Each thread is a request of one browser, with a client of its own."""
    store = MemoryStore(STALE)
    server = serve(after(0.1, renewed(1)), says(data(ADA)))
    start = threading.Barrier(20)

    def ask(_):
        client = acting(server, store)
        start.wait()
        return client.get_current_user().email

    with ThreadPoolExecutor(20) as threads:
        emails = list(threads.map(ask, range(20)))

    assert emails == ["ada@example.com"] * 20
    assert server.count("POST", "/auth/refresh") == 1
    assert set(signatures(server)) == {"Bearer access-1"}
