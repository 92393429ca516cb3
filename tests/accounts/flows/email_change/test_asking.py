"""Asking for another e-mail address."""

import re

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Attempts, MailedLink

from ...account_pages import ask_email
from ...signed_in import make_old
from ...steps import let_pass
from .mails import NEW, OLD, PATH, asked, patches

pytestmark = pytest.mark.django_db


def test_an_outage_keeps_the_address_when_the_session_is_due_as_well(here, directus):
    make_old(here, minutes=2)
    directus.is_down()

    page = ask_email(here, "typed@example.com")

    assert page.status_code == 503
    assert 'value="typed@example.com"' in page.text
    assert mail.outbox == []


def test_asking_changes_nothing_and_says_what_happens(here, directus, ada):
    response = ask_email(here)

    assert (response.status_code, response.url) == (302, PATH)
    page = here.get(PATH).text
    assert "sent a confirmation email to your new address." in page
    assert "We emailed <strong>new@example.com</strong>" in page
    assert ada.email == OLD
    assert patches(directus) == []


def test_the_new_address_gets_a_link_and_the_old_one_a_notice(here):
    ask_email(here)

    to_new, to_old = mail.outbox
    assert (to_new.to, to_old.to) == ([NEW], [OLD])
    assert "http://testserver/account/email/confirm/?token=" in to_new.body
    assert OLD not in to_new.body
    assert "token=" not in to_old.body
    assert NEW not in to_old.body
    assert "127.0.0.1" in to_old.body


def test_only_a_digest_of_the_token_is_kept(here):
    token = asked(here).partition("token=")[2]

    row = MailedLink.objects.get()
    assert len(token) >= 43
    assert token not in str(vars(row))
    assert (row.old_email, row.email) == (OLD, NEW)


def test_a_taken_address_is_told_in_the_mail_to_it_alone(here, grace, directus):
    """A known and an unknown address get the same pages, calls, queries and mails."""
    seen = []
    for email in (NEW, grace.email):
        directus.forget_calls()
        mail.outbox.clear()
        MailedLink.objects.all().delete()
        with CaptureQueriesContext(
            connection,
        ) as queries:
            response = ask_email(here, email)
        page = here.get(PATH).text.replace(email, "")
        page = re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", page)
        page = re.sub(r"<time [^>]*>[^<]*</time>", "", page)
        calls = [(call.method, call.path) for call in directus.calls]
        mails = [letter.to == [email] for letter in mail.outbox]
        seen.append(
            (response.status_code, response.url, page, calls, mails, len(queries))
        )

    assert seen[0] == seen[1]
    assert "You already have an account" in mail.outbox[0].body
    assert "token=" not in mail.outbox[0].body


def test_the_owner_of_the_address_is_told_in_the_own_language(here, grace):
    grace.language = "de-DE"

    ask_email(here, grace.email)

    (letter,) = [letter for letter in mail.outbox if letter.to == [grace.email]]
    assert letter.subject == "Sie haben bereits ein Konto bei Directus site"


def test_an_address_is_taken_in_whatever_letters(here, grace, directus):
    directus.change(grace, email="Grace@Example.com")

    ask_email(here, "grace@example.com")

    assert "You already have an account" in mail.outbox[0].body


@pytest.mark.parametrize(
    ("email", "text"),
    [
        ("ADA@example.com", "This is already your email address."),
        ("nonsense", "Enter a valid"),
        ("a@example.com,b@example.com", "Enter a valid"),
        ("m\u0131ke@example.com", "Enter a valid"),
        ("a" * 120 + "@example.com", "at most 128"),
        ("", "Enter your new email address."),
    ],
)
def test_what_is_no_new_address_is_told_at_once(here, directus, email, text):
    response = ask_email(here, email)

    assert text in response.text
    assert mail.outbox == []
    directus.was_not_asked()


def test_an_account_may_ask_so_often(here, directus):
    for number in range(5):
        assert ask_email(here, f"new{number}@example.com").status_code == 302
    mail.outbox.clear()
    directus.forget_calls()

    response = ask_email(here)

    assert response.status_code == 429
    assert 'value="new@example.com"' in response.text
    assert mail.outbox == []
    directus.was_not_asked()
    let_pass(hours=1)
    assert ask_email(here).status_code == 302


def test_accounts_together_do_not_fill_a_mailbox(here, directus, sign_in):
    for number in range(6):
        user = directus.add_user(f"u{number}@example.com", "Somebody's secret 1")
        assert ask_email(sign_in(user, Client())).status_code == 302
    mail.outbox.clear()
    directus.forget_calls()

    response = ask_email(here)

    assert response.status_code == 429
    assert "Too many emails to this address" in response.text
    assert mail.outbox == []
    directus.was_not_asked()


def test_a_mailbox_that_is_full_uses_up_no_attempt_of_the_account(here, full_mailbox):
    for _ in range(8):
        assert ask_email(here, full_mailbox).status_code in {302, 429}

    assert ask_email(here, "another@example.com").status_code == 302


def test_an_outage_uses_up_no_attempt(here, directus):
    directus.is_down()
    assert ask_email(here).status_code == 503

    counts = Attempts.objects.filter(key__contains="mail").values_list("count")
    assert list(counts) == [(0,)] * 4


def test_without_a_service_token_the_log_says_what_is_missing(signed_in_client, caplog):
    page = signed_in_client.get(PATH).text

    assert "Contact support." in page
    assert "service token" in caplog.text
    assert 'name="email"' not in page
    assert ask_email(signed_in_client).status_code == 503


def test_a_service_token_that_may_not_read_is_the_operators_to_mend(
    here, directus, caplog
):
    directus.answers(
        403, {"errors": [{"extensions": {"code": "FORBIDDEN"}}]}, path="/users"
    )

    assert ask_email(here).status_code == 503

    assert "service token" in caplog.text
    assert not MailedLink.objects.exists()
