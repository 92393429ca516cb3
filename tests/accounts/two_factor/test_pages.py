"""The page of the second factor: set up, turned off, set up again."""

import pytest
from django.core import mail
from django.test import Client
from django.utils.html import escape

from accounts.models import RecoveryCode, Session, User
from accounts.web import sealed_cookie
from tests.fake_directus import one_time_code

from ..second_steps import (
    AGAIN,
    CODES,
    OFF,
    SET_UP,
    START,
    begin,
    code_for,
    codes_on,
    enrol,
    secret_on,
)
from ..steps import OTP_SECRET, let_pass, log_in, send_code

pytestmark = pytest.mark.django_db
UNTIL_THEN = (
    "Until you've finished setting up the new key, two-step verification is off."
)
WRONG = "That code isn't valid. Enter the newest one."


def used_codes_may_be_used_again():
    let_pass(minutes=5)


# Setting it up


def test_a_first_key_turns_nothing_off(signed_in_client, ada):
    begin(signed_in_client, ada.password)

    page = signed_in_client.get(SET_UP)

    assert secret_on(page)
    assert UNTIL_THEN not in page.text


def test_password_then_code_switch_it_on(signed_in_client, ada, directus):
    secret, codes = enrol(signed_in_client, ada)

    assert directus.state.users[ada.id].otp_secret == secret
    assert len(codes) == 10
    assert User.objects.get().has_two_factor is True
    assert "<strong>on</strong>" in signed_in_client.get(START).text
    assert "verification is on" in mail.outbox[-1].subject


def test_the_next_sign_in_asks_for_a_code(signed_in_client, ada):
    secret, _ = enrol(signed_in_client, ada)
    used_codes_may_be_used_again()
    browser = Client()

    assert log_in(browser, ada.email, ada.password).url == "/login/code/"
    assert send_code(browser, code_for(secret)).status_code == 302
    assert browser.get("/").status_code == 200


def test_the_code_that_switched_it_on_signs_no_user_in(signed_in_client, ada):
    secret, _ = enrol(signed_in_client, ada)
    browser = Client()
    log_in(browser, ada.email, ada.password)

    response = send_code(browser, one_time_code(secret))

    assert escape(WRONG) in response.text


def test_a_wrong_password_is_told_at_the_field(signed_in_client, directus):
    response = begin(signed_in_client, "wrong")

    assert response.context["form"].errors.keys() == {"current_password"}
    assert signed_in_client.get(SET_UP).status_code == 302


def test_passwords_are_not_guessed_here(signed_in_client):
    statuses = [begin(signed_in_client, "wrong").status_code for _ in range(6)]

    assert statuses[-1] == 429


def test_a_wrong_code_is_told_and_the_secret_stays(signed_in_client, ada, directus):
    begin(signed_in_client, ada.password)
    secret = secret_on(signed_in_client.get(SET_UP))

    response = signed_in_client.post(SET_UP, {"otp": "000000"})

    assert response.context["form"].errors == {"otp": [WRONG]}
    assert secret_on(response) == secret
    assert ada.otp_secret is None
    assert RecoveryCode.objects.count() == 0


def test_codes_are_not_guessed_here(signed_in_client, ada):
    begin(signed_in_client, ada.password)
    posts = [
        signed_in_client.post(SET_UP, {"otp": f"{n:06}"}).status_code for n in range(11)
    ]

    assert posts == [200] * 10 + [429]


def test_the_page_has_a_picture_without_styles_and_the_site_as_issuer(
    signed_in_client, ada, settings, monkeypatch
):
    urls = []
    monkeypatch.setattr(
        "accounts.two_factor.totp.qr_code", lambda url: urls.append(url) or "<svg>"
    )
    settings.SITE_NAME = "Books & more"
    begin(signed_in_client, ada.password)

    secret = secret_on(signed_in_client.get(SET_UP))

    (url,) = urls
    assert url.startswith("otpauth://totp/Books%20%26%20more:ada%40example.com?")
    assert f"secret={secret}&issuer=Books%20%26%20more&" in url


def test_the_picture_needs_no_styles(signed_in_client, ada):
    begin(signed_in_client, ada.password)

    page = signed_in_client.get(SET_UP).text

    svg = page.partition('class="qr-code"')[2].partition("</svg>")[0]
    assert 'fill="#fff"' in svg
    assert "style" not in svg


