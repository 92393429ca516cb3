"""Guessing passwords and codes. Controls C-BF-1 to C-BF-4, C-BF-6, C-BF-9."""

import pytest
import requests

from accounts import clients, pending, short_secrets
from accounts.models import Attempts
from accounts.throttling import MINUTE, Attempt, Limit, Throttled, clear_ended
from tests.fake_directus import one_time_code

from .flows import (
    OTP_SECRET,
    ask_reset,
    choose_password,
    let_pass,
    log_in,
    open_link,
    send_code,
    sign_up,
)

pytestmark = pytest.mark.django_db

LIMIT = Limit("tests", 2, (5 * MINUTE, 15 * MINUTE))


def fail(n, browser, email="ada@example.com", **extra):
    """Fail to sign in n times, each time from another address."""
    statuses = []
    for _ in range(n):
        extra["REMOTE_ADDR"] = f"198.51.{fail.address // 250}.{fail.address % 250}"
        fail.address += 1
        statuses.append(log_in(browser, email, **extra).status_code)
    return statuses


fail.address = 0


# The counter itself


def take(n=1):
    for _ in range(n):
        attempt = Attempt(LIMIT, "somebody")
        attempt.take()
        attempt.failed()


def test_an_attempt_too_many_is_refused_until_the_window_ends():
    take(2)

    with pytest.raises(Throttled) as caught:
        take()

    assert 4 * MINUTE < caught.value.retry_after <= 5 * MINUTE
    let_pass(minutes=5)
    take()


def test_the_window_after_one_that_was_used_up_is_longer():
    take(2)
    let_pass(minutes=5)
    take(2)

    with pytest.raises(Throttled) as caught:
        take()

    assert 14 * MINUTE < caught.value.retry_after <= 15 * MINUTE


def test_a_quiet_window_makes_the_next_one_short_again():
    take(2)
    let_pass(minutes=5)
    take(1)
    let_pass(minutes=15)
    take(2)

    with pytest.raises(Throttled) as caught:
        take()

    assert caught.value.retry_after <= 5 * MINUTE


def test_what_is_undone_is_not_counted():
    take(1)
    attempt = Attempt(LIMIT, "somebody")
    attempt.take()
    attempt.undo()

    take(1)

    with pytest.raises(Throttled):
        take()


def test_a_success_leaves_no_row_behind():
    """Control C-ENUM-2: who signed in before is as unknown as who never did."""
    take(1)
    attempt = Attempt(LIMIT, "somebody")
    attempt.take()

    attempt.succeeded()

    assert not Attempts.objects.exists()


def test_a_success_leaves_the_attempts_that_are_still_under_way():
    first, second = Attempt(LIMIT, "somebody"), Attempt(LIMIT, "somebody")
    first.take()
    second.take()

    first.succeeded()

    row = Attempts.objects.get()
    assert (row.count, row.in_flight) == (1, 1)


def test_keys_do_not_tell_whom_they_count():
    take(1)

    assert "somebody" not in Attempts.objects.get().key


def test_ended_rows_are_deleted_a_day_later():
    take(2)

    assert clear_ended() == 0
    let_pass(days=2)
    assert clear_ended() == 1


# C-BF-1: guessing one account's password


@pytest.mark.parametrize("email", ["ada@example.com", "nobody@example.com"])
def test_the_sixth_wrong_password_is_not_sent_to_directus(client, ada, directus, email):
    """Control C-ENUM-7 too: a known and an unknown address are throttled alike."""
    statuses = fail(5, client, email)
    refused = log_in(client, email, REMOTE_ADDR="203.0.113.1")

    assert statuses == [200] * 5
    assert refused.status_code == 429
    assert 0 < int(refused["Retry-After"]) <= 5 * MINUTE
    assert len(directus.calls_to("/auth/login")) == 5
    assert f'value="{email}"' in refused.text
    assert "you need not wait: choose a new password" in refused.text


def test_the_right_password_does_not_help_while_throttled(client, ada, directus):
    fail(5, client)
    directus.forget_calls()

    assert log_in(client, ada.email, ada.password).status_code == 429
    directus.was_not_asked()


def test_waiting_gets_longer_each_time(client, ada):
    waits = []
    for minutes in (5, 15, 60, 60):
        fail(5, client, "nobody@example.com")
        refused = log_in(client, "nobody@example.com")
        waits.append(round(int(refused["Retry-After"]) / MINUTE))
        let_pass(minutes=minutes)

    assert waits[:3] == [5, 15, 60]


