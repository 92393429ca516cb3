"""Attributes that the middleware adds to a request, and pages for errors."""

import pytest
from django.db import InterfaceError, InternalError, OperationalError
from django.http import HttpResponse
from django.test import Client
from psycopg.errors import InFailedSqlTransaction, ReadOnlySqlTransaction

from accounts.directus import (
    DirectusUnavailable,
    InvalidCredentials,
    RateLimited,
    SessionExpired,
    TokenExpired,
)
from accounts.models import Session
from accounts.sessions import SessionStore
from accounts.views.sign_in import LoginView
from dashboard.views import HomeView

from .signed_in import key_of, row_of, rows_with, store_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def page_raises(monkeypatch):
    """A function that lets the dashboard raise an error."""

    def page_raises(error):
        def get(view, request):
            raise error

        monkeypatch.setattr(HomeView, "get", get)

    return page_raises


@pytest.fixture
def page_asks(monkeypatch):
    """Let the dashboard ask Directus for the signed-in user, and show the name."""

    def get(view, request):
        return HttpResponse(request.directus.get_current_user().email)

    monkeypatch.setattr(HomeView, "get", get)


# request.directus


def test_a_view_asks_as_the_signed_in_user(signed_in_client, page_asks, directus):
    response = signed_in_client.get("/", headers={"user-agent": "Browser/1"})

    assert response.text == "ada@example.com"
    call = directus.was_asked_once("/users/me")
    assert call.token == store_of(signed_in_client).tokens.load().access_token
    assert (call.address, call.user_agent) == ("127.0.0.1", "Browser/1")


def test_a_page_that_does_not_ask_makes_no_call(signed_in_client, directus):
    signed_in_client.get("/")

    directus.was_not_asked()


def test_a_view_without_directus_is_a_page_that_says_so(
    signed_in_client, page_asks, directus
):
    directus.is_down()

    response = signed_in_client.get("/")

    assert response.status_code == 503
    assert int(response["Retry-After"]) > 0


# Errors


def test_an_expired_session_leads_to_the_sign_in(signed_in_client, page_raises):
    page_raises(SessionExpired("gone"))
    old = key_of(signed_in_client)

    response = signed_in_client.get("/?page=2")

    assert response["Location"] == "/login/?next=/%3Fpage%3D2"
    assert not rows_with(old).exists()


