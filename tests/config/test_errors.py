"""Where error pages lead to."""

import re

import pytest
from django.db import OperationalError
from django.urls import resolve

from accounts.directus import RateLimited

pytestmark = pytest.mark.django_db
SITE = "http://testserver"


@pytest.fixture(params=[429, 503])
def refuse(request, monkeypatch):
    """A function that lets every page fail; returns where the page leads to."""
    status = request.param

    def fail(*args, **kwargs):
        if status == 503:
            raise OperationalError("away")
        raise RateLimited("REQUESTS_EXCEEDED", retry_after=5)

    def refused(client, method, path, **options):
        view = resolve(path.partition("?")[0]).func.view_class
        monkeypatch.setattr(view, "dispatch", fail)
        page = getattr(client, method)(path, **options)
        assert page.status_code == status
        return re.search(r'href="([^"]*)">Try again<', page.text)[1]

    return refused


def test_a_page_is_opened_again(refuse, client):
    assert refuse(client, "get", "/login/?next=/account/") == "/login/?next=/account/"


def test_a_form_leads_to_the_page_before(refuse, client):
    page = "/tickets/?page=2"

    assert refuse(client, "post", "/logout/", headers={"Referer": SITE + page}) == page


@pytest.mark.parametrize("referrer", ["", "https://evil.example//evil.example/", "x"])
def test_a_form_leads_to_the_first_page_otherwise(refuse, client, referrer):
    assert refuse(client, "post", "/logout/", headers={"Referer": referrer}) == "/"


def test_a_form_of_a_browser_that_names_no_page_leads_to_its_own(refuse, client):
    assert refuse(client, "post", "/login/?next=/account/") == "/login/?next=/account/"


def test_an_address_of_forms_alone_is_no_page(refuse, client):
    assert refuse(client, "post", "/logout/") == "/"
