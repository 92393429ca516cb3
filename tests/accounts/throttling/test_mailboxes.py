"""The number of mails that forms send to one mailbox."""

import pytest
import requests
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.core import clients
from accounts.models import Attempts

from ..account_pages import ask_email
from ..steps import (
    ask_reset,
    choose_password,
    confirm,
    let_pass,
    log_in,
    open_link,
    sign_up,
)

pytestmark = pytest.mark.django_db

ADA, NEW = "ada@example.com", "new@example.com"


@pytest.fixture(autouse=True)
def _many_sign_ups(directus):
    """Let the fake take as many sign-ups as its own limit would not."""
    directus.state.registrations_a_minute = 1000


def bomb(send, email, times=8):
    """Ask for mails from as many addresses; return the statuses."""
    statuses = []
    for number in range(times):
        address = f"203.0.113.{number}"
        statuses.append(send(Client(), email, REMOTE_ADDR=address).status_code)
    return statuses


def reset(browser, email=ADA, **extra):
    return ask_reset(browser, email, **extra)


@pytest.mark.parametrize("send", [sign_up, reset])
@pytest.mark.parametrize("email", [ADA, NEW])
def test_many_strangers_cause_five_mails_in_an_hour(ada, directus, send, email):
    """Known or unknown, the answers are the same."""
    statuses = bomb(send, email, 12)

    assert statuses == [302] * 5 + [429] * 7
    assert len(directus.calls) == 5
    assert len(directus.mails) <= 5
    let_pass(hours=1)
    assert bomb(send, email, 6) == [302] * 5 + [429]


@pytest.mark.parametrize("send", [sign_up, reset])
@pytest.mark.parametrize("email", [ADA, NEW])
def test_and_ten_in_a_day(ada, directus, send, email):
    # The tenth mail is sent in the second hour, and the day ends after the last.
    for minutes in (59, 59, 59, 10 * 60, 10 * 60):
        bomb(send, email, 6)
        let_pass(minutes=minutes)
    bomb(send, email, 6)

    assert len(directus.calls) == 10


def test_all_kinds_of_mail_share_the_limit(directus, ada, sign_in, service_token):
    browser = sign_in(ada)
    statuses = []
    for _ in range(10):
        statuses.append(sign_up(Client(), NEW).status_code)
        statuses.append(reset(Client(), NEW).status_code)
    statuses += [ask_email(browser, NEW).status_code for _ in range(5)]

    # One place is kept for signed-in users.
    assert statuses == [302] * 5 + [429] * 15 + [302] + [429] * 4


def test_links_for_another_address_use_up_what_strangers_have(
    directus, ada, sign_in, service_token
):
    browser = sign_in(ada)
    for _ in range(5):
        ask_email(browser, NEW)

    assert sign_up(Client(), NEW).status_code == 429
    assert reset(Client(), NEW).status_code == 429
    assert len([one for one in mail.outbox if one.to == [NEW]]) == 5


@pytest.mark.parametrize(
    "another",
    ["NEW@Example.COM", " new@example.com", "new+1@example.com", "new+a+b@example.com"],
)
def test_however_an_address_is_written_it_is_one_mailbox(directus, another):
    bomb(sign_up, NEW, 5)

    assert sign_up(Client(), another).status_code == 429


@pytest.mark.parametrize("another", ["a.d.a@gmail.com", "ada+1@googlemail.com"])
def test_dots_make_no_other_mailbox_where_they_mean_nothing(directus, another):
    bomb(reset, "ada@gmail.com", 5)

    assert reset(Client(), another).status_code == 429
    assert reset(Client(), "a.da@example.com").status_code == 302


def test_another_mailbox_has_a_limit_of_its_own(ada):
    bomb(reset, ADA)

    assert reset(Client(), "adam@example.com").status_code == 302


# The page


@pytest.mark.parametrize("send", [sign_up, reset])
def test_the_page_says_where_the_mails_are_and_when_to_ask_again(ada, send):
    bomb(send, ADA, 5)

    refused = send(Client(), ADA)

    assert "Too many emails to this address" in refused.text
    assert "spam folder" in refused.text
    assert "request another one in 60 minutes" in refused.text
    assert 59 * 60 < int(refused["Retry-After"]) <= 3600
    assert f'value="{ADA}"' in refused.text


def test_the_page_says_when_the_day_is_over(ada):
    for _ in range(2):
        bomb(reset, ADA, 5)
        let_pass(hours=1)

    refused = reset(Client())

    assert "request another one in 22 hours" in refused.text
    assert 21 * 3600 < int(refused["Retry-After"]) <= 22 * 3600


