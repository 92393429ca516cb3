"""The header: the apps' sections, which the settings name, and the account menu."""

import re

import pytest
from django.template.loader import render_to_string
from django.test import Client

from accounts.models import User
from tests.accounts.sso_steps import sign_in_with_provider

LINK = re.compile(r'<a href="([^"]+)"\s*(?:aria-current="(\w+)")?\s*>')
pytestmark = pytest.mark.django_db


def header_of(page):
    """Return the header of a page."""
    text = getattr(page, "text", page)
    return text.partition("<header")[2].partition("</header>")[0]


def links_in(page):
    """Return the addresses of the plain links in the header, and how each is marked."""
    return dict(LINK.findall(header_of(page)))


@pytest.fixture
def _linked(settings):
    settings.NAVIGATION = [("dashboard:home", "Start"), ("accounts:profile", "Me")]


def test_there_are_no_sections_without_links(signed_in_client, settings):
    settings.NAVIGATION = ()

    assert "site-nav" not in header_of(signed_in_client.get("/"))


@pytest.mark.usefixtures("_linked")
def test_the_sections_are_in_the_header_and_in_the_menu_for_phones(signed_in_client):
    page = signed_in_client.get("/")

    assert header_of(page).count(">Start</a>") == 2
    assert links_in(page)["/"] == "page"
    assert links_in(page)["/account/"] == ""


@pytest.mark.usefixtures("_linked")
def test_a_page_below_a_section_marks_the_section(signed_in_client):
    links = links_in(signed_in_client.get("/account/sessions/"))

    assert (links["/account/"], links["/"]) == ("true", "")


@pytest.mark.usefixtures("_linked")
def test_a_visitor_gets_neither_links_nor_a_menu(client):
    header = header_of(client.get("/login/"))

    assert "site-nav" not in header
    assert "<details" not in header


@pytest.mark.usefixtures("_linked")
def test_an_error_page_has_the_links(signed_in_client):
    page = signed_in_client.get("/nowhere/")

    assert page.status_code == 404
    assert "site-nav" in header_of(page)


@pytest.mark.usefixtures("_linked")
def test_a_local_user_gets_no_links(rf):
    """The pages of apps ask Directus, which does not know this user."""
    request = rf.get("/")
    request.user = User(email="local@example.com", is_staff=True)

    page = render_to_string("base.html", request=request)

    assert "local@example.com" in page
    assert links_in(page) == {"/admin/": ""}
    assert "Sign out" in header_of(page)


def test_the_menu_names_the_customer_and_leads_to_the_account(
    signed_in_client, settings
):
    settings.NAVIGATION = ()
    page = signed_in_client.get("/")

    assert "Ada Lovelace" in header_of(page)
    assert "ada@example.com" in header_of(page)
    assert set(links_in(page)) == {"/account/overview/", "/account/sessions/"}
    assert 'action="/logout/"' in header_of(page)


def test_staff_find_the_administration(directus, sign_in, settings):
    settings.DIRECTUS_STAFF_ROLES = ["Editor"]
    editor = directus.add_user("editor@example.com", role="Editor")

    page = sign_in(editor).get("/")

    assert "/admin/" in links_in(page)


@pytest.mark.usefixtures("provider")
def test_a_user_of_a_provider_has_the_same_menu(directus, settings):
    settings.NAVIGATION = ()
    browser = Client()
    sign_in_with_provider(browser, directus)

    links = links_in(browser.get("/"))

    assert set(links) == {"/account/overview/", "/account/sessions/"}


@pytest.mark.usefixtures("_linked", "service_token")
def test_no_link_leads_back_to_the_demanded_second_factor(directus, ada, sign_in):
    directus.demands_second_factor()

    page = sign_in(ada).get("/account/two-factor/")

    assert links_in(page) == {}
    assert "account-nav" not in page.text
    assert 'action="/logout/"' in header_of(page)
