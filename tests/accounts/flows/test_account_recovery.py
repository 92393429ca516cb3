"""A recovery code in place of the authenticator app. Controls C-BF-6, C-NOT-1."""

import pytest
from django.core import mail
from django.db import OperationalError
from django.test import Client

from accounts.core import clock
from accounts.flows import account_recovery
from accounts.models import RecoveryCode, User
from accounts.throttling.limits import Attempt
from accounts.two_factor import recovery_codes

from ..second_steps import CODES, SET_UP, START, enrol, recover
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


def test_a_code_lets_in_and_turns_the_second_factor_off(asked, enrolled, ada, caplog):
    caplog.set_level("INFO")
    browser, codes = enrolled
    assert "/login/recovery/" in asked.get("/login/code/").text

    response = recover(asked, codes[3])

    assert (response.status_code, response.url) == (302, START)
    page = asked.get(START)
    assert "Set it up again." in page.text
    assert "current_password" in page.text
    assert ada.otp_secret is None
    assert User.objects.get().has_two_factor is False
    assert RecoveryCode.objects.count() == 0
    assert browser.get("/").status_code == 302
    assert "two_factor.recovered" in caplog.text
    subjects = [sent.subject for sent in mail.outbox]
    assert any("recovery code was used" in subject for subject in subjects)
    assert log_in(Client(), ada.email, ada.password).url == "/"


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
    """Control C-BF-6: five tries for each password that was given."""
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
    """Control C-BF-6: over all browsers."""
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


@pytest.mark.parametrize("path", ["/auth/login", "/users/me", "/users/me/tfa/disable"])
def test_an_outage_leaves_the_code_good(asked, codes, ada, directus, path):
    directus.answers(503, {}, path=path, times=3)

    assert recover(asked, codes[0]).status_code == 503

    directus.is_up()
    let_pass(minutes=5)
    directus._specials.clear()
    assert recover(asked, codes[0]).status_code == 302
    assert ada.otp_secret is None


def test_an_answer_that_got_lost_is_made_up_for(asked, enrolled, ada, directus):
    browser, codes = enrolled
    directus.loses_answer("/users/me/tfa/disable")
    assert recover(asked, codes[0]).status_code == 503
    assert ada.otp_secret is None

    assert recover(asked, codes[0]).url == START

    assert RecoveryCode.objects.count() == 0
    assert browser.get("/").status_code == 302


def test_an_outage_after_it_is_off_leads_back_to_the_password(
    asked, codes, ada, directus, monkeypatch
):
    was_recovered = recovery_codes.void_codes

    def then_down(user):
        was_recovered(user)
        directus.is_down()

    monkeypatch.setattr(recovery_codes, "void_codes", then_down)

    response = recover(asked, codes[0])

    assert response.url == "/login/"
    directus.is_up()
    assert "Two-step verification is off" in asked.get("/login/").text


def test_a_right_that_is_missing_is_told_and_the_code_stays(
    asked, codes, ada, directus
):
    directus.state.customer_writes -= {"tfa_secret"}

    response = recover(asked, codes[0])

    assert "turn off two-step verification. Contact support." in response.text
    assert RecoveryCode.objects.filter(used_at=None).count() == 10
    assert directus.sessions_of(ada) == directus.sessions_of(ada)[:1]


def test_codes_of_a_former_second_factor_do_not_work(asked, codes, ada):
    ada.otp_secret = OTP_SECRET

    assert WRONG in recover(asked, codes[0]).text


def test_who_set_it_up_elsewhere_is_told_that_there_are_no_codes(client, directus):
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
    asked, codes, directus, ada, caplog, seconds
):
    directus.time_passes(seconds)

    assert recover(asked, codes[0]).status_code == 302
    assert ada.otp_secret is None
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
    """Control C-BF-8: fail closed."""

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
    assert len(directus.calls_to("/users/me/tfa/disable")) == 1
    assert [b.get(SET_UP).status_code for b in browsers] == [302] * 4
