"""The choice of a language in the footer."""

import re

import pytest
from django.conf import settings
from django.test import Client

from accounts.models import User

pytestmark = pytest.mark.django_db
COOKIE = f"{settings.COOKIE_PREFIX}language"


def choose(browser, language, page="http://testserver/login/?next=/account/"):
    data = {"site_language": language}
    return browser.post("/language/", data, headers={"Referer": page})


def language_of(page):
    return re.search(r'<html lang="([\w-]+)"', page.text)[1]


def test_a_visitor_reads_the_same_page_in_the_chosen_language(client):
    answer = choose(client, "de")

    assert answer.url == "/login/?next=/account/"
    assert (
        language_of(client.get(answer.url, headers={"Accept-Language": "fr"})) == "de"
    )
    assert client.cookies[COOKIE]["httponly"]


@pytest.mark.parametrize("language", ["", "tlh", "DE", "de\r\nX: y"])
def test_another_language_is_not_kept(client, language):
    assert choose(client, language).status_code == 302
    assert COOKIE not in client.cookies


def test_a_forged_cookie_decides_nothing(client):
    client.cookies[COOKIE] = "../../x"

    assert language_of(client.get("/login/")) == "en-gb"


@pytest.mark.parametrize(
    "page",
    [
        "",
        "https://evil.example//evil.example/",
        "javascript:alert(1)",
        "x",
        "http://[",
    ],
)
def test_it_leads_to_no_other_site(client, page):
    answer = choose(client, "de", page)

    assert answer.url.startswith("/")
    assert not answer.url.startswith("//")


def test_a_get_changes_nothing(client):
    assert client.get("/language/", {"site_language": "de"}).url == "/"
    assert COOKIE not in client.cookies


def test_a_form_of_another_site_is_refused():
    strict = Client(enforce_csrf_checks=True)

    assert choose(strict, "de").status_code == 403


def test_a_language_of_the_profile_wins_and_the_footer_leads_there(signed_in_client):
    choose(signed_in_client, "de")
    assert language_of(signed_in_client.get("/")) == "de"

    User.objects.update(language="ja-JP")
    page = signed_in_client.get("/")

    assert language_of(page) == "ja"
    assert 'action="/language/"' not in page.text
    assert 'href="/account/#id_language"' in page.text


def test_pages_before_the_session_have_no_form(client):
    """Its token would be none of the browser's."""
    too_large = client.post("/login/", {"x": "y" * 100_000})

    assert (too_large.status_code, 'action="/language/"' in too_large.text) == (
        413,
        False,
    )
