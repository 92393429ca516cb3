"""Changing the own password needs the old one; this browser stays signed in."""

import re
from itertools import pairwise

import pytest
import requests
from django.core import mail
from django.test import Client
from django.utils import timezone

from accounts.flows import sign_in as logins
from accounts.models import MailedLink, Session, User
from accounts.sync.webhook import Message, follow
from tests.fake_directus import one_time_code

from ..account_pages import OWN_PASSWORD, ask_email, change_password
from ..signed_in import key_of, make_old, make_stale, row_of, rows_with
from ..steps import NEW_PASSWORD, OTP_SECRET, let_pass

pytestmark = pytest.mark.django_db


@pytest.fixture
def here(signed_in_client):
    return signed_in_client


@pytest.fixture
def other(sign_in, ada):
    """Another browser of Ada's; the mail about it is forgotten."""
    there = sign_in(ada, Client())
    mail.outbox.clear()
    return there


@pytest.fixture
def second_factor(ada, here):
    """Ada has a second factor, and the site knows."""
    ada.otp_secret = OTP_SECRET
    User.objects.update(has_two_factor=True)


def patches(directus):
    return [call for call in directus.calls if call.method == "PATCH"]


def test_the_page_shows_the_policy_and_no_password(here):
    page = here.get("/account/password/").text

    assert "At least 12 characters." in page
    for name in ("current_password", "new_password", "new_password_again"):
        assert f'name="{name}"' in page
    assert 'name="otp"' not in page
    assert "no-store" in here.get("/account/password/")["Cache-Control"]


def test_a_wrong_password_changes_nothing(here, directus, ada, other):
    response = change_password(here, "not my password")

    assert response.status_code == 200
    assert "Incorrect password. Try again." in response.text
    assert patches(directus) == []
    assert ada.password == OWN_PASSWORD
    assert other.get("/").status_code == 200
    assert mail.outbox == []


def test_the_right_password_changes_it(here, directus, ada):
    response = change_password(here)

    assert (response.status_code, response.url) == (302, "/account/password/")
    assert ada.password == NEW_PASSWORD
    (patch,) = patches(directus)
    assert patch.path == f"/users/{ada.id}"
    assert patch.json == {"password": NEW_PASSWORD}
    assert "Password changed." in here.get(response.url).text


def test_this_browser_stays_and_the_others_are_out(here, directus, ada, other):
    key, pk = key_of(here), row_of(here).pk

    change_password(here)

    assert other.get("/").status_code == 302
    assert Session.objects.get().pk == pk
    assert key_of(here) != key
    assert not rows_with(key).exists()
    assert len(directus.sessions_of(ada)) == 1


def test_this_browser_can_renew_its_tokens_and_is_believed(here, directus):
    change_password(here)
    make_old(here, minutes=5)
    make_stale(here)

    assert here.get("/").status_code == 200
    assert len(directus.calls_to("/auth/refresh")) == 1


def test_the_old_session_key_opens_nothing(here, settings):
    thief = Client()
    thief.cookies[settings.SESSION_COOKIE_NAME] = key_of(here)

    change_password(here)

    assert thief.get("/").status_code == 302


def test_on_version_10_nothing_of_before_lives_on(
    here, directus, ada, other, monkeypatch
):
    monkeypatch.setattr(directus.state, "end_sessions", lambda user: None)

    change_password(here)

    assert len(directus.sessions_of(ada)) == 1
    assert other.get("/").status_code == 302
    assert here.get("/").status_code == 200


def test_a_notice_is_mailed(here):
    change_password(here)

    (letter,) = mail.outbox
    assert letter.to == ["ada@example.com"]
    assert letter.subject == "Your Directus site password was changed"
    assert "127.0.0.1" in letter.body
    assert NEW_PASSWORD not in str(letter.message())


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ({"new": "short"}, "Use at least"),
        ({"new": OWN_PASSWORD}, "already using."),
        ({"again": "something else entirely"}, "The passwords don"),
        ({"current": ""}, "Enter your current password."),
    ],
)
def test_a_value_that_cannot_be_right_makes_no_call(here, directus, data, text):
    response = change_password(here, **data)

    assert response.status_code == 200
    assert text in response.text
    directus.was_not_asked()


def test_what_directus_alone_refuses_stands_at_the_field(here, directus, ada, other):
    directus.state.password_policy = "/^never$/"

    response = change_password(here)

    assert "be used. Choose a different one." in response.text
    assert ada.password == OWN_PASSWORD
    assert here.get("/").status_code == other.get("/").status_code == 200
    assert row_of(here).spared_until is None
    assert len(directus.sessions_of(ada)) == 2


def test_guesses_are_counted(here, directus, ada):
    for _ in range(5):
        assert change_password(here, "wrong").status_code == 200
    directus.forget_calls()

    response = change_password(here)

    assert response.status_code == 429
    assert int(response["Retry-After"]) > 0
    directus.was_not_asked("/auth/login")
    assert ada.password == OWN_PASSWORD
    assert here.get("/").status_code == 200
    let_pass(minutes=6)
    assert change_password(here).status_code == 302


def test_changing_it_often_uses_up_no_attempts(here, directus, ada):
    directus.state.login_attempts = 3
    passwords = [OWN_PASSWORD, *(f"Another secret in {n} words" for n in range(12))]

    for current, new in pairwise(passwords):
        assert change_password(here, current, new).status_code == 302

    assert ada.status == "active"
    assert here.get("/").status_code == 200


# The second factor


def test_the_code_is_asked_for(here, directus, second_factor, ada):
    response = change_password(here)

    assert 'name="otp"' in response.text
    assert "Enter the 6-digit code." in response.text
    directus.was_not_asked()
    assert ada.password == OWN_PASSWORD