def test_a_refusal_does_not_tell_which_addresses_are_known(ada, directus):
    pages = []
    for email in (ADA, NEW):
        bomb(reset, email, 5)
        directus.forget_calls()
        with CaptureQueriesContext(connection) as queries:
            page = reset(Client(), email).text
        directus.was_not_asked()
        verbs = [query["sql"].split()[0] for query in queries]
        pages.append((verbs, page.count("Too many emails")))

    assert pages[0] == pages[1]


# Mails that strangers cannot use up


def test_the_owners_browser_gets_a_mail_all_the_same(ada, directus, sign_in):
    owner = sign_in(ada)
    owner.post("/logout/")
    bomb(reset, ADA)
    before = len(directus.mails)

    assert reset(owner).status_code == 302

    assert len(directus.mails) == before + 1


def test_and_so_does_the_owner_who_is_signed_in(ada, directus, sign_in):
    owner = sign_in(ada)
    del owner.cookies["device"]
    bomb(reset, ADA)

    assert reset(owner).status_code == 302


def test_a_user_signed_in_to_another_account_is_a_stranger(ada, directus, sign_in):
    other = sign_in(directus.add_user("eve@example.com", "Somebody's secret 1"))
    bomb(reset, ADA)

    statuses = [reset(other).status_code for _ in range(3)]

    # The place for signed-in users, not one of Ada's.
    assert statuses == [302, 429, 429]
    assert reset(sign_in(ada, Client())).status_code == 302


def test_the_owners_own_place_has_an_end_too(ada, directus, sign_in):
    owner = sign_in(ada)

    statuses = [reset(owner).status_code for _ in range(12)]

    assert statuses == [302] * 10 + [429] * 2


def test_a_signed_up_address_can_be_confirmed_after_a_flood(
    client, directus, service_token
):
    """The mail that a stranger caused is as good, and the one that follows is sent."""
    bomb(sign_up, NEW)
    open_link(client, directus.last_link(NEW))

    assert confirm(client).status_code == 302

    link = directus.last_link(NEW)
    assert "/reset-password/" in link
    open_link(client, link)
    assert choose_password(client).status_code == 302


def test_notices_are_not_held_back(ada, directus, sign_in):
    sign_in(ada)
    bomb(reset, ADA)
    browser = Client()
    mail.outbox.clear()

    sign_in(ada, browser)
    open_link(browser, directus.last_link(ADA))
    choose_password(browser)

    subjects = [one.subject for one in mail.outbox]
    assert len(subjects) == 2, subjects


# Outages


@pytest.mark.parametrize("send", [sign_up, reset])
def test_an_outage_uses_up_no_mail(ada, directus, send):
    directus.is_down()
    for _ in range(7):
        assert send(Client(), ADA).status_code == 503
    directus.is_up()
    clients._transport.cache_clear()

    assert bomb(send, ADA, 6) == [302] * 5 + [429]


@pytest.mark.parametrize("send", [sign_up, reset])
def test_throttling_by_directus_uses_up_no_mail(ada, directus, send):
    directus.throttles(57)
    for _ in range(7):
        assert send(Client(), ADA).status_code == 429
    directus.is_up()

    assert bomb(send, ADA, 6) == [302] * 5 + [429]


def test_a_mail_stays_counted_when_only_the_answer_is_lost(directus):
    for _ in range(5):
        directus.loses_answer("/users/register")
        assert sign_up(Client(), NEW).status_code == 503

    assert sign_up(Client(), NEW).status_code == 429
    assert len(directus.mails) == 5


@pytest.mark.parametrize("email", [ADA, NEW])
def test_trouble_with_one_mail_counts_as_the_mail(ada, directus, email):
    """Only a known address can have it."""
    for _ in range(5):
        directus.fails(requests.ReadTimeout("late"), "/auth/password/request")
        assert reset(Client(), email).status_code == 302

    assert reset(Client(), email).status_code == 429


# Without mails


def test_a_sign_up_that_is_not_mailed_counts_for_no_mailbox(
    directus, settings, service_token
):
    settings.DIRECTUS_SIGNUP = "create"
    sign_up(Client(), NEW)

    assert not Attempts.objects.filter(key__startswith="mailbox").exists()


def test_a_sign_in_counts_for_no_mailbox(client, ada):
    log_in(client)

    assert not Attempts.objects.filter(key__startswith="mailbox").exists()
