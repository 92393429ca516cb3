"""Confirm with the provider that the signed-in user is there."""

from urllib.parse import parse_qs, urlsplit

import pytest

from accounts.models import Session, SsoAttempt, User
from tests.fake_directus import Person, one_time_code

from ..sso_steps import (
    ADA,
    begin,
    come_back,
    problem,
    sign_in_with_provider,
    way_to_provider,
)
from ..steps import OTP_SECRET

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("provider")]
CONFIRM = "/account/confirm/exampleid/"


@pytest.fixture
def browser(client, directus):
    """A browser in which Ada signed in with the provider a while ago."""
    sign_in_with_provider(client, directus)
    User.objects.update(provider="exampleid")
    Session.objects.update(confirmed_at=None)
    directus.forget_calls()
    return client


def ask(browser, **data):
    return way_to_provider(browser.post(CONFIRM, data))


def is_confirmed():
    return Session.objects.get(user__isnull=False).confirmed_at is not None


def test_the_provider_confirms_the_user(browser, directus):
    url = ask(browser, next="/account/export/")
    before = browser.cookies["session"].value
    tokens = directus.sessions_of(directus.state.find(ADA.email))

    response = come_back(browser, directus.approve(url, ADA))

    assert response.url == "/account/export/"
    assert is_confirmed()
    assert browser.cookies["session"].value != before
    # The tokens of the session stay, those of the proof are revoked.
    assert directus.sessions_of(directus.state.find(ADA.email)) == tokens
    assert browser.get("/").status_code == 200


def test_a_form_that_led_there_is_said_to_be_left_undone(browser, directus):
    browser.post("/account/export/")
    url = ask(browser, next="/account/export/")

    page = browser.get(come_back(browser, directus.approve(url, ADA)).url)

    assert "Nothing was changed yet. Press the button again." in page.text


def test_the_provider_is_asked_for_a_new_sign_in(browser):
    query = parse_qs(urlsplit(ask(browser)).query)

    assert (query["prompt"], query["max_age"]) == (["login"], ["0"])


def test_another_person_confirms_nothing(browser, directus):
    url = ask(browser, next="/account/")

    response = come_back(browser, directus.approve(url, Person("eve@example.com")))

    assert problem(response) == "another-user"
    assert not is_confirmed()
    page = browser.get(response.url)
    assert "with a different account" in page.text
    assert 'href="/account/confirm/?next=/account/"' in page.text
    assert directus.sessions_of(directus.state.find("eve@example.com")) == []
    assert browser.get("/").status_code == 200


def test_cancelled(browser, directus):
    response = come_back(browser, directus.decline(ask(browser)))

    assert problem(response) == "cancelled"
    assert not is_confirmed()


def test_a_sign_in_that_waited_confirms_nothing(client, directus, browser):
    browser.post("/logout/")
    query = directus.approve(begin(client), ADA)
    sign_in_with_provider(client, directus)
    Session.objects.update(confirmed_at=None)

    come_back(client, query)

    assert not is_confirmed()


def test_a_confirmation_signs_no_visitor_in(browser, directus):
    query = directus.approve(ask(browser), ADA)
    session = Session.objects.get(pk=SsoAttempt.objects.get().session_id)
    browser.post("/logout/")
    directus.forget_calls()

    assert problem(come_back(browser, query)) == "expired"
    assert not Session.objects.filter(pk=session.pk).exists()
    directus.was_not_asked()


def test_a_provider_that_is_not_the_users_is_no_page(browser, directus):
    directus.add_provider("other")

    assert browser.post("/account/confirm/other/").status_code == 404
    directus.was_not_asked("/auth/login/other")


def test_a_user_with_a_password_has_no_such_page(directus, signed_in_client):
    assert signed_in_client.post(CONFIRM).status_code == 404


def test_a_get_leads_to_the_button(browser, directus):
    """As after a sign-in in between, which leads back to the address by GET."""
    assert browser.get(CONFIRM).url == "/account/confirm/"
    directus.was_not_asked("/auth/login/exampleid")


def test_a_visitor_is_sent_to_the_sign_in_page(client, directus):
    assert client.post(CONFIRM).url.startswith("/login/")
    directus.was_not_asked()


def test_a_second_factor_is_asked_for(browser, directus):
    directus.state.find(ADA.email).otp_secret = OTP_SECRET

    asked = come_back(browser, directus.approve(ask(browser, next="/account/"), ADA))
    page = browser.get(asked.url)
    code = one_time_code(OTP_SECRET)
    url = way_to_provider(browser.post(asked.url, {"otp": code}))
    done = come_back(browser, directus.approve(url, ADA))

    assert asked.url == "/sso/code/"
    assert page.status_code == 200
    assert done.url == "/account/"
    assert is_confirmed()