def test_another_browser_of_the_user_does_not_see_the_secret(
    signed_in_client, ada, sign_in
):
    begin(signed_in_client, ada.password)
    secret = secret_on(signed_in_client.get(SET_UP))
    session = signed_in_client.cookies["session"].value

    thief = Client()
    thief.cookies["session"] = session

    assert thief.get(SET_UP).status_code == 302
    for row in Session.objects.all():
        assert secret not in str(row.get_decoded())


def test_the_other_browsers_end_and_this_one_stays(
    signed_in_client, ada, sign_in, directus
):
    other = sign_in(ada, Client())

    enrol(signed_in_client, ada)

    assert other.get("/").status_code == 302
    assert signed_in_client.get("/").status_code == 200
    assert len(directus.sessions_of(ada)) == 1


def test_the_codes_are_shown_until_they_are_kept(signed_in_client, ada):
    _, codes = enrol(signed_in_client, ada)

    saved = signed_in_client.get(CODES + "file/")
    assert saved["Content-Disposition"].startswith("attachment")
    assert "no-store" in saved["Cache-Control"]
    assert saved.text.split("\r\n")[2:12] == codes
    signed_in_client.post(CODES)

    assert signed_in_client.get(CODES).status_code == 302
    assert signed_in_client.get(CODES + "file/").status_code == 302


def test_a_user_who_has_one_from_elsewhere_is_told_so(signed_in_client, ada, directus):
    ada.otp_secret = OTP_SECRET

    asked = begin(signed_in_client, ada.password)
    assert asked.context["form"].errors == {"otp": ["Enter the 6-digit code."]}
    done = begin(signed_in_client, ada.password, otp=code_for(OTP_SECRET))

    assert done.status_code == 302
    assert "You have no recovery codes" in signed_in_client.get(START).text


def test_codes_outlive_a_time_in_which_it_was_not_known(signed_in_client, ada):
    secret, _codes = enrol(signed_in_client, ada)
    used_codes_may_be_used_again()
    User.objects.update(has_two_factor=None)

    begin(signed_in_client, ada.password, otp=code_for(secret))

    assert User.objects.get().has_two_factor is True
    assert RecoveryCode.objects.count() == 10


def test_where_directus_does_not_allow_it_the_log_says_what_to_grant(
    signed_in_client, ada, directus, caplog
):
    directus.state.customer_writes -= {"tfa_secret"}

    response = begin(signed_in_client, ada.password)

    assert response.status_code == 403
    assert "Contact support." in response.text
    assert "tfa_secret" in caplog.text
    assert len(directus.sessions_of(ada)) == 1


def test_a_right_that_is_gone_at_the_end_is_told_too(signed_in_client, ada, directus):
    begin(signed_in_client, ada.password)
    secret = secret_on(signed_in_client.get(SET_UP))
    directus.state.customer_writes -= {"tfa_secret"}

    response = signed_in_client.post(SET_UP, {"otp": code_for(secret)})

    assert response.status_code == 403
    assert "Contact support." in response.text


@pytest.mark.parametrize("step", [START, SET_UP])
def test_an_outage_keeps_the_page_and_counts_nothing(
    signed_in_client, ada, directus, step
):
    begin(signed_in_client, ada.password)
    secret = secret_on(signed_in_client.get(SET_UP))
    directus.is_down()

    data = {"current_password": ada.password, "otp": code_for(secret)}
    response = signed_in_client.post(step, data)

    assert response.status_code == 503
    directus.is_up()
    assert signed_in_client.post(SET_UP, data).status_code in {302, 503}


def test_a_lost_answer_does_not_leave_it_half_on(signed_in_client, ada, directus):
    begin(signed_in_client, ada.password)
    secret = secret_on(signed_in_client.get(SET_UP))
    directus.loses_answer("/users/me/tfa/enable")
    assert signed_in_client.post(SET_UP, {"otp": code_for(secret)}).status_code == 503
    assert ada.otp_secret == secret

    wrong = signed_in_client.post(SET_UP, {"otp": "000000"})
    done = signed_in_client.post(SET_UP, {"otp": code_for(secret)})

    assert wrong.context["form"].errors == {"otp": [WRONG]}
    assert done.url == CODES
    assert ada.otp_secret == secret
    assert User.objects.get().has_two_factor is True
    assert len(codes_on(signed_in_client.get(CODES))) == 10


