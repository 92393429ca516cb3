"""The page of a link of the site that is no longer valid says so, and what to do."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.flows import mailed_links
from accounts.flows.mailed_links import Purpose
from accounts.models import MailedLink, User

from ..steps import open_link

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("site_mails")]
WAYS = {
    Purpose.SIGN_UP: "/register/",
    Purpose.PASSWORD_RESET: "/request-reset-password/",
    Purpose.EMAIL_CHANGE: "/account/email/",
    Purpose.INVITATION: "mailto:help@example.com",
}


@pytest.fixture(params=Purpose)
def purpose(request):
    return request.param


@pytest.fixture
def link(purpose, ada, settings):
    """A valid link of Ada's."""
    settings.SUPPORT_EMAIL = "help@example.com"
    user = User.objects.create(directus_id=ada.id, email=ada.email, password="!")
    return mailed_links.make(purpose, str(user.pk), ada.email, user.directus_id)


def assert_is_over(page, purpose):
    assert page.status_code == 400
    assert "This link is no longer valid" in page.text
    assert "It may have expired or been used." in page.text
    assert f'href="{WAYS[purpose]}"' in page.text
    assert "<form" not in page.text.partition("<main")[2].partition("</main>")[0]


def test_a_used_link(link, purpose):
    MailedLink.objects.update(used_at=timezone.now())

    assert_is_over(open_link(Client(), link), purpose)


def test_it_does_not_deny_what_the_first_visit_may_have_done(link):
    MailedLink.objects.update(used_at=timezone.now())

    assert "already, sign in" in open_link(Client(), link).text


def test_an_expired_link(link, purpose):
    MailedLink.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    assert_is_over(open_link(Client(), link), purpose)


def test_a_replaced_link(link, purpose, ada):
    row = MailedLink.objects.get()
    mailed_links.make(purpose, row.subject, ada.email, row.directus_id)

    assert_is_over(open_link(Client(), link), purpose)


def test_a_link_that_ends_while_its_page_is_open(link, purpose, directus):
    browser = Client()
    page = open_link(browser, link)
    assert page.status_code == 200
    MailedLink.objects.all().delete()
    directus.forget_calls()

    names = ("new_password", "new_password_again")
    form = dict.fromkeys(names, "correct horse battery")
    assert_is_over(browser.post(page.request["PATH_INFO"], form), purpose)
