"""Rows that anonymous visitors cause, and the row that holds a mailed link's token."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from accounts.models import Session
from accounts.sessions import SessionStore
from accounts.views import mixins

from ..signed_in import visit_site
from ..steps import ask_reset, choose_password, open_link

pytestmark = pytest.mark.django_db

LINKS = ["/reset-password/", "/verify-email/", "/invite/", "/account/email/confirm/"]


@pytest.fixture
def reset_page(client, directus, ada):
    """A browser on the page to choose a new password."""
    ask_reset(client)
    open_link(client, directus.last_link(ada.email))
    return client


@pytest.mark.parametrize("path", LINKS)
def test_opening_links_makes_no_row(client, path):
    for number in range(5):
        response = client.get(f"{path}?token=aaa.bbb.{number}")
        assert (response.status_code, response["Location"]) == (302, path)
        assert response["Referrer-Policy"] == "no-referrer"
        assert client.get(path).status_code in {200, 400}
        assert client.post(path, {"x": "y"}).status_code in {200, 400}

    assert "session" not in client.cookies
    assert not Session.objects.exists()


@pytest.mark.parametrize(
    "path",
    [
        "/login/",
        "/login/code/",
        "/login/recovery/",
        "/register/",
        "/request-reset-password/",
        "/reset-password/",
        "/verify-email/",
        "/verify-email/done/",
        "/invite/",
        "/logout/",
        "/account/",
        "/account/sessions/",
        "/account/two-factor/set-up/",
        "/admin/",
        "/nowhere/",
    ],
)
@pytest.mark.parametrize("method", ["get", "post", "head"])
@pytest.mark.parametrize("cookie", ["", "a" * 32])
def test_no_page_makes_a_row_for_a_stranger(client, path, method, cookie):
    if cookie:
        client.cookies["session"] = cookie
        client.cookies["ended"] = "wrote"

    getattr(client, method)(path, {"email": "x", "password": "y", "token": "z"})

    assert not Session.objects.exists()


def test_the_row_of_a_visitor_lives_for_an_hour_and_is_cleared(client, monkeypatch):
    visit_site(client)
    real_now = timezone.now
    monkeypatch.setattr(timezone, "now", lambda: real_now() + timedelta(minutes=61))

    call_command("clearsessions")

    assert not Session.objects.exists()


# The cookie


def test_the_token_is_readable_for_the_site_alone(reset_page, directus, ada):
    token = directus.last_link(ada.email).partition("token=")[2]
    cookie = reset_page.cookies["link-reset"]

    assert token not in cookie.value
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert 0 < cookie["max-age"] <= 3600


def test_over_https_no_other_host_sets_it(client, settings):
    settings.HTTPS = True
    settings.COOKIE_PREFIX = "__Host-"

    response = client.get("/reset-password/?token=a.b.c", secure=True)

    cookie = response.cookies["__Host-link-reset"]
    assert cookie["secure"]
    assert (cookie["path"], cookie["domain"]) == ("/", "")


def test_a_link_for_one_purpose_is_none_for_another(reset_page):
    sealed = reset_page.cookies["link-reset"].value
    for purpose, path in zip(["verify", "invite", "email"], LINKS[1:], strict=True):
        reset_page.cookies[f"link-{purpose}"] = sealed
        assert "no longer valid" in reset_page.get(path).text


def test_the_spent_token_is_taken_from_the_browser(reset_page):
    assert choose_password(reset_page).status_code == 302

    assert reset_page.cookies["link-reset"].value == ""
    assert "no longer valid" in reset_page.get("/reset-password/").text


def test_an_old_token_is_none(reset_page, monkeypatch):
    monkeypatch.setattr(mixins, "LINK_SECONDS", -1)

    assert "no longer valid" in reset_page.get("/reset-password/").text


@pytest.mark.parametrize("value", ["", "x", "ä", "gAAAAA", "a.b.c", "\x00"])
def test_a_cookie_that_the_site_did_not_make_is_none(client, value):
    client.cookies["link-reset"] = value

    assert "no longer valid" in client.get("/reset-password/").text


def test_a_new_secret_key_opens_what_the_old_one_sealed(reset_page, settings):
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another" * 10

    assert choose_password(reset_page).url == "/reset-password/done/"


@pytest.mark.parametrize("letter", ["a", "ä", "\U0001f600"])
def test_a_very_long_token_makes_no_cookie_that_is_too_long(client, letter):
    """A browser would send such a cookie each time, and each request would fail."""
    for path in LINKS:
        client.get(path, {"token": letter * 4000})

    assert sum(len(cookie.value) for cookie in client.cookies.values()) < 6500


def test_a_session_keeps_nothing_of_a_link(signed_in_client, directus, ada):
    key = signed_in_client.cookies["session"].value
    before = SessionStore(key).load()

    open_link(signed_in_client, "/reset-password/?token=aaa.bbb.ccc")

    assert SessionStore(key).load() == before


def test_another_browser_does_not_have_the_token(reset_page):
    assert "no longer valid" in Client().get("/reset-password/").text