def test_one_from_elsewhere_is_not_replaced(signed_in_client, ada):
    begin(signed_in_client, ada.password)
    secret = secret_on(signed_in_client.get(SET_UP))
    ada.otp_secret = OTP_SECRET

    response = signed_in_client.post(SET_UP, {"otp": code_for(secret)})

    assert response.context["form"].errors == {"otp": [WRONG]}
    assert ada.otp_secret == OTP_SECRET
    assert RecoveryCode.objects.count() == 0


@pytest.mark.parametrize("page", [OFF, AGAIN])
def test_codes_that_are_void_are_shown_no_more(signed_in_client, ada, page):
    """Nor does the button below them say that the second factor is on."""
    secret, _codes = enrol(signed_in_client, ada)
    used_codes_may_be_used_again()
    turn_off(signed_in_client, ada, code_for(secret), page)

    for path in (CODES, CODES + "file/"):
        assert signed_in_client.get(path).url == START
    assert signed_in_client.post(CODES).url == START
    assert "is on" not in signed_in_client.get(START).text


def test_the_secret_ends_after_a_while(signed_in_client, ada, monkeypatch):
    begin(signed_in_client, ada.password)
    now = sealed_cookie.time.time
    monkeypatch.setattr(sealed_cookie.time, "time", lambda: now() + 901)

    response = signed_in_client.get(SET_UP, follow=True)

    assert "That took too long" in response.text


# Turning it off, and setting it up again


@pytest.fixture
def enrolled(signed_in_client, ada):
    secret, _ = enrol(signed_in_client, ada)
    signed_in_client.post(CODES)
    used_codes_may_be_used_again()
    mail.outbox.clear()
    return signed_in_client, secret


def turn_off(browser, user, otp, page=OFF):
    return browser.post(page, {"current_password": user.password, "otp": otp})


def test_password_and_code_turn_it_off(enrolled, ada, directus):
    browser, secret = enrolled

    assert turn_off(browser, ada, code_for(secret)).url == START

    assert directus.state.users[ada.id].otp_secret is None
    assert RecoveryCode.objects.count() == 0
    assert User.objects.get().has_two_factor is False
    assert "verification is off" in mail.outbox[-1].subject
    assert browser.get("/").status_code == 200
    assert log_in(Client(), ada.email, ada.password).url == "/"


@pytest.mark.parametrize("otp", ["", "000000"])
def test_the_password_alone_does_not_turn_it_off(enrolled, ada, otp):
    browser, _secret = enrolled

    response = turn_off(browser, ada, otp)

    assert "otp" in response.context["form"].errors
    assert ada.otp_secret
    assert RecoveryCode.objects.count() == 10


def test_a_code_does_not_turn_it_off_twice(enrolled, ada, directus):
    """A code that signed a user in is spent."""
    browser, secret = enrolled
    code = code_for(secret)
    other = Client()
    log_in(other, ada.email, ada.password)
    send_code(other, code)

    response = turn_off(browser, ada, code)

    assert response.context["form"].errors == {"otp": [WRONG]}


def test_setting_it_up_again_gives_a_new_secret_and_new_codes(enrolled, ada):
    browser, secret = enrolled
    before = set(RecoveryCode.objects.values_list("digest", flat=True))
    assert UNTIL_THEN in browser.get(AGAIN).text

    assert turn_off(browser, ada, code_for(secret), AGAIN).url == SET_UP
    page = browser.get(SET_UP)
    assert UNTIL_THEN in page.text
    new = secret_on(page)
    assert new != secret
    browser.post(SET_UP, {"otp": code_for(new)})

    assert len(codes_on(browser.get(CODES))) == 10
    assert not before & set(RecoveryCode.objects.values_list("digest", flat=True))
    assert ada.otp_secret == new


@pytest.mark.parametrize("path", [OFF, AGAIN])
def test_where_it_is_off_there_is_nothing_to_turn_off(signed_in_client, path):
    assert signed_in_client.get(path).url == START


def test_an_outage_turns_nothing_off(enrolled, ada, directus):
    browser, secret = enrolled
    directus.answers(503, {}, path="/users/me/tfa/disable")

    response = turn_off(browser, ada, code_for(secret))

    assert response.status_code == 503
    assert RecoveryCode.objects.count() == 10


def test_the_pages_are_for_signed_in_users(client):
    for page in (START, SET_UP, CODES, CODES + "file/", AGAIN, OFF):
        assert client.get(page).url.startswith("/login/?next=")
