"""Confirming at the new address."""

from datetime import timedelta

import pytest
import requests
from django.core import mail
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from accounts.flows import email_change
from accounts.models import MailedLink, Session, User

from ...account_pages import ask_email, change_password, confirm_email
from ...steps import ask_reset, choose_password, log_in, open_link
from .mails import NEW, OLD, asked, link_in_mail, patches

pytestmark = pytest.mark.django_db


def test_confirming_changes_the_address(opened, directus, ada, service_token):
    response = confirm_email(opened)

    assert (response.status_code, response.url) == (302, "/account/email/done/")
    assert ada.email == NEW
    (patch,) = patches(directus)
    assert (patch.token, patch.json) == (service_token, {"email": NEW})
    user = User.objects.get()
    assert user.email == NEW
    assert MailedLink.objects.get().used_at
    assert "Email changed" in opened.get(response.url).text


def test_all_sessions_end_and_the_new_address_signs_in(opened, here, directus, ada):
    confirm_email(opened)

    assert not Session.objects.exclude(user=None).exists()
    assert directus.sessions_of(ada) == []
    assert here.get("/").status_code == 302
    assert log_in(here, NEW, ada.password).url == "/"
    assert log_in(Client(), OLD, ada.password).status_code == 200
    assert User.objects.count() == 1


def test_the_old_address_is_told(opened):
    confirm_email(opened)

    (letter,) = mail.outbox
    assert letter.to == [OLD]
    assert letter.subject == "Your Directus site email was changed"
    assert "127.0.0.1" in letter.body


def test_a_link_works_once(here, directus):
    link = asked(here)
    browser = Client()
    open_link(browser, link)
    confirm_email(browser)
    directus.forget_calls()

    open_link(browser, link)
    response = confirm_email(browser)

    assert response.status_code == 400
    assert "This link is no longer valid" in response.text
    directus.was_not_asked()


def test_mail_scanners_spend_no_link(here, directus, ada):
    link = asked(here)
    scanner = Client()
    for method in (scanner.get, scanner.head, scanner.options):
        method(link.removeprefix("http://testserver"))
    open_link(scanner, link)
    assert ada.email == OLD

    open_link(here, link)
    assert confirm_email(here).status_code == 302


def test_the_token_leaves_the_address_of_the_page(here):
    path = asked(here).removeprefix("http://testserver")

    landing = Client().get(path)

    assert landing.url == "/account/email/confirm/"
    assert landing["Referrer-Policy"] == "no-referrer"
    assert "no-store" in landing["Cache-Control"]


def test_a_link_ends_after_a_day(opened, ada):
    past = timezone.now() - timedelta(seconds=1)
    MailedLink.objects.update(expires_at=past)

    assert confirm_email(opened).status_code == 400

    assert ada.email == OLD
    call_command("clearsessions")
    assert not MailedLink.objects.exists()


def test_a_newer_link_replaces_the_older(here, ada):
    older = asked(here)
    ask_email(here, "newer@example.com")
    browser = Client()

    open_link(browser, older)

    assert confirm_email(browser).status_code == 400
    assert ada.email == OLD


def test_a_new_password_voids_the_link(here, opened, ada):
    change_password(here)

    assert confirm_email(opened).status_code == 400
    assert ada.email == OLD


def test_a_new_password_by_mail_voids_the_link_and_is_told(here, directus, ada):
    browser = Client()
    open_link(browser, asked(here))
    ask_reset(here)
    owner = Client()
    open_link(owner, directus.last_link(OLD))
    mail.outbox.clear()

    choose_password(owner)

    assert confirm_email(browser).status_code == 400
    assert [letter.subject for letter in mail.outbox] == [
        "Your Directus site password was changed"
    ]
    assert mail.outbox[0].to == [OLD]


def test_a_link_is_bound_to_the_address_it_began_from(opened, directus, ada):
    directus.change(ada, email="third@example.com")

    assert confirm_email(opened).status_code == 400
    assert ada.email == "third@example.com"


@pytest.mark.parametrize("status", ["suspended", "archived"])
def test_an_inactive_user_confirms_nothing(opened, directus, ada, status):
    directus.change(ada, status=status)

    assert confirm_email(opened).status_code == 400
    assert ada.email == OLD


@pytest.mark.parametrize("token", ["", "x", "\x00", "a.b.c", "é", "x" * 5000])
def test_any_other_token_is_refused(client, db, token):
    client.get("/account/email/confirm/", {"token": token})

    assert confirm_email(client).status_code == 400


def test_an_address_that_was_taken_meanwhile_is_told_neutrally(opened, directus, ada):
    directus.add_user(NEW, "The other's secret 1")

    response = confirm_email(opened)

    assert response.status_code == 400
    assert "This link is no longer valid" in response.text
    assert ada.email == OLD
    assert User.objects.get().email == OLD
    assert mail.outbox == []


def test_an_outage_leaves_the_link_good(opened, directus, ada):
    directus.is_down()
    assert confirm_email(opened).status_code == 503
    directus.is_up()

    assert confirm_email(opened).status_code == 302
    assert ada.email == NEW


def test_a_refusal_to_write_leaves_the_link_good(opened, directus, ada, caplog):
    refusal = {"errors": [{"extensions": {"code": "FORBIDDEN"}}]}
    directus.answers(403, refusal, path=f"/users/{ada.id}")
    assert confirm_email(opened).status_code == 503
    assert "service token" in caplog.text

    assert confirm_email(opened).status_code == 302


def test_a_lost_answer_is_made_good_by_the_next_try(opened, here, directus, ada):
    real = directus._answer_or_trouble

    def lose(asked, special):
        answer = real(asked, special)
        if asked.method == "PATCH":
            raise requests.ReadTimeout("lost")
        return answer

    directus._answer_or_trouble = lose
    assert confirm_email(opened).status_code == 503
    assert ada.email == NEW
    directus._answer_or_trouble = real
    directus.forget_calls()

    assert confirm_email(opened).status_code == 302

    assert patches(directus) == []
    assert User.objects.get().email == NEW
    assert [letter.to for letter in mail.outbox] == [[OLD]]


def test_two_confirmations_at_once_change_it_once(here, directus, monkeypatch):
    token = asked(here).partition("token=")[2]
    first = email_change.find(token)
    monkeypatch.setattr(email_change, "find", lambda token: first)
    browser = Client()
    open_link(browser, link_in_mail())
    confirm_email(browser)
    other = Client()
    open_link(other, link_in_mail())

    assert confirm_email(other).status_code == 400
