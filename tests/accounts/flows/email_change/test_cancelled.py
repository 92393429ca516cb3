"""Cancelling a change of the address."""

import pytest
from django.core import mail
from django.test import Client

from accounts.flows import email_change
from accounts.models import User

from ...account_pages import ask_email, confirm_email
from ...steps import open_link
from .mails import link_in_mail

pytestmark = pytest.mark.django_db
PAGE = "/account/email/"
CANCEL = "/account/email/cancel/"


def test_the_button_voids_the_link(signed_in_client, ada, service_token, caplog):
    ask_email(signed_in_client)
    link = link_in_mail()
    assert f'action="{CANCEL}"' in signed_in_client.get(PAGE).text

    page = signed_in_client.post(CANCEL, follow=True).text

    assert "Change cancelled." in page
    assert "Waiting for confirmation" not in page
    assert "email.change_cancelled" in caplog.messages
    elsewhere = Client()
    open_link(elsewhere, link)
    assert confirm_email(elsewhere).status_code == 400
    assert ada.email == "ada@example.com"


def test_without_one_the_button_does_nothing(signed_in_client, service_token, caplog):
    page = signed_in_client.post(CANCEL, follow=True)

    assert page.status_code == 200
    assert "Change cancelled." not in page.text
    assert "email.change_cancelled" not in caplog.messages


def test_it_voids_ones_own_link_alone(
    signed_in_client, directus, sign_in, service_token
):
    grace = directus.add_user("grace@example.com", "Grace's secret 1906")
    graces = sign_in(grace, Client())
    ask_email(graces)
    mail.outbox.clear()

    signed_in_client.post(CANCEL)

    owner = User.objects.get(directus_id=grace.id)
    assert email_change.pending(owner)


def test_visitors_are_sent_to_sign_in(client):
    assert client.post(CANCEL).url.startswith("/login/")
    assert client.get(CANCEL).url.startswith("/login/")
