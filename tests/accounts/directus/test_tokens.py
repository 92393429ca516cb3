"""Tokens: which values are accepted, when they are renewed, and by which request."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace

import pytest
from requests import PreparedRequest

from accounts.directus import (
    BearerAuth,
    DirectusUnavailable,
    GrantRevoked,
    InvalidCredentials,
    InvalidToken,
    RateLimited,
    RefreshingAuth,
    SessionExpired,
    TokenPair,
)

FRESH = TokenPair("access-1", "refresh-1", time.time() + 3600)
STALE = replace(FRESH, expires_at=0.0)


class MemoryStore:
    """A TokenStore for one process."""

    def __init__(self, tokens, *, patience=5.0):
        self.tokens = tokens
        self.patience = patience
        self.renewals = 0
        self._lock = threading.Lock()

    def load(self):
        return self.tokens

    def reload(self):
        return self.tokens

    @contextmanager
    def lease(self):
        before = self.tokens
        if not self._lock.acquire(timeout=self.patience):
            raise DirectusUnavailable("waited too long")
        try:
            yield self.tokens is before
        finally:
            self._lock.release()

    def save(self, tokens):
        if self.tokens is None:
            raise SessionExpired("the session is gone")
        self.tokens = tokens


def renewing(store, *, error=None, pause=0.0, made=None):
    """Return a `renew` that takes each refresh token once, as Directus does."""
    spent = set()

    def renew(refresh_token):
        if error is not None:
            raise error
        if refresh_token in spent:
            raise InvalidCredentials(401, "INVALID_CREDENTIALS")
        spent.add(refresh_token)
        time.sleep(pause)
        store.renewals += 1
        number = store.renewals + 1
        pair = TokenPair(f"access-{number}", f"refresh-{number}", time.time() + 3600)
        return made or pair

    return renew


def signed(auth):
    request = PreparedRequest()
    request.headers = {}
    return auth(request).headers["Authorization"]


# TokenPair


def payload(**changes):
    tokens = {"access_token": "a.b.c", "refresh_token": "r", "expires": 900_000}
    return tokens | changes


@pytest.mark.parametrize(
    ("expires", "ends"),
    [(900_000, 1840.0), (60_000, 1045.0), (4_000.0, 1003.0), (1, 1000.00075)],
)
def test_the_end_is_moved_forward_by_a_margin(expires, ends):
    tokens = TokenPair.from_payload(payload(expires=expires), now=1000.0)

    assert tokens.expires_at == pytest.approx(ends)
    assert tokens.is_fresh(now=ends - 0.0001)
    assert not tokens.is_fresh(now=ends)


def test_now_is_the_default():
    assert TokenPair.from_payload(payload()).is_fresh()
    assert not STALE.is_fresh()


@pytest.mark.parametrize(
    "nonsense",
    [
        None,
        [],
        "text",
        42,
        {},
        payload(access_token=None),
        payload(access_token=""),
        payload(access_token=42),
        payload(access_token="two words"),
        payload(access_token="a\r\nX-Evil: 1"),
        payload(access_token="é"),
        payload(access_token="x" * 8193),
        payload(refresh_token=None),
        payload(refresh_token=""),
        payload(refresh_token=["r"]),
        payload(expires=None),
        payload(expires="900000"),
        payload(expires=True),
        payload(expires=0),
        payload(expires=-1),
        payload(expires=float("inf")),
        payload(expires=float("nan")),
        payload(expires=10**400),
        payload(expires=1e300),
        payload(expires={}),
    ],
)
def test_nonsense_is_no_pair_of_tokens(nonsense):
    with pytest.raises(DirectusUnavailable):
        TokenPair.from_payload(nonsense)


def test_nothing_shows_a_token():
    tokens = TokenPair("Canary-access", "Canary-refresh", 1.0)
    auth = RefreshingAuth(MemoryStore(tokens), renew=lambda token: tokens)

    for thing in (tokens, BearerAuth("Canary-service"), auth):
        assert "Canary" not in repr(thing) + str(thing)


# Signing


def test_a_fixed_token_signs():
    assert signed(BearerAuth("service")) == "Bearer service"


@pytest.mark.parametrize("token", ["", "Canary\n", "Canary\r\nX: y", "Canary é"])
def test_a_fixed_token_fits_into_a_header(token):
    with pytest.raises(ValueError, match="not a token") as caught:
        BearerAuth(token)

    assert "Canary" not in str(caught.value)


def test_a_fresh_token_signs_without_a_renewal():
    store = MemoryStore(FRESH)

    assert signed(RefreshingAuth(store, renewing(store))) == "Bearer access-1"
    assert store.renewals == 0


def test_a_stale_token_is_renewed_and_stored():
    store = MemoryStore(STALE)

    assert signed(RefreshingAuth(store, renewing(store))) == "Bearer access-2"
    assert store.tokens.refresh_token == "refresh-2"


def test_without_tokens_the_session_has_expired():
    store = MemoryStore(None)

    with pytest.raises(SessionExpired):
        signed(RefreshingAuth(store, renewing(store)))


@pytest.mark.parametrize(
    ("refusal", "expected"),
    [
        (InvalidCredentials(401, "INVALID_CREDENTIALS"), SessionExpired),
        (InvalidToken(403, "INVALID_TOKEN"), GrantRevoked),
        (DirectusUnavailable("refused"), DirectusUnavailable),
        (RateLimited("REQUESTS_EXCEEDED", retry_after=5), RateLimited),
    ],
)
def test_what_a_refused_renewal_means(refusal, expected):
    store = MemoryStore(STALE)

    with pytest.raises(expected):
        signed(RefreshingAuth(store, renewing(store, error=refusal)))
    # The lease is free again, and the tokens are still there for the next try.
    assert store.tokens == STALE
    assert signed(RefreshingAuth(store, renewing(store))) == "Bearer access-2"


def test_twenty_threads_renew_once():
    store = MemoryStore(STALE)
    auth = RefreshingAuth(store, renewing(store, pause=0.05))

    with ThreadPoolExecutor(20) as threads:
        signatures = list(threads.map(lambda _: signed(auth), range(20)))

    assert store.renewals == 1
    assert set(signatures) == {"Bearer access-2"}


def test_a_caller_who_waits_too_long_is_told_so():
    store = MemoryStore(STALE, patience=0.05)
    auth = RefreshingAuth(store, renewing(store))

    with store.lease(), pytest.raises(DirectusUnavailable):
        signed(auth)

    assert signed(auth) == "Bearer access-2"


def test_a_winner_whose_tokens_are_stale_too_is_not_believed():
    class LostLease(MemoryStore):
        @contextmanager
        def lease(self):
            yield False

    store = LostLease(STALE)

    with pytest.raises(DirectusUnavailable):
        signed(RefreshingAuth(store, renewing(store)))
    assert store.renewals == 0


@pytest.mark.parametrize("revoke_fails", [False, True])
def test_tokens_that_cannot_be_stored_are_revoked(revoke_fails):
    revoked = []

    class EndedMeanwhile(MemoryStore):
        def save(self, tokens):
            raise SessionExpired("signed out meanwhile")

    def revoke(refresh_token):
        revoked.append(refresh_token)
        if revoke_fails:
            raise DirectusUnavailable("refused")

    store = EndedMeanwhile(STALE)

    with pytest.raises(SessionExpired):
        signed(RefreshingAuth(store, renewing(store), revoke))
    assert revoked == ["refresh-2"]


def test_tokens_that_the_database_did_not_take_are_revoked():
    revoked = []

    class BrokenStore(MemoryStore):
        def save(self, tokens):
            raise OSError("the disk is full")

    store = BrokenStore(STALE)

    with pytest.raises(OSError, match="the disk is full"):
        signed(RefreshingAuth(store, renewing(store), revoked.append))
    assert revoked == ["refresh-2"]


def test_without_revoke_a_gone_session_is_gone():
    class EndedMeanwhile(MemoryStore):
        def save(self, tokens):
            raise SessionExpired("signed out meanwhile")

    store = EndedMeanwhile(STALE)

    with pytest.raises(SessionExpired):
        signed(RefreshingAuth(store, renewing(store)))


# A token that looked fresh and was refused


def test_a_refused_token_is_renewed_though_it_looks_fresh():
    store = MemoryStore(FRESH)
    auth = RefreshingAuth(store, renewing(store))

    auth.renew_rejected("access-1")

    assert signed(auth) == "Bearer access-2"


def test_a_refused_token_that_was_replaced_already_is_not_renewed_again():
    store = MemoryStore(FRESH)
    auth = RefreshingAuth(store, renewing(store))

    with ThreadPoolExecutor(20) as threads:
        list(threads.map(lambda _: auth.renew_rejected("access-1"), range(20)))

    assert store.renewals == 1
