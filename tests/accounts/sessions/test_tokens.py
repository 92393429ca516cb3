"""Tokens at rest, and the lease that lets one request at a time renew them."""

import re
import time
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography.fernet import Fernet
from django.utils import timezone
from requests import PreparedRequest

from accounts.core import clients
from accounts.directus import (
    DirectusUnavailable,
    RefreshingAuth,
    SessionExpired,
    TokenPair,
)
from accounts.models import Session
from accounts.sessions import SessionStore, tokens, unopened

from ..signed_in import in_threads, key_of, make_stale, row_of, rows_with, store_of

ACCESS = "eyJhbGciOi.eyJpZCI6.c2lnbmF0dXJl"
REFRESH = "r" * 64
PAIR = TokenPair(ACCESS, REFRESH, time.time() + 900)
NEWER = replace(PAIR, access_token="access-2", refresh_token="refresh-2")

pytestmark = pytest.mark.django_db


@pytest.fixture
def session():
    """A session that holds a pair of tokens."""
    session = SessionStore()
    session.create()
    session.tokens.start(PAIR)
    return session


def again(session) -> SessionStore:
    """Load the same session as a parallel request does."""
    other = SessionStore(session.session_key)
    assert other.tokens.load() is not None
    return other


def columns(session) -> dict:
    return rows_with(session.session_key).values().get()


# At rest


def test_what_is_stored_comes_back(session):
    loaded = again(session).tokens.load()

    assert loaded.access_token == ACCESS
    assert loaded.refresh_token == REFRESH
    assert loaded.expires_at == pytest.approx(PAIR.expires_at, abs=0.001)


def test_no_token_is_readable_in_the_row(session):
    stored = str(columns(session))

    assert not re.search(r"eyJ[\w-]+\.", stored)
    assert REFRESH not in stored


def test_nothing_that_holds_tokens_shows_them(session):
    shown = f"{session!r} {session.tokens!r} {session.row!r} {session.tokens.load()!r}"

    assert ACCESS not in shown
    assert REFRESH not in shown


def test_tokens_moved_to_another_row_do_not_open(session):
    other = SessionStore()
    other.create()
    other.update_row(
        sealed_tokens=session.row.sealed_tokens,
        access_expires_at=session.row.access_expires_at,
    )

    assert SessionStore(other.session_key).tokens.load() is None


def test_an_old_key_still_opens_while_it_is_listed(session, settings):
    settings.TOKEN_ENCRYPTION_KEYS = [
        Fernet.generate_key().decode(),
        *settings.TOKEN_ENCRYPTION_KEYS,
    ]

    assert again(session).tokens.load().refresh_token == REFRESH


@pytest.mark.parametrize("stored", ["nonsense", "ä", "gAAAAAB" + "x" * 100, "\n"])
def test_nonsense_in_the_column_is_no_token(session, stored, monkeypatch):
    monkeypatch.setattr(unopened, "PATIENCE_SECONDS", 0)
    session.update_row(sealed_tokens=stored)

    assert SessionStore(session.session_key).tokens.load() is None


# Storing renewed tokens


def test_a_late_request_does_not_overwrite_newer_tokens(session):
    late = again(session)
    session.tokens.save(NEWER)

    with pytest.raises(SessionExpired):
        late.tokens.save(replace(PAIR, refresh_token="dead"))

    assert again(session).tokens.load().refresh_token == "refresh-2"


def test_tokens_of_an_ended_session_are_not_stored(session):
    late = again(session)
    session.delete()

    with pytest.raises(SessionExpired):
        late.tokens.save(NEWER)

    assert not Session.objects.exists()


def test_withdrawn_tokens_are_gone_for_every_request(session):
    late = again(session)

    assert session.tokens.withdraw().refresh_token == REFRESH

    assert late.tokens.reload() is None
    assert session.tokens.withdraw() is None


def test_withdrawing_comes_to_an_end(session, monkeypatch):
    tries = []
    monkeypatch.setattr(
        type(session.tokens), "_replace", lambda *_, **__: tries.append(1)
    )

    assert session.tokens.withdraw().refresh_token == REFRESH
    assert len(tries) < 100


def test_the_newest_tokens_are_withdrawn(session):
    late = again(session)
    session.tokens.save(NEWER)

    assert late.tokens.withdraw().refresh_token == "refresh-2"


def test_tokens_renewed_while_they_are_withdrawn_are_not_stored(session):
    renewing = again(session)
    session.tokens.withdraw()

    with pytest.raises(SessionExpired):
        renewing.tokens.save(NEWER)

    assert columns(session)["sealed_tokens"] == ""


# The lease


def test_the_lease_is_free_again_afterwards(session):
    with session.tokens.lease() as is_ours:
        assert is_ours
        assert columns(session)["refresh_lease_until"] > timezone.now()

    assert columns(session)["refresh_lease_until"] is None


def test_the_lease_is_free_again_after_a_failure(session):
    with pytest.raises(ZeroDivisionError), session.tokens.lease():
        raise ZeroDivisionError

    assert columns(session)["refresh_lease_until"] is None


