"""Staff has a link mailed to choose a new password: never the password itself."""

import pytest
from django.test import Client

from tests.accounts.steps import log_in

from .paths import log_of, press

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("has_token", [True, False])
def test_a_link_is_mailed_and_nothing_else(
    root, shadow, ada, directus, request, events, has_token
):
    if has_token:
        request.getfixturevalue("service_token")

    response = press(root, shadow, "send-password-reset")

    assert "1 password reset email was requested from Directus." in response.text
    [mail] = directus.mails
    assert mail.to == ada.email
    assert "/reset-password/" in mail.link
    assert mail.link not in response.text
    assert "password_reset.sent_by_staff" in events()
    assert len(log_of(shadow)) == 1
    assert log_in(Client(), ada.email, ada.password).status_code == 302


def test_the_mail_goes_to_the_address_that_directus_has(
    root, shadow, ada, directus, service_token
):
    ada.email = "moved@example.com"

    press(root, shadow, "send-password-reset")

    assert [mail.to for mail in directus.mails] == ["moved@example.com"]


def test_visitors_do_not_use_up_the_staffs_mails(root, shadow, ada, directus):
    for _ in range(6):
        Client().post("/request-reset-password/", {"email": ada.email})
    before = len(directus.mails)

    press(root, shadow, "send-password-reset")

    assert len(directus.mails) == before + 1


def test_no_user_is_mailed_again_and_again(root, shadow, directus):
    for _ in range(4):
        response = press(root, shadow, "send-password-reset")

    assert "Too many emails to this user. Try again in 60 minutes." in response.text
    assert len(directus.mails) == 3


def test_a_suspended_user_gets_no_mail(root, suspended, directus, service_token):
    response = press(root, suspended, "send-password-reset")

    assert "sends no reset link to inactive users" in response.text
    assert directus.mails == []


def test_a_link_that_directus_refuses_is_named(root, shadow, directus):
    directus.answers(
        400,
        {"errors": [{"message": "x", "extensions": {"code": "INVALID_PAYLOAD"}}]},
        path="/auth/password/request",
    )

    response = press(root, shadow, "send-password-reset")

    assert "PASSWORD_RESET_URL_ALLOW_LIST=http" in response.text
