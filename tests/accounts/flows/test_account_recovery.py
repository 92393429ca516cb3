"""A recovery code in place of the authenticator app."""

import time

import pytest
from django.core import mail
from django.db import OperationalError
from django.test import Client

from accounts.core import clock
from accounts.flows import account_recovery
from accounts.models import RecoveryCode, User
from accounts.throttling.limits import Attempt
from accounts.two_factor import recovery_codes
from accounts.web import sealed_cookie

from ..second_steps import (
    AGAIN,
    CODES,
    OFF,
    SET_UP,
    START,
    code_for,
    enrol,
    recover,
    secret_on,
)
from ..signed_in import in_threads
from ..steps import OTP_SECRET, let_pass, log_in, send_code

pytestmark = pytest.mark.django_db
WRONG = "Check it, or use another one."


@pytest.fixture
def enrolled(signed_in_client, ada):
    """A browser that stays signed in, and the recovery codes."""
    _secret, codes = enrol(signed_in_client, ada)
    signed_in_client.post(CODES)
    mail.outbox.clear()
    return signed_in_client, codes


@pytest.fixture
def codes(enrolled):
    return enrolled[1]


@pytest.fixture
def asked(client, enrolled, ada):
    """A browser that has given the password, and is asked for a code."""
    browser = Client()
    assert log_in(browser, ada.email, ada.password).url == "/login/code/"
    return browser


def test_a_code_lets_in_once_and_the_second_factor_stays_on(
    asked, enrolled, ada, caplog
):
    caplog.set_level("INFO")
    browser, codes = enrolled
    assert "/login/recovery/" in asked.get("/login/code/").text

    response = recover(asked, codes[3])

    assert (response.status_code, response.url) == (302, START)
    assert "9 are left" in asked.get(START).text
    assert ada.otp_secret
    assert User.objects.get().has_two_factor is True
    assert recovery_codes.codes_left(User.objects.get()) == 9
    assert browser.get("/").status_code == 200
    assert "two_factor.recovered" in caplog.text
    assert any("You have 9 codes left" in sent.body for sent in mail.outbox)
    assert log_in(Client(), ada.email, ada.password).url == "/login/code/"


def test_a_used_code_is_refused_and_the_next_one_works(asked, codes, ada):
    recover(asked, codes[3])
    again = Client()
    log_in(again, ada.email, ada.password)

    assert WRONG in recover(again, codes[3]).text
    assert recover(again, codes[4]).url == START


def test_the_last_code_lets_in_as_well(asked, codes, ada):
    last = recovery_codes.find(ada.email, recovery_codes.normalised(codes[0]))
    RecoveryCode.objects.exclude(pk=last.pk).delete()

    assert recover(asked, codes[0]).url == START

    assert "0 are left" in asked.get(START).text
    assert AGAIN in asked.get(START).text


# Without the app


@pytest.fixture
def recovered(asked, codes):
    """A browser that has signed in with a recovery code."""
    recover(asked, codes[0])
    return asked


def test_it_is_set_up_again_with_the_password_alone(recovered, ada):
    lost = ada.otp_secret
    assert "otp" not in recovered.get(AGAIN).context["form"].fields

    response = recovered.post(AGAIN, {"current_password": ada.password})

    assert response.url == SET_UP
    assert ada.otp_secret is None
    secret = secret_on(recovered.get(SET_UP))
    assert recovered.post(SET_UP, {"otp": code_for(secret)}).url == CODES
    assert ada.otp_secret == secret != lost
    # What the code has opened was of the former one.
    assert "otp" in recovered.get(AGAIN).context["form"].fields


def test_it_is_turned_off_with_the_password_alone(recovered, ada):
    assert recovered.post(OFF, {"current_password": ada.password}).url == START

    assert ada.otp_secret is None
    assert RecoveryCode.objects.count() == 0


