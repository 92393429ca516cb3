"""Guessing one-time codes."""

import pytest
import requests

from accounts.core import clients
from accounts.flows import sign_in_pending
from accounts.web import sealed_cookie
from tests.fake_directus import one_time_code

from ..steps import OTP_SECRET, log_in, send_code

pytestmark = pytest.mark.django_db


@pytest.fixture
def grace(directus):
    """A customer with a second factor."""
    return directus.add_user("grace@example.com", otp_secret=OTP_SECRET)


def test_the_sixth_code_leads_back_to_the_password(client, grace, directus):
    log_in(client, grace.email, grace.password)
    wrong = [send_code(client).status_code for _ in range(5)]
    directus.forget_calls()

    sixth = send_code(client, one_time_code(OTP_SECRET))

    assert wrong == [200] * 5
    assert (sixth.status_code, sixth.url) == (302, "/login/")
    directus.was_not_asked()
    assert send_code(client, one_time_code(OTP_SECRET)).url == "/login/"


def test_codes_are_counted_over_several_sign_ins(client, grace):
    statuses = []
    for n in range(4):
        address = {"REMOTE_ADDR": f"198.51.100.{n}"}
        log_in(client, grace.email, grace.password, **address)
        statuses += [send_code(client, **address).status_code for _ in range(3)]

    # Whichever limit is first: five failures of the account, ten codes of it.
    assert statuses[:5] == [200] * 5
    assert 200 not in statuses[10:]


def test_an_outage_costs_no_code(client, grace, directus):
    log_in(client, grace.email, grace.password)
    for _ in range(6):
        directus.fails(requests.ReadTimeout("late"), "/auth/login")
        assert send_code(client).status_code == 503
        # A new one: its breaker is closed.
        clients._transport.cache_clear()

    assert send_code(client, one_time_code(OTP_SECRET)).status_code == 302


def test_a_code_works_once(client, grace, directus):
    code = one_time_code(OTP_SECRET)
    log_in(client, grace.email, grace.password)
    assert send_code(client, code).url == "/"
    other = type(client)()
    log_in(other, grace.email, grace.password)
    directus.forget_calls()

    again = send_code(other, code)

    assert again.status_code == 200
    assert "Enter the newest one." in again.text
    directus.was_not_asked("/auth/login")


def test_a_wrong_code_can_be_the_right_one_later(client, grace, directus):
    """Codes are only used up by a sign-in."""
    log_in(client, grace.email, grace.password)
    code = one_time_code(OTP_SECRET)
    directus.fails(requests.ReadTimeout("late"), "/auth/login")
    assert send_code(client, code).status_code == 503

    assert send_code(client, code).status_code == 302


def test_the_code_page_ends_after_five_minutes(client, grace, monkeypatch):
    log_in(client, grace.email, grace.password)
    now = sealed_cookie.time.time
    monkeypatch.setattr(
        sealed_cookie.time, "time", lambda: now() + sign_in_pending.SECONDS + 1
    )

    response = client.get("/login/code/", follow=True)

    assert response.redirect_chain == [("/login/", 302)]
    assert "Sign in again to continue." in response.text


def test_the_code_page_belongs_to_the_browser_that_typed_the_password(client, grace):
    log_in(client, grace.email, grace.password)
    other = type(client)()
    other.cookies["session"] = client.cookies["session"].value

    assert send_code(other, one_time_code(OTP_SECRET)).url == "/login/"
