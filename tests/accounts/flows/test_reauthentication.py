"""Sensitive pages ask for the password again."""

import logging

import pytest

from accounts.models import User
from tests.fake_directus import one_time_code

from ..account_pages import (
    OWN_PASSWORD,
    ask_email,
    confirm_password,
    confirmed_long_ago,
)
from ..signed_in import row_of
from ..steps import OTP_SECRET

pytestmark = pytest.mark.django_db

NOTHING_DONE = "Nothing was changed yet. Press the button again."
CONFIRM = "/account/confirm/?next=/account/email/"


@pytest.fixture
def here(signed_in_client, service_token):
    """Ada's browser, in which she signed in a while ago."""
    confirmed_long_ago(signed_in_client)
    return signed_in_client


def test_after_five_minutes_the_password_is_asked_for(here):
    response = here.get("/account/email/")

    assert (response.status_code, response.url) == (302, CONFIRM)
    page = here.get(CONFIRM)
    assert 'name="current_password"' in page.text
    assert 'name="next" value="/account/email/"' in page.text
    assert "no-store" in page["Cache-Control"]


def test_within_five_minutes_it_is_not(here):
    confirmed_long_ago(here, minutes=4.9)

    assert here.get("/account/email/").status_code == 200


def test_how_long_is_a_setting(here, settings):
    settings.PASSWORD_CONFIRM_SECONDS = 3600

    assert here.get("/account/email/").status_code == 200


def test_the_password_opens_the_page_for_a_while(here, directus, ada):
    response = confirm_password(here, next="/account/email/")

    assert (response.status_code, response.url) == (302, "/account/email/")
    assert here.get("/account/email/").status_code == 200
    # The tokens of the sign-in that proved it are gone again.
    assert len(directus.sessions_of(ada)) == 1


def test_another_browser_is_not_opened_by_it(here, sign_in, ada):
    other = sign_in(ada, type(here)())
    confirmed_long_ago(other)

    confirm_password(here)

    assert other.get("/account/email/").url == CONFIRM


def test_a_form_that_comes_too_late_does_nothing_and_leads_back(here, directus):
    response = ask_email(here)

    assert response.url == CONFIRM
    directus.was_not_asked("/users")
    assert here.get(confirm_password(here, next="/account/email/").url).status_code == (
        200
    )


def test_a_wrong_password_opens_nothing_and_ends_no_session(here, caplog):
    with caplog.at_level(logging.INFO, "accounts.audit"):
        response = confirm_password(here, "wrong", next="/account/email/")

    assert response.status_code == 200
    assert "Incorrect password. Try again." in response.text
    assert 'name="next" value="/account/email/"' in response.text
    assert here.get("/account/email/").url == CONFIRM
    assert here.get("/").status_code == 200
    assert "password.not_confirmed" in caplog.text


def test_guesses_are_counted(here, directus, ada):
    for _ in range(5):
        confirm_password(here, "wrong")
    directus.forget_calls()

    response = confirm_password(here)

    assert response.status_code == 429
    directus.was_not_asked("/auth/login")
    assert here.get("/account/email/").url == CONFIRM
    assert here.get("/").status_code == 200


def test_it_is_written_down(here, caplog):
    with caplog.at_level(logging.INFO, "accounts.audit"):
        confirm_password(here)

    (line,) = [r for r in caplog.records if r.message == "password.confirmed"]
    assert line.user_id == User.objects.get().pk


def test_the_code_is_asked_for_and_works_once(here, ada):
    ada.otp_secret = OTP_SECRET
    User.objects.update(has_two_factor=True)
    code = one_time_code(OTP_SECRET)

    assert "Enter the 6-digit code." in confirm_password(here).text
    assert "Enter the newest one." in confirm_password(here, otp="000000").text
    assert confirm_password(here, otp=code).status_code == 302
    assert "Enter the newest one." in confirm_password(here, otp=code).text


def test_an_outage_is_no_wrong_password(here, directus):
    directus.is_down()

    response = confirm_password(here, next="/account/email/")

    assert response.status_code == 503
    assert OWN_PASSWORD not in response.text
    directus.is_up()
    assert here.get("/account/email/").url == CONFIRM
    assert confirm_password(here).status_code == 302


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/",
        "//evil.example/",
        "///evil.example/",
        "/\\evil.example/",
        "\\\\evil.example",
        "javascript:alert(1)",
        "http:evil.example",
        "/" + "x" * 3000,
        "",
    ],
)
def test_it_leads_nowhere_else(here, url):
    page = here.get("/account/confirm/", {"next": url})
    response = confirm_password(here, next=url)

    assert "evil.example" not in page.text
    assert 'name="next"' not in page.text
    assert response.status_code == 302
    assert response.url.startswith("/")
    assert not response.url.startswith("//")
    assert "evil" not in response.url
    assert "xxx" not in response.url


def test_it_must_be_the_password_of_the_signed_in_user(here, directus, ada):
    """The address has passed to another user than the one who is signed in."""
    directus.change(ada, email="elsewhere@example.com")
    grace = directus.add_user("ada@example.com", "Grace's secret 1906")

    response = confirm_password(here, "Grace's secret 1906")

    assert "Incorrect password. Try again." in response.text
    assert directus.sessions_of(grace) == []
    assert not row_of(here).confirmed_at > row_of(here).last_seen_at


@pytest.mark.parametrize(
    "path",
    [
        "/account/email/",
        "/account/email/cancel/",
        "/account/delete/keep/",
        "/account/sessions/",
        "/account/export/",
    ],
)
def test_what_a_thief_of_the_browser_would_do_takes_the_password(here, path):
    """And leads back to a page, also from an address that takes only forms."""
    response = here.post(path)

    assert response.url == f"/account/confirm/?next={path}"
    assert NOTHING_DONE not in here.get(response.url).text
    back = here.get(confirm_password(here, next=path).url, follow=True)
    assert back.status_code == 200
    # Where the button is.
    assert NOTHING_DONE in back.text
    assert NOTHING_DONE not in here.get(path, follow=True).text


def test_without_a_form_nothing_is_said_to_be_left_undone(here):
    ask_email(here)
    here.get("/account/export/")

    back = here.get(confirm_password(here, next="/account/export/").url)

    assert NOTHING_DONE not in back.text


def test_the_typed_address_is_kept_once(here):
    ask_email(here, "new@example.com")

    back = here.get(confirm_password(here, next="/account/email/").url)

    assert 'value="new@example.com"' in back.text
    assert 'value="new@example.com"' not in here.get("/account/email/").text


def test_only_a_signed_in_user_is_asked(client):
    assert client.get("/account/confirm/").url.startswith("/login/")
    assert client.post("/account/confirm/").url.startswith("/login/")
