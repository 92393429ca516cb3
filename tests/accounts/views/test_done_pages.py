"""The page after a form with an email address names it, and sends the mail again."""

import re

import pytest
from django.test import Client

from accounts.models import Session
from accounts.views import done_pages

from ..steps import ask_reset

pytestmark = pytest.mark.django_db
DONE = "/request-reset-password/done/"


@pytest.fixture
def asked(client, ada):
    """A browser that has asked for a link to reset Ada's password."""
    ask_reset(client)
    return client


def test_the_page_names_the_address(asked):
    assert "If an account uses <strong>ada@example.com</strong>" in asked.get(DONE).text


def test_a_user_is_led_back_to_the_account(signed_in_client):
    signed_in_client.post("/request-reset-password/", {"email": "ada@example.com"})

    page = signed_in_client.get(DONE).text

    (target,) = re.findall(r'href="([^"]*)">Back to your account<', page)
    assert target == "/account/overview/"


def test_no_row_is_made_for_it(asked):
    asked.get(DONE)
    asked.post(DONE, follow=True)

    assert not Session.objects.exists()


def test_the_button_sends_the_mail_again(asked, directus):
    directus.mails.clear()

    page = asked.post(DONE, follow=True)

    assert "Sent again." in page.text
    assert "ada@example.com" in page.text
    assert [mail.to for mail in directus.mails] == ["ada@example.com"]
    assert "Sent again." not in asked.get(DONE).text


@pytest.mark.parametrize("email", ["ada@example.com", "new@example.com"])
def test_a_full_mailbox_is_told_there(client, ada, directus, email):
    ask_reset(client, email)
    for _ in range(4):
        assert client.post(DONE).status_code == 302
    directus.mails.clear()

    page = client.post(DONE)

    assert page.status_code == 429
    assert "Too many emails to this address" in page.text
    assert email in page.text
    assert directus.mails == []


def test_an_outage_is_told_there(asked, directus):
    directus.is_down()

    page = asked.post(DONE)

    assert page.status_code == 503
    assert "If an account uses" in page.text


def test_without_an_address_the_page_leads_to_the_form(client, directus):
    page = client.get(DONE).text

    assert "If this email address has an account" in page
    assert "Send again" not in page
    assert client.post(DONE).url == "/request-reset-password/"
    directus.was_not_asked()


def test_the_address_is_forgotten(asked, monkeypatch):
    monkeypatch.setattr(done_pages, "ADDRESS_SECONDS", -1)

    assert "ada@example.com" not in asked.get(DONE).text


def test_an_address_that_the_site_did_not_seal_is_not_shown(asked):
    other = Client()
    other.cookies["sent-reset"] = "victim@example.com"

    assert "victim@example.com" not in other.get(DONE).text