def test_a_wrong_password_does_neither(recovered, ada):
    for path in (AGAIN, OFF):
        page = recovered.post(path, {"current_password": "wrong"})
        assert page.context["form"].errors.keys() == {"current_password"}

    assert ada.otp_secret


def test_after_a_quarter_of_an_hour_the_code_is_asked_for(recovered, monkeypatch):
    later = time.time() + account_recovery.MINUTES * 60 + 1
    monkeypatch.setattr(sealed_cookie.time, "time", lambda: later)

    assert "otp" in recovered.get(AGAIN).context["form"].fields


def test_a_factor_that_was_replaced_elsewhere_asks_for_its_code(recovered, ada):
    ada.otp_secret = OTP_SECRET
    form = {"current_password": ada.password}

    page = recovered.post(AGAIN, form)
    assert page.context["form"].errors.keys() == {"otp"}

    assert recovered.post(AGAIN, form | {"otp": code_for(OTP_SECRET)}).url == SET_UP


def test_other_browsers_are_asked_for_the_code(recovered, enrolled):
    browser, _codes = enrolled

    assert "otp" in browser.get(AGAIN).context["form"].fields


# When it goes wrong


@pytest.mark.parametrize(
    "typed",
    [
        str.lower,
        lambda code: code.replace("-", " "),
        lambda c: f" {c.replace('-', '')}",
    ],
)
def test_a_code_may_be_typed_in_any_way(asked, codes, typed):
    assert recover(asked, typed(codes[0])).status_code == 302


@pytest.mark.parametrize("code", ["AAAA-AAAA-AAAA-AAAA", "x", "\x00", "ü" * 64, "---"])
def test_a_wrong_code_is_told_at_the_field(asked, ada, code):
    response = recover(asked, code)

    assert response.context["form"].errors.keys() == {"recovery_code"}
    assert code not in response.text or code in {"x", "---"}
    assert ada.otp_secret
    assert RecoveryCode.objects.filter(used_at=None).count() == 10


def test_the_sixth_code_leads_back_to_the_password(asked, codes, directus):
    """Each sign-in with the password allows five tries."""
    directus.forget_calls()
    wrong = [recover(asked, "WRONG").status_code for _ in range(5)]

    sixth = recover(asked, codes[0])

    assert (wrong, sixth.url) == ([200] * 5, "/login/")
    directus.was_not_asked()


def test_codes_of_both_kinds_share_the_five_tries(asked, codes):
    for _ in range(3):
        recover(asked, "WRONG")
    for _ in range(2):
        send_code(asked)

    assert recover(asked, codes[0]).url == "/login/"


def test_the_eleventh_code_of_an_account_waits(enrolled, ada):
    """The limit counts the tries of all browsers together."""
    _browser, codes = enrolled
    for _ in range(2):
        browser = Client()
        log_in(browser, ada.email, ada.password)
        for _ in range(5):
            recover(browser, "WRONG")
    browser = Client()
    log_in(browser, ada.email, ada.password)

    assert recover(browser, codes[0]).status_code == 429
    let_pass(minutes=16)
    assert recover(browser, codes[0]).status_code == 302


def test_a_code_is_good_for_its_owner_alone(codes, directus, sign_in):
    grace = directus.add_user("grace@example.com", "Grace's secret 1906")
    browser = sign_in(grace, Client())
    enrol(browser, grace)
    other = Client()
    log_in(other, grace.email, grace.password)

    assert WRONG in recover(other, codes[0]).text


def test_without_the_password_there_is_no_way_in(codes):
    response = recover(Client(), codes[0])

    assert response.url == "/login/"
    assert RecoveryCode.objects.count() == 10


@pytest.mark.parametrize("path", ["/auth/login", "/users/me"])
def test_an_outage_leaves_the_code_good(asked, codes, ada, directus, path):
    directus.answers(503, {}, path=path, times=3)

    assert recover(asked, codes[0]).status_code == 503

    assert RecoveryCode.objects.filter(used_at=None).count() == 10
    directus.is_up()
    let_pass(minutes=5)
    directus._specials.clear()
    assert recover(asked, codes[0]).status_code == 302


