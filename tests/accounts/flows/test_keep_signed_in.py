""" "Keep me signed in": which sessions end with the browser, and when they end."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from accounts.models import Session
from tests.fake_directus import one_time_code

from ..account_pages import change_password
from ..second_steps import enrol, recover
from ..signed_in import row_of
from ..sso_steps import (
    ADA,
    begin,
    come_back,
    problem,
    sign_in_with_provider,
    way_to_provider,
)
from ..steps import NEW_PASSWORD, OTP_SECRET, let_pass, log_in, send_code
from .test_sessions import FIREFOX

pytestmark = pytest.mark.django_db
KEPT = "Kept signed in"
UNTIL_CLOSED = "Signed in until the browser closes"

# What the checkbox sends: nothing, if it is not ticked.
choices = pytest.mark.parametrize("is_kept", [False, True], ids=["not kept", "kept"])


@pytest.fixture
def later(monkeypatch):
    """A function that moves the clock on, counted from the beginning of the test."""
    real_now = timezone.now

    def later(**ahead):
        monkeypatch.setattr(timezone, "now", lambda: real_now() + timedelta(**ahead))

    return later


def choice(is_kept):
    return {"remember": "on"} if is_kept else {}


def sign_in(browser, user, *, is_kept):
    response = log_in(browser, user.email, user.password, data=choice(is_kept))
    assert response.status_code == 302
    return response


def is_in(browser):
    return browser.get("/").status_code == 200


def assert_kept(browser, is_kept):
    """Check the cookie, the row, and until when the session lasts without a request."""
    cookie = browser.cookies[settings.SESSION_COOKIE_NAME]
    row = row_of(browser)
    assert row.is_kept is is_kept
    assert bool(cookie["max-age"]) is bool(cookie["expires"]) is is_kept
    seconds = (row.expire_date - row.last_seen_at).total_seconds()
    expected = 24 * 3600 if is_kept else 3600
    assert expected - 5 < seconds < expected + 5


def is_ticked(browser):
    page = browser.get("/login/")
    return bool(page.context["form"]["remember"].value())


# The page


def test_it_is_off_on_the_first_visit(client):
    page = client.get("/login/")

    assert "Keep me signed in" in page.text
    assert page.context["form"]["remember"].value() is False


@choices
def test_the_next_visit_begins_with_the_last_choice(client, ada, is_kept):
    sign_in(client, ada, is_kept=not is_kept)
    client.post("/logout/")
    sign_in(client, ada, is_kept=is_kept)
    client.post("/logout/")

    assert is_ticked(client) is is_kept
    assert not is_ticked(Client())


def test_a_refused_sign_in_keeps_the_tick(client, ada):
    page = log_in(client, ada.email, "wrong", data=choice(is_kept=True))

    assert page.context["form"]["remember"].value() is True
    assert is_ticked(client)


# All ways in


@choices
def test_with_a_password(client, ada, is_kept):
    sign_in(client, ada, is_kept=is_kept)

    assert_kept(client, is_kept)


@choices
def test_with_a_code(client, directus, is_kept):
    user = directus.add_user("otto@example.com", otp_secret=OTP_SECRET)
    assert sign_in(client, user, is_kept=is_kept).url == "/login/code/"

    assert send_code(client, one_time_code(OTP_SECRET)).status_code == 302

    assert_kept(client, is_kept)


@choices
def test_with_a_recovery_code(signed_in_client, ada, is_kept):
    _, codes = enrol(signed_in_client, ada)
    let_pass(minutes=5)
    browser = Client()
    sign_in(browser, ada, is_kept=is_kept)

    assert recover(browser, codes[0]).status_code == 302

    assert_kept(browser, is_kept)


@choices
@pytest.mark.usefixtures("provider")
def test_with_a_provider(client, directus, is_kept):
    response = sign_in_with_provider(client, directus, **choice(is_kept))

    assert response.url == "/"
    assert_kept(client, is_kept)
    client.post("/logout/")
    assert is_ticked(client) is is_kept


@choices
@pytest.mark.usefixtures("provider")
def test_with_a_provider_and_a_code(client, directus, is_kept):
    facts = {"provider": "exampleid", "external_identifier": ADA.sub}
    directus.add_user(ADA.email, None, otp_secret=OTP_SECRET, **facts)
    sign_in_with_provider(client, directus, **choice(is_kept))

    way = client.post("/sso/code/", {"otp": one_time_code(OTP_SECRET)})
    come_back(client, directus.approve(way_to_provider(way), ADA))

    assert_kept(client, is_kept)


@pytest.mark.usefixtures("provider")
def test_after_a_refusal_of_the_provider_the_choice_is_still_there(client, directus):
    url = begin(client, **choice(is_kept=True))
    assert problem(come_back(client, directus.decline(url))) == "cancelled"

    assert is_ticked(client)


@choices
@pytest.mark.usefixtures("provider")
def test_the_sign_up_page_has_the_last_choice(client, directus, is_kept):
    sign_in_with_provider(client, directus, **choice(is_kept))
    client.post("/logout/")

    page = client.get("/register/").text

    assert ('<input type="hidden" name="remember" value="on">' in page) is is_kept


@pytest.mark.usefixtures("provider")
def test_the_button_of_a_provider_sends_the_same_form(client):
    page = client.get("/login/").text
    form = page[page.index("<form") : page.index("</form>")]

    assert 'name="remember"' in form
    assert 'formaction="/sso/exampleid/"' in form


# How long they last


def test_one_that_is_not_kept_ends_after_an_hour_without_a_request(client, ada, later):
    sign_in(client, ada, is_kept=False)
    later(minutes=55)
    assert is_in(client)
    later(minutes=110)
    assert is_in(client)
    later(minutes=171)

    assert not is_in(client)


def test_the_hour_is_a_setting(client, ada, later, settings):
    settings.SESSION_SHORT_SECONDS = 600
    sign_in(client, ada, is_kept=False)
    later(minutes=11)

    assert not is_in(client)


def test_a_short_one_does_not_end_in_use(client, ada, later, settings):
    settings.SESSION_SHORT_SECONDS = 60
    sign_in(client, ada, is_kept=False)

    for seconds in range(20, 200, 20):
        later(seconds=seconds)
        assert is_in(client)

    later(seconds=180 + 61)
    assert not is_in(client)


def test_it_is_never_longer_than_that_of_a_kept_one(client, ada, later, settings):
    settings.SESSION_IDLE_SECONDS = 300
    sign_in(client, ada, is_kept=False)
    later(minutes=6)

    assert not is_in(client)


def test_busy_it_ends_after_a_week_all_the_same(client, ada, later):
    sign_in(client, ada, is_kept=False)
    begun = timezone.now() - timedelta(days=7) + timedelta(minutes=10)
    Session.objects.update(authenticated_at=begun)
    later(minutes=2)
    assert is_in(client)
    later(minutes=11)

    assert not is_in(client)


@choices
def test_later_pages_change_nothing(client, ada, later, is_kept):
    sign_in(client, ada, is_kept=is_kept)
    session = client.session
    session["word"] = "changed"
    session.save()
    later(minutes=2)

    assert is_in(client)

    assert_kept(client, is_kept)


@choices
def test_a_new_password_changes_nothing(client, ada, is_kept):
    sign_in(client, ada, is_kept=is_kept)

    response = change_password(client)

    assert (response.status_code, response.url) == (302, "/account/password/")
    assert ada.password == NEW_PASSWORD
    assert_kept(client, is_kept)


def test_signing_in_anew_is_a_new_choice(client, ada):
    sign_in(client, ada, is_kept=False)
    client.post("/logout/")
    sign_in(client, ada, is_kept=True)

    assert_kept(client, is_kept=True)


def test_sessions_of_older_versions_and_other_apps_are_kept(client, ada):
    sign_in(client, ada, is_kept=True)
    user = row_of(client).user
    browser = Client()
    browser.force_login(user)

    assert row_of(browser).is_kept


# The devices


def test_the_page_of_devices_tells_both(client, ada):
    sign_in(client, ada, is_kept=False)
    page = client.get("/account/sessions/").text
    assert (KEPT in page, UNTIL_CLOSED in page) == (False, True)
    other = Client(HTTP_USER_AGENT=FIREFOX)
    sign_in(other, ada, is_kept=True)

    page = client.get("/account/sessions/").text

    assert (KEPT in page, UNTIL_CLOSED in page) == (True, True)