def test_however_an_address_is_written_it_is_one_account(client, ada):
    fail(5, client, "Ada@Example.com")

    assert log_in(client, " ada@example.COM ").status_code == 429


def test_a_success_gives_the_account_a_fresh_start(client, ada):
    for _ in range(3):
        assert fail(4, client) == [200] * 4
        assert log_in(client, ada.email, ada.password).status_code == 302
        client.cookies.clear()


def test_an_outage_in_between_is_nobodys_failure(client, ada, directus):
    fail(4, client)
    directus.is_down()
    for _ in range(3):
        assert log_in(client).status_code == 503
    directus.is_up()
    # A new one, whose breaker is closed.
    clients._transport.cache_clear()

    assert fail(2, client) == [200, 429]


@pytest.mark.parametrize(
    "error", [requests.ReadTimeout("late"), requests.ConnectionError("reset")]
)
def test_a_lost_answer_is_nobodys_failure(client, ada, directus, error):
    for _ in range(4):
        directus.fails(error, "/auth/login")
        assert log_in(client).status_code == 503

    assert fail(5, client) == [200] * 5


def test_throttling_by_directus_is_nobodys_failure(client, ada, directus):
    directus.throttles(57)
    for _ in range(6):
        assert log_in(client).status_code == 429
    directus.is_up()

    assert log_in(client, ada.email, ada.password).status_code == 302


# C-BF-1 with fact F8: Directus suspends for good after 25 attempts without a success


def attack_for_a_week(browser, email="ada@example.com"):
    for _ in range(7):
        fail(6, browser, email)
        let_pass(hours=24)


def test_weeks_of_guessing_do_not_suspend_the_account(client, ada, directus, sign_in):
    owner = sign_in(ada)
    stranger = type(client)()
    directus.forget_calls()

    attack_for_a_week(stranger)
    attack_for_a_week(stranger)
    tried = len(directus.calls_to("/auth/login"))
    owner.post("/logout/")

    assert tried == 20
    assert ada.status == "active"
    assert log_in(owner, ada.email, ada.password).status_code == 302


def test_strangers_and_known_browsers_together_stay_below_directus_limit(
    client, ada, sign_in
):
    owner = sign_in(ada)
    owner.post("/logout/")
    attack_for_a_week(type(client)())

    # The owner does not remember the password either.
    attack_for_a_week(owner)

    assert ada.status == "active"
    assert ada.attempts < 25


def test_a_success_on_a_known_browser_resets_what_directus_counts(client, ada, sign_in):
    owner = sign_in(ada)
    stranger = type(client)()
    for _ in range(3):
        attack_for_a_week(stranger)
        owner.post("/logout/")
        assert log_in(owner, ada.email, ada.password).status_code == 302
        assert ada.attempts == 0

    assert ada.status == "active"


def test_probing_an_account_with_a_second_factor_does_not_suspend_it(client, directus):
    """Directus counts the right password without a code as well."""
    user = directus.add_user(otp_secret=OTP_SECRET)
    for n in range(40):
        address = f"198.51.100.{n}"
        log_in(client, user.email, user.password, REMOTE_ADDR=address)

    assert user.status == "active"
    assert user.attempts < 25


def test_without_a_limit_in_directus_guessing_is_only_slowed_down(
    client, ada, directus, settings
):
    settings.DIRECTUS_LOGIN_ATTEMPTS = 0
    directus.state.login_attempts = None

    for _ in range(8):
        assert fail(5, client) == [200] * 5
        let_pass(hours=1)


def test_a_new_password_lets_its_owner_in_at_once(client, ada, directus):
    """Although strangers have used up every attempt."""
    attack_for_a_week(type(client)())

    ask_reset(client)
    open_link(client, directus.last_link(ada.email))
    choose_password(client)

    assert log_in(client, ada.email, ada.password).status_code == 302
    assert ada.status == "active"


# C-BF-2 and C-BF-3: one address, many accounts


def test_the_eleventh_failure_from_one_address_is_refused(client, directus):
    for n in range(10):
        log_in(client, f"victim{n}@example.com")

    assert log_in(client, "victim@example.com").status_code == 429
    other = log_in(client, "victim@example.com", REMOTE_ADDR="203.0.113.1")
    assert other.status_code == 200