def test_the_lease_lasts_longer_than_the_longest_call(session, settings):
    settings.DIRECTUS_TOTAL_TIMEOUT = 30.0

    with session.tokens.lease():
        left = columns(session)["refresh_lease_until"] - timezone.now()

    assert left > timedelta(seconds=30)


def test_a_waiting_request_gets_the_tokens_that_the_other_stored(session, monkeypatch):
    waiting = again(session)
    with session.tokens.lease():
        monkeypatch.setattr(time, "sleep", lambda _: session.tokens.save(NEWER))

        with waiting.tokens.lease() as is_ours:
            assert not is_ours

    assert waiting.tokens.load().refresh_token == "refresh-2"


def test_a_request_waiting_for_a_session_that_ends_is_signed_out(session, monkeypatch):
    waiting = again(session)
    with session.tokens.lease():
        monkeypatch.setattr(time, "sleep", lambda _: session.delete())

        with pytest.raises(SessionExpired), waiting.tokens.lease():
            pass


def test_a_request_that_waited_in_vain_does_not_ask_again(session, monkeypatch):
    monkeypatch.setattr(tokens, "PATIENCE_SECONDS", 0)
    waiting = again(session)
    session.update_row(refresh_lease_until=timezone.now() + timedelta(seconds=5))
    monkeypatch.setattr(
        time, "sleep", lambda _: session.update_row(refresh_lease_until=None)
    )

    with pytest.raises(DirectusUnavailable), waiting.tokens.lease():
        pass


def test_waiting_comes_to_an_end(session, settings, monkeypatch):
    monkeypatch.setattr(tokens, "SPARE_SECONDS", -1.9)
    settings.DIRECTUS_TOTAL_TIMEOUT = 0.0
    session.update_row(refresh_lease_until=timezone.now() + timedelta(hours=1))

    with pytest.raises(DirectusUnavailable), again(session).tokens.lease():
        pass


def test_the_lease_of_a_dead_process_is_taken_over(session):
    session.update_row(refresh_lease_until=timezone.now() - timedelta(seconds=1))

    with again(session).tokens.lease() as is_ours:
        assert is_ours


def test_a_host_whose_clock_is_ahead_does_not_take_a_lease_over(session, monkeypatch):
    ahead = again(session)
    with session.tokens.lease():
        later = timezone.now() + timedelta(seconds=30)
        monkeypatch.setattr(timezone, "now", lambda: later)

        assert not ahead.tokens._lease.take()


def test_a_lease_that_ran_out_is_not_taken_from_the_next(session):
    with session.tokens.lease():
        lost = timezone.now() - timedelta(seconds=1)
        again(session).update_row(refresh_lease_until=lost)
        with again(session).tokens.lease():
            session.tokens._lease.release()

            assert columns(session)["refresh_lease_until"] is not None


# Many at once


@pytest.mark.django_db(transaction=True)
def test_twenty_parallel_requests_renew_once(signed_in_client, directus, rf):
    make_stale(signed_in_client)
    directus.takes(0.3, "/auth/refresh", times=20)

    def ask(_number):
        return ask_as(signed_in_client, rf)

    profiles = in_threads(20, ask)

    assert {profile.email for profile in profiles} == {"ada@example.com"}
    directus.was_asked_once("/auth/refresh")


@pytest.mark.django_db(transaction=True)
def test_the_renewed_tokens_can_be_renewed(signed_in_client, directus, rf):
    for _ in range(3):
        make_stale(signed_in_client)
        ask_as(signed_in_client, rf)

    assert len(directus.calls_to("/auth/refresh")) == 3
    assert row_of(signed_in_client).refresh_lease_until is None


@pytest.mark.django_db(transaction=True)
def test_an_outage_is_noticed_once_and_not_in_turn(signed_in_client):
    make_stale(signed_in_client)
    asked = []

    def renew(refresh_token):
        asked.append(refresh_token)
        time.sleep(1.5)
        raise DirectusUnavailable("no answer")

    def ask(_number):
        auth = RefreshingAuth(store_of(signed_in_client).tokens, renew)
        with pytest.raises(DirectusUnavailable):
            auth(PreparedRequest())

    in_threads(10, ask)

    assert len(asked) == 1


@pytest.mark.django_db(transaction=True)
def test_signing_out_during_a_slow_renewal_stays_out(signed_in_client, directus, rf):
    user = directus.state.find("ada@example.com")
    make_stale(signed_in_client)
    directus.takes(0.5, "/auth/refresh")

    def act(number):
        if number:
            time.sleep(0.2)
            return signed_in_client.post("/logout/").status_code
        with pytest.raises(SessionExpired):
            ask_as(signed_in_client, rf)
        return "out"

    key = key_of(signed_in_client)

    assert in_threads(2, act) == ["out", 302]
    assert not rows_with(key).exists()
    assert directus.sessions_of(user) == []


def ask_as(browser, rf):
    """Read the own profile as one more request of a browser."""
    request = rf.get("/")
    request.session = store_of(browser)
    request.client_address = "127.0.0.1"
    return clients.client_for_session(request).get_current_user()
