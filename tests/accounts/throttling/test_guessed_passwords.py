"""Guessing one account's password."""

import pytest
import requests

from accounts.core import clients
from accounts.throttling.limits import MINUTE

from ..guessing import attack_for_a_week, fail
from ..steps import OTP_SECRET, ask_reset, choose_password, let_pass, log_in, open_link

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("email", ["ada@example.com", "nobody@example.com"])
def test_the_sixth_wrong_password_is_not_sent_to_directus(client, ada, directus, email):
    """A known and an unknown address are throttled alike."""
    statuses = fail(5, client, email)
    refused = log_in(client, email, REMOTE_ADDR="203.0.113.1")

    assert statuses == [200] * 5
    assert refused.status_code == 429
    assert 0 < int(refused["Retry-After"]) <= 5 * MINUTE
    assert len(directus.calls_to("/auth/login")) == 5
    assert f'value="{email}"' in refused.text
    assert "You can also" in refused.text


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


def test_an_outage_in_between_is_not_counted_as_a_failure(client, ada, directus):
    fail(4, client)
    directus.is_down()
    for _ in range(3):
        assert log_in(client).status_code == 503
    directus.is_up()
    # A new one: its breaker is closed.
    clients._transport.cache_clear()

    assert fail(2, client) == [200, 429]


@pytest.mark.parametrize(
    "error", [requests.ReadTimeout("late"), requests.ConnectionError("reset")]
)
def test_a_lost_answer_is_not_counted_as_a_failure(client, ada, directus, error):
    for _ in range(4):
        directus.fails(error, "/auth/login")
        assert log_in(client).status_code == 503

    assert fail(5, client) == [200] * 5


def test_throttling_by_directus_is_not_counted_as_a_failure(client, ada, directus):
    directus.throttles(57)
    for _ in range(6):
        assert log_in(client).status_code == 429
    directus.is_up()

    assert log_in(client, ada.email, ada.password).status_code == 302


# Directus suspends for good after 25 attempts without a success


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