def test_an_ipv6_network_is_one_address(client):
    for n in range(10):
        log_in(client, f"a{n}@example.com", REMOTE_ADDR=f"2001:db8:0:1::{n}")

    same = log_in(client, "b@example.com", REMOTE_ADDR="2001:db8:0:1:ffff::1")
    other = log_in(client, "b@example.com", REMOTE_ADDR="2001:db8:0:2::1")

    assert (same.status_code, other.status_code) == (429, 200)


def test_an_own_success_does_not_clear_the_address(client, ada):
    for n in range(9):
        log_in(client, f"victim{n}@example.com")
    assert log_in(client, ada.email, ada.password).status_code == 302
    client.post("/logout/")

    tenth = log_in(client, "victim10@example.com")
    eleventh = log_in(client, "victim11@example.com")

    assert (tenth.status_code, eleventh.status_code) == (200, 429)


def test_the_thirty_first_sign_in_of_a_minute_is_refused(client, ada, directus):
    for _ in range(30):
        assert log_in(client, ada.email, ada.password).status_code == 302
        client.cookies.clear()

    assert log_in(client, ada.email, ada.password).status_code == 429
    client.cookies.clear()
    other = log_in(client, ada.email, ada.password, REMOTE_ADDR="203.0.113.1")
    assert other.status_code == 302


def test_the_twenty_first_sign_up_of_a_minute_is_refused(client, directus):
    directus.state.registrations_a_minute = 100
    for n in range(20):
        assert sign_up(client, f"new{n}@example.com").status_code == 302

    refused = sign_up(client, "new@example.com")

    assert refused.status_code == 429
    assert int(refused["Retry-After"]) > 0
    assert len(directus.calls_to("/users/register")) == 20


def test_the_twenty_first_reset_of_a_minute_is_refused(client, directus):
    for n in range(20):
        assert ask_reset(client, f"a{n}@example.com").status_code == 302

    assert ask_reset(client, "a@example.com").status_code == 429
    assert len(directus.calls_to("/auth/password/request")) == 20


@pytest.mark.parametrize("email", ["ada@example.com", "nobody@example.com"])
def test_the_sixth_reset_of_one_address_in_a_minute_is_refused(client, ada, email):
    statuses = [ask_reset(client, email).status_code for _ in range(6)]

    assert statuses == [302] * 5 + [429]


# C-BF-4: known browsers


def test_strangers_do_not_lock_the_owner_out(client, ada, sign_in):
    owner = sign_in(ada)
    owner.post("/logout/")
    fail(100, type(client)())

    assert log_in(owner, ada.email, ada.password).status_code == 302


def test_a_known_browser_has_five_attempts_of_its_own(client, ada, sign_in):
    owner = sign_in(ada)
    owner.post("/logout/")

    assert fail(6, owner) == [200] * 5 + [429]


def test_a_browser_is_known_to_its_own_accounts_only(client, ada, directus, sign_in):
    eve = directus.add_user("eve@example.com", "Eve's own password")
    attacker = sign_in(eve)
    attacker.post("/logout/")
    fail(5, type(client)())

    assert log_in(attacker, ada.email, ada.password).status_code == 429


@pytest.mark.parametrize("cookie", ["", "x", "e30:1:x", "\x00", "eyJ" * 1000])
def test_a_forged_device_cookie_is_no_device(client, ada, cookie):
    fail(5, client)
    client.cookies["device"] = cookie

    assert log_in(client, ada.email, ada.password).status_code == 429


def test_the_device_cookie_opens_nothing(client, ada, sign_in):
    device = sign_in(ada).cookies["device"].value
    other = type(client)()
    other.cookies["device"] = device

    assert other.get("/").status_code == 302
    assert len(device) < 1000


# C-BF-6 and C-BF-9: one-time codes


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
        # A new one, whose breaker is closed.
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
    assert "was used before" in again.text
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
    now = short_secrets.time.time
    monkeypatch.setattr(short_secrets.time, "time", lambda: now() + pending.SECONDS + 1)

    response = client.get("/login/code/", follow=True)

    assert response.redirect_chain == [("/login/", 302)]
    assert "Please sign in again." in response.text


def test_the_code_page_belongs_to_the_browser_that_typed_the_password(client, grace):
    log_in(client, grace.email, grace.password)
    other = type(client)()
    other.cookies["session"] = client.cookies["session"].value

    assert send_code(other, one_time_code(OTP_SECRET)).url == "/login/"
