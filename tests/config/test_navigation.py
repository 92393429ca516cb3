"""The links below the header, which apps add in the settings."""

import pytest
from django.template.loader import render_to_string

from accounts.models import User

LINK = '<a href="/" aria-current="page">Overview</a>'
pytestmark = pytest.mark.django_db


@pytest.fixture
def _linked(settings):
    settings.NAVIGATION = [("dashboard:home", "Overview")]


def test_there_is_none_without_links(signed_in_client, settings):
    settings.NAVIGATION = ()

    assert "site-nav" not in signed_in_client.get("/").content.decode()


@pytest.mark.usefixtures("_linked")
def test_a_signed_in_user_gets_the_links_and_the_current_one_is_marked(
    signed_in_client,
):
    page = signed_in_client.get("/").content.decode()

    assert LINK in " ".join(page.split())


@pytest.mark.usefixtures("_linked")
def test_a_visitor_gets_no_links(client):
    assert "site-nav" not in client.get("/login/").content.decode()


@pytest.mark.usefixtures("_linked")
def test_an_error_page_has_the_links(signed_in_client):
    page = signed_in_client.get("/nowhere/")

    assert page.status_code == 404
    assert "site-nav" in page.content.decode()


@pytest.mark.usefixtures("_linked")
def test_a_local_user_gets_no_links(rf):
    """The pages of apps ask Directus, which does not know this user."""
    request = rf.get("/")
    request.user = User(email="local@example.com")

    page = render_to_string("base.html", request=request)

    assert "local@example.com" in page
    assert "site-nav" not in page
