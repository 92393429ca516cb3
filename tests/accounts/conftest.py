"""Fixtures for tests that search everything that the site writes for secrets."""

import io
import logging

import django
import pytest
from django.utils.log import AdminEmailHandler

from config.logs import JSONFormatter

from .canaries import Canaries


@pytest.fixture
def canaries(settings):
    # Pairs are deprecated since Django 6.0.
    pair, address = ("Staff", "staff@example.com"), "staff@example.com"
    settings.ADMINS = [pair if django.VERSION < (6, 0) else address]
    canaries = Canaries()
    canaries.secrets |= {settings.SECRET_KEY, *settings.TOKEN_ENCRYPTION_KEYS}
    return canaries


@pytest.fixture
def log(caplog):
    """All that is logged, as production writes it, debug lines included."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JSONFormatter("%(name)s %(message)s"))
    mails = AdminEmailHandler(include_html=True)
    mails.setLevel(logging.ERROR)
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.DEBUG)
    for each in (handler, mails):
        root.addHandler(each)
    yield stream
    root.setLevel(level)
    for each in (handler, mails):
        root.removeHandler(each)


@pytest.fixture
def visitor(client):
    """A browser that remembers all pages, and lets the site fail."""
    pages = []
    client.raise_request_exception = False
    request = client.request

    def remember(**options):
        response = request(**options)
        pages.append(response)
        return response

    client.request = remember
    client.pages = pages
    return client


@pytest.fixture(autouse=True)
def _no_cards(settings):
    """Leave the cards of apps out of the home page, which then makes no call."""
    settings.DASHBOARD_CARDS = ()
