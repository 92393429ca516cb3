"""Signing in stores the tokens, signing out revokes them; the session always ends."""

import re
import time
from importlib import import_module

import pytest
import requests
from cryptography.fernet import Fernet
from django.contrib.auth import login
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.test import Client

from accounts.directus import TokenPair
from accounts.models import Session
from accounts.sessions import SessionStore
from accounts.sessions.tokens import SessionTokenStore
from tests.fake_directus import FakeDirectus

from ..signed_in import key_of, make_stale, row_of, rows_with, store_of

pytestmark = pytest.mark.django_db
LOGOUT = "/auth/logout"


def test_signing_in_stores_the_tokens_in_the_row(signed_in_client, directus, ada):
    tokens = store_of(signed_in_client).tokens.load()

    assert [tokens.refresh_token] == directus.sessions_of(ada)
    assert row_of(signed_in_client).user.email == ada.email


def test_signing_in_notes_the_browser(client, sign_in, ada):
    sign_in(ada, client, REMOTE_ADDR="192.0.2.7", HTTP_USER_AGENT="Browser/1\r\n")

    row = row_of(client)

    assert row.client_address == "192.0.2.7"
    assert row.user_agent.startswith("Browser/1")
    assert row.authenticated_at == row.validated_at == row.last_seen_at


def test_a_very_long_user_agent_is_cut(client, sign_in, ada):
    sign_in(ada, client, HTTP_USER_AGENT="x" * 4000)

    assert len(row_of(client).user_agent) == 512


def test_no_token_reaches_the_browser(signed_in_client, ada):
    page = signed_in_client.get("/")
    cookies = str(signed_in_client.cookies)
    tokens = store_of(signed_in_client).tokens.load()

    for secret in (tokens.access_token, tokens.refresh_token):
        assert secret not in page.text
        assert secret not in cookies
    # The beginning of any token; random texts may have it inside.
    assert not re.search(r"(?<![\w-])eyJ", page.text + cookies)


# Signals that other apps send


@pytest.mark.parametrize("signal", [user_logged_in, user_logged_out])
@pytest.mark.parametrize("engine", [None, "", "signed_cookies", "cache", "file"])
def test_a_session_that_is_not_ours_is_left_alone(
    signal, engine, rf, signed_in_client, directus
):
    request = rf.get("/")
    if engine:
        module = import_module(f"django.contrib.sessions.backends.{engine}")
        request.session = module.SessionStore()
    user = row_of(signed_in_client).user

    signal.send(
        sender=type(user), request=None if engine is None else request, user=user
    )

    directus.was_not_asked()
    assert not engine or request.session.is_empty()


def test_a_sign_in_by_another_app_needs_no_address(rf, signed_in_client):
    request = rf.get("/")
    request.session = SessionStore()
    user = row_of(signed_in_client).user

    login(request, user, "accounts.backends.DirectusBackend")

    assert request.session.row.user == user
    assert request.session.row.client_address is None


def test_djangos_test_client_signs_in(client, signed_in_client):
    other = Client()
    other.force_login(row_of(signed_in_client).user)

    assert other.get("/").status_code == 200
    other.logout()
    assert other.get("/").status_code == 302


# Signing out


def test_signing_out_is_a_form(signed_in_client, directus):
    assert signed_in_client.get("/logout/").status_code == 405

    assert signed_in_client.get("/").status_code == 200
    directus.was_not_asked(LOGOUT)


def test_signing_out_needs_the_token_of_the_form(signed_in_client, directus):
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = signed_in_client.cookies

    assert strict.post("/logout/").status_code == 403
    assert strict.get("/").status_code == 200


def test_signing_out_ends_the_session_here_and_at_directus(
    signed_in_client, directus, ada
):
    old = key_of(signed_in_client)

    response = signed_in_client.post("/logout/")

    assert response.status_code == 302
    assert response["Clear-Site-Data"] == '"storage"'
    directus.was_asked_once(LOGOUT)
    assert directus.sessions_of(ada) == []
    assert not rows_with(old).exists()
    assert signed_in_client.get("/")["Location"] == "/login/?next=/"


def test_the_old_cookie_opens_nothing(signed_in_client):
    old = key_of(signed_in_client)
    signed_in_client.post("/logout/")
    signed_in_client.cookies["session"] = old

    assert signed_in_client.get("/")["Location"] == "/login/?next=/"


def test_signing_out_leaves_the_other_browsers_alone(signed_in_client, sign_in, ada):
    other = sign_in(ada, Client())

    signed_in_client.post("/logout/")

    assert other.get("/").status_code == 200


def test_signing_out_twice_tells_directus_once(signed_in_client, directus):
    signed_in_client.post("/logout/")
    assert signed_in_client.post("/logout/").status_code == 302

    directus.was_asked_once(LOGOUT)


@pytest.mark.parametrize(
    "trouble",
    [
        FakeDirectus.is_down,
        FakeDirectus.throttles,
        lambda directus: directus.is_down(requests.ReadTimeout("no answer")),
        lambda directus: directus.answers(500, {}, path=LOGOUT, times=9),
        lambda directus: directus.answers(200, path=LOGOUT, body="<html>", times=9),
    ],
    ids=["down", "throttles", "hangs", "fails", "nonsense"],
)
def test_the_session_ends_whatever_directus_does(signed_in_client, directus, trouble):
    trouble(directus)
    old = key_of(signed_in_client)
    began = time.monotonic()

    response = signed_in_client.post("/logout/")

    assert response.status_code == 302
    assert time.monotonic() - began < 5
    assert not rows_with(old).exists()


def test_signing_out_in_a_session_without_its_key_works(signed_in_client, settings):
    settings.TOKEN_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]

    assert signed_in_client.post("/logout/").status_code == 302
    assert not Session.objects.exclude(user=None).exists()


def test_the_tokens_that_a_parallel_request_renewed_are_revoked(
    signed_in_client, directus, ada, monkeypatch
):
    withdraw = SessionTokenStore.withdraw

    def renew_and_withdraw(tokens):
        parallel = Client()
        parallel.cookies = signed_in_client.cookies
        make_stale(signed_in_client)
        Session.objects.update(validated_at=None, created_at="2020-01-01T00:00Z")
        assert parallel.get("/").status_code == 200
        return withdraw(tokens)

    monkeypatch.setattr(SessionTokenStore, "withdraw", renew_and_withdraw)
    signed_in_client.post("/logout/")

    assert len(directus.calls_to("/auth/refresh")) == 1
    assert directus.sessions_of(ada) == []


def test_signing_in_again_revokes_what_the_session_held(
    signed_in_client, directus, ada, rf
):
    request = rf.post("/login/")
    request.session = store_of(signed_in_client)
    request.client_address = "192.0.2.7"
    user = row_of(signed_in_client).user
    tokens = TokenPair.from_payload(directus.sign_in(ada))
    user.directus_tokens = tokens

    login(request, user, "accounts.backends.DirectusBackend")

    assert directus.sessions_of(ada) == [tokens.refresh_token]
    stored = SessionStore(request.session.session_key).tokens.load()
    assert stored.refresh_token == tokens.refresh_token
    assert not hasattr(user, "directus_tokens")
