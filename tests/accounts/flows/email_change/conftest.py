"""Ada, her new address, and the browser in which the link is opened."""

import pytest
from django.core import mail
from django.test import Client

from ...steps import open_link, sign_up
from .mails import NEW, asked


@pytest.fixture
def here(signed_in_client, service_token):
    """Ada's browser."""
    return signed_in_client


@pytest.fixture
def grace(directus):
    """Another user."""
    return directus.add_user("grace@example.com", "Grace's secret 1906")


@pytest.fixture
def full_mailbox(directus):
    """An address that strangers have signed up until no more mail is sent to it."""
    directus.state.registrations_a_minute = 100
    for _ in range(6):
        last = sign_up(Client(), NEW)
    assert last.status_code == 429
    return NEW


@pytest.fixture(params=["here", "elsewhere"])
def opened(request, here):
    """The browser in which the link was opened: Ada's, or one without a session."""
    link = asked(here)
    browser = here if request.param == "here" else Client()
    page = open_link(browser, link)
    assert page.status_code == 200
    assert NEW in page.text
    mail.outbox.clear()
    return browser
