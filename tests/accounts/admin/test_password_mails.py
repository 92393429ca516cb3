"""Staff has a link mailed to choose a new password: never the password itself."""

import re

import pytest
from django.core import mail
from django.test import Client

from accounts.models import MailedLink, User
from tests.accounts.steps import choose_password, log_in, open_link

from .paths import log_of, press

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("has_token", [True, False])
def test_a_link_is_mailed_and_nothing_else(
    root, shadow, ada, directus, request, events, has_token
):
    if has_token:
        request.getfixturevalue("service_token")

    response = press(root, shadow, "send-password-reset")

    assert "1 password reset email is on its way." in response.text
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

    assert "Inactive users get no reset link" in response.text
    assert directus.mails == []


def test_a_link_that_directus_refuses_is_named(root, shadow, directus):
    directus.answers(
        400,
        {"errors": [{"message": "x", "extensions": {"code": "INVALID_PAYLOAD"}}]},
        path="/auth/password/request",
    )

    response = press(root, shadow, "send-password-reset")

    assert "PASSWORD_RESET_URL_ALLOW_LIST=http" in response.text


# By the site's own mail


@pytest.fixture
def by_site(site_mails, shadow, ada):
    """Ada's row, which knows her role."""
    User.objects.filter(pk=shadow.pk).update(role_id=ada.role)
    shadow.refresh_from_db()
    return shadow


def test_a_customer_gets_the_sites_link(root, by_site, ada, directus, events):
    mail.outbox.clear()

    response = press(root, by_site, "send-password-reset")

    assert "1 password reset email is on its way." in response.text
    assert directus.mails == []
    (letter,) = mail.outbox
    assert letter.to == [ada.email]
    (link,) = re.findall(r"http\S+token=\S+", letter.body)
    assert link not in response.text
    # The mail names nothing of the staff.
    assert "127.0.0.1" not in letter.body
    assert "password_reset.sent_by_staff" in events()
    browser = Client()
    open_link(browser, link)
    assert choose_password(browser).url == "/reset-password/done/"


def test_other_staff_get_directus_mail(root, site_mails, directus, sign_in):
    editor = directus.add_user("editor@example.com", role="Editor")
    row = User.objects.create(directus_id=editor.id, email=editor.email, password="!")
    mail.outbox.clear()

    press(root, row, "send-password-reset")

    assert mail.outbox == []
    assert [sent.to for sent in directus.mails] == [editor.email]


def test_the_page_does_not_say_that_directus_mails_it(root, by_site):
    page = root.get(f"/admin/accounts/user/{by_site.pk}/send-password-reset/")

    assert "They get an email with a link" in page.text
    assert "Directus emails" not in page.text


def test_an_outage_sends_staff_no_link(root, by_site, directus):
    mail.outbox.clear()
    directus.is_down()

    press(root, by_site, "send-password-reset")

    assert mail.outbox == []
    assert not MailedLink.objects.exists()