@pytest.mark.parametrize(
    ("error", "status", "retry_after"),
    [
        (DirectusUnavailable("away", retry_after=7), 503, "7"),
        (DirectusUnavailable("away"), 503, "10"),
        # Of the site's own token: a user's is renewed, or the session has expired.
        (TokenExpired(401, "TOKEN_EXPIRED"), 503, "10"),
        (InvalidCredentials(401, "INVALID_CREDENTIALS"), 503, "10"),
        (RateLimited("REQUESTS_EXCEEDED", retry_after=57), 429, "57"),
        (OperationalError("locked"), 503, "10"),
        (InterfaceError("connection already closed"), 503, "10"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_trouble_becomes_a_page_that_says_when_to_come_back(
    signed_in_client, page_raises, error, status, retry_after
):
    page_raises(error)

    response = signed_in_client.get("/")

    assert response.status_code == status
    assert response["Retry-After"] == retry_after
    assert "no-store" in response["Cache-Control"]
    assert Session.objects.exclude(user=None).exists()


@pytest.mark.parametrize(
    ("cause", "status"),
    [(ReadOnlySqlTransaction, 503), (InFailedSqlTransaction, 500)],
)
def test_a_database_that_takes_no_writes_is_trouble_and_a_fault_is_not(
    signed_in_client, page_raises, cause, status
):
    error = InternalError("as Django names it")
    error.__cause__ = cause()
    page_raises(error)
    signed_in_client.raise_request_exception = False

    assert signed_in_client.get("/").status_code == status


def test_trouble_ends_no_session(signed_in_client, page_raises, monkeypatch):
    page_raises(OperationalError("locked"))
    response = signed_in_client.get("/")
    monkeypatch.undo()

    assert "session" not in response.cookies
    assert signed_in_client.get("/").status_code == 200


def test_any_other_error_is_an_error(signed_in_client, page_raises):
    page_raises(ZeroDivisionError())

    with pytest.raises(ZeroDivisionError):
        signed_in_client.get("/")


@pytest.mark.parametrize("name", ["load", "touch"])
def test_a_database_that_fails_before_the_view_is_a_page_too(
    signed_in_client, monkeypatch, name
):
    def fail(*args):
        raise OperationalError("locked")

    signed_in_client.raise_request_exception = False
    monkeypatch.setattr(SessionStore, name, fail)

    response = signed_in_client.get("/")

    assert response.status_code == 503
    assert int(response["Retry-After"]) > 0
    assert "session" not in response.cookies


def test_a_session_that_cannot_be_saved_is_a_page_too(client, monkeypatch):
    def fail(*args, **kwargs):
        raise OperationalError("locked")

    def get(view, request):
        request.session["word"] = "lost"
        return HttpResponse("ok")

    client.raise_request_exception = False
    monkeypatch.setattr(SessionStore, "save", fail)
    monkeypatch.setattr(LoginView, "get", get)

    response = client.get("/login/")

    assert response.status_code == 503
    assert "session" not in response.cookies


def test_a_session_that_ended_meanwhile_is_not_saved(signed_in_client, monkeypatch):
    def get(view, request):
        Session.objects.all().delete()
        request.session["word"] = "late"
        return HttpResponse("ok")

    monkeypatch.setattr(HomeView, "get", get)

    response = signed_in_client.get("/")

    assert response.status_code == 400
    assert not Session.objects.exists()


# The client's address


@pytest.mark.parametrize(
    ("remote", "forwarded", "expected"),
    [
        ("192.0.2.7", "", "192.0.2.7"),
        ("192.0.2.7", "203.0.113.9", "192.0.2.7"),
        ("10.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "203.0.113.9, 198.51.100.2", "198.51.100.2"),
        ("10.0.0.1", "203.0.113.9, 10.0.0.2", "203.0.113.9"),
        ("10.0.0.1", "203.0.113.9:4711", "203.0.113.9"),
        ("10.0.0.1", "[2001:db8::1]:4711", "2001:db8::1"),
        ("10.0.0.1", "2001:db8::1", "2001:db8::1"),
        ("10.0.0.1", "fe80::1%eth0", "fe80::1"),
        ("10.0.0.1", "::ffff:203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "garbage", "10.0.0.1"),
        ("10.0.0.1", "203.0.113.9, garbage", "10.0.0.1"),
        ("10.0.0.1", "x" * 400, "10.0.0.1"),
        ("10.0.0.1", "127.0.0.1", "127.0.0.1"),
        ("", "", "0.0.0.0"),
        ("garbage", "203.0.113.9", "0.0.0.0"),
    ],
)
def test_the_address_is_the_last_one_that_no_proxy_of_ours_has(
    client, sign_in, ada, directus, settings, remote, forwarded, expected
):
    settings.TRUSTED_PROXIES = ["10.0.0.0/8"]
    headers = {"HTTP_X_FORWARDED_FOR": forwarded} if forwarded else {}

    sign_in(ada, client, REMOTE_ADDR=remote, **headers)

    assert row_of(client).client_address == expected
    assert {call.headers["X-Forwarded-For"] for call in directus.calls} == {expected}


@pytest.mark.parametrize(("remote", "secure"), [("10.0.0.1", True), ("1.2.3.4", False)])
def test_only_our_proxies_say_that_a_request_was_encrypted(settings, remote, secure):
    settings.TRUSTED_PROXIES = ["10.0.0.0/8"]
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

    response = Client().get(
        "/login/", REMOTE_ADDR=remote, HTTP_X_FORWARDED_PROTO="https"
    )

    assert response.wsgi_request.is_secure() is secure