def test_an_address_that_passed_to_another_user_lets_no_user_in(
    asked, codes, ada, directus
):
    ada.email = "former@example.com"
    grace = directus.add_user("ada@example.com", ada.password)
    grace.otp_secret = ada.otp_secret

    assert WRONG in recover(asked, codes[0]).text

    assert directus.sessions_of(grace) == []
    assert RecoveryCode.objects.filter(used_at=None).count() == 10


def test_codes_of_a_former_second_factor_do_not_work(asked, codes, ada):
    ada.otp_secret = OTP_SECRET

    assert WRONG in recover(asked, codes[0]).text


def test_a_user_who_set_it_up_elsewhere_is_told_that_there_are_no_codes(
    client, directus
):
    user = directus.add_user("grace@example.com", otp_secret=OTP_SECRET)
    log_in(client, user.email, user.password)

    page = client.get("/login/code/").text

    assert "This account has no recovery codes" in page
    assert "/login/recovery/" not in page


def test_clocks_may_differ_by_half_a_minute(asked, codes, monkeypatch):
    ahead = account_recovery.code_of
    monkeypatch.setattr(
        account_recovery,
        "code_of",
        lambda secret, *, steps_ahead: ahead(secret, steps_ahead=steps_ahead + 1),
    )

    assert recover(asked, codes[0]).status_code == 302


@pytest.mark.parametrize("seconds", [-3600, -615, 600, 3 * 3600])
def test_a_code_is_good_though_the_clocks_differ(
    asked, codes, directus, caplog, seconds
):
    directus.time_passes(seconds)

    assert recover(asked, codes[0]).status_code == 302
    assert "The clocks differ" in caplog.text


def test_a_code_is_good_where_directus_does_not_tell_the_time(
    asked, codes, monkeypatch
):
    def no_date(**options):
        raise clock.ClockUnknown

    monkeypatch.setattr(clock, "seconds_apart", no_date)

    assert recover(asked, codes[0]).status_code == 302


def test_where_nothing_can_be_counted_no_code_is_taken(
    asked, codes, directus, monkeypatch
):
    """Without a counter no code is accepted."""

    def fail(attempt):
        raise OperationalError("the store is down")

    directus.forget_calls()
    monkeypatch.setattr(Attempt, "take", fail)

    assert recover(asked, codes[0]).status_code == 503
    directus.was_not_asked()
    assert RecoveryCode.objects.filter(used_at=None).count() == 10


# What the database holds


def test_a_code_opens_what_it_seals_and_no_other_does(codes):
    first = recovery_codes.normalised(codes[0])
    row = recovery_codes.find("ada@example.com", first)

    assert recovery_codes.secret_in(row, recovery_codes.normalised(codes[1])) is None
    assert len(recovery_codes.secret_in(row, first)) == 32


def test_codes_survive_a_new_key_while_the_old_one_is_kept(asked, codes, settings):
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another-" + "y" * 60

    first = recovery_codes.normalised(codes[0])
    row = recovery_codes.find("ada@example.com", first)
    assert len(recovery_codes.secret_in(row, first)) == 32
    settings.SECRET_KEY_FALLBACKS = []
    assert recovery_codes.find("ada@example.com", first) is None


@pytest.mark.django_db(transaction=True)
def test_of_parallel_requests_with_one_code_one_wins(enrolled, ada, directus):
    _browser, codes = enrolled
    browsers = [Client() for _ in range(4)]
    for browser in browsers:
        log_in(browser, ada.email, ada.password)
    directus.forget_calls()

    def use(number):
        return recover(browsers[number], codes[0])

    statuses = sorted(response.status_code for response in in_threads(4, use))

    assert statuses == [200, 200, 200, 302]
    assert sorted(b.get("/").status_code for b in browsers) == [200, 302, 302, 302]