def test_a_code_that_only_directus_knows_of_is_asked_for(here, directus, ada):
    ada.otp_secret = OTP_SECRET

    response = change_password(here)

    assert "Enter the 6-digit code." in response.text
    fields = re.findall(r'<input type="\w+" name="(\w+)"', response.text)
    assert fields.index("otp") == fields.index("current_password") + 1
    assert change_password(here, otp=one_time_code(OTP_SECRET)).status_code == 302


def test_a_wrong_code_changes_nothing(here, directus, second_factor, ada):
    response = change_password(here, otp="000000")

    assert "Enter the newest one." in response.text
    assert patches(directus) == []


def test_the_same_code_signs_this_browser_in_anew(here, directus, second_factor, ada):
    response = change_password(here, otp=one_time_code(OTP_SECRET))

    assert response.url == "/account/password/"
    assert here.get("/").status_code == 200
    assert len(directus.sessions_of(ada)) == 1


def test_the_code_cannot_be_used_by_another_browser(here, second_factor, ada):
    code = one_time_code(OTP_SECRET)
    change_password(here, otp=code)

    response = change_password(here, NEW_PASSWORD, "Yet another one 9", otp=code)

    assert "Enter the newest one." in response.text
    assert ada.password == NEW_PASSWORD


def test_a_code_that_runs_out_meanwhile_is_told_as_it_is(
    here, directus, second_factor, ada, other, monkeypatch
):
    def run_out(*args, **kwargs):
        ada.otp_secret = "KRSXG5CTMVRXEZLU"
        return login_again(*args, **kwargs)

    login_again = logins.login_again
    monkeypatch.setattr(logins, "login_again", run_out)

    response = change_password(here, otp=one_time_code(OTP_SECRET))

    assert ada.password == NEW_PASSWORD
    assert response.url == "/login/"
    page = here.get("/login/").text
    assert "Password changed. Sign in with your new password." in page
    assert not Session.objects.exclude(user=None).exists()


# With the user's token or the site's


def test_the_site_does_it_where_the_own_token_may_not(
    here, directus, ada, service_token
):
    directus.state.customer_writes = frozenset({"first_name"})

    assert change_password(here).status_code == 302

    assert ada.password == NEW_PASSWORD
    assert [call.token == service_token for call in patches(directus)] == [False, True]


def test_without_the_right_the_log_names_the_missing_grant(here, directus, ada, caplog):
    directus.state.customer_writes = frozenset({"first_name"})

    response = change_password(here)

    assert "Contact support." in response.text
    assert "directus_setup" in caplog.text
    assert ada.password == OWN_PASSWORD
    assert here.get("/").status_code == 200
    assert len(directus.sessions_of(ada)) == 1


# Trouble


def test_an_outage_before_changes_nothing(here, directus, ada, other):
    directus.is_down()

    response = change_password(here)

    assert response.status_code == 503
    assert OWN_PASSWORD not in response.text
    directus.is_up()
    assert here.get("/").status_code == other.get("/").status_code == 200


def test_a_lost_answer_is_told_as_it_is(here, directus, ada):
    directus.loses_answer(f"/users/{ada.id}")

    response = change_password(here)

    assert response.url == "/account/password/unsure/"
    page = here.get(response.url)
    assert "Your password may have been changed" in page.text
    assert ada.password == NEW_PASSWORD


def test_an_outage_after_the_change_is_told_as_it_is(here, directus, ada, other):
    directus.takes(0, "/auth/login")
    directus.fails(requests.ReadTimeout("late"), "/auth/login")

    response = change_password(here)

    assert response.url == "/login/"
    assert ada.password == NEW_PASSWORD
    assert other.get("/").status_code == 302


def test_a_session_that_ends_meanwhile_stays_ended(here, directus, ada, monkeypatch):
    def end(*args, **kwargs):
        tokens = login_again(*args, **kwargs)
        Session.objects.all().delete()
        return tokens

    login_again = logins.login_again
    monkeypatch.setattr(logins, "login_again", end)

    assert change_password(here).url == "/login/"

    assert directus.sessions_of(ada) == []
    assert here.get("/").status_code == 302


# The Flow's message about the new password


def told(ada, *fields):
    event = Message("users.update", (User.objects.get().directus_id,), set(fields))
    return follow(event, timezone.now())


def test_the_message_about_the_change_does_not_end_this_session(here, ada):
    change_password(here)

    assert told(ada, "password").sessions_ended == 0
    assert here.get("/").status_code == 200


def test_a_message_that_comes_before_the_answer_does_not_either(here, ada, monkeypatch):
    def tell(*args, **kwargs):
        told(ada, "password")
        return login_again(*args, **kwargs)

    login_again = logins.login_again
    monkeypatch.setattr(logins, "login_again", tell)

    assert change_password(here).url == "/account/password/"

    assert here.get("/").status_code == 200


def test_the_next_message_ends_it(here, ada):
    change_password(here)
    told(ada, "password")

    assert told(ada, "password").sessions_ended == 1


def test_a_message_about_the_address_ends_it(here, ada):
    change_password(here)

    assert told(ada, "email").sessions_ended == 1


def test_a_new_password_voids_a_change_of_the_address(here, service_token):
    ask_email(here)
    assert MailedLink.objects.exists()

    change_password(here)

    assert not MailedLink.objects.exists()


def test_a_new_password_set_in_directus_voids_it_too(here, ada, service_token):
    ask_email(here)

    told(ada, "password")

    assert not MailedLink.objects.exists()
