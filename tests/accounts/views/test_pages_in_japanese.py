"""Every page in a language that shares no letters with English: no English is left.

Other tests find texts that are not marked. This one finds marked texts that arrive in
English: translated too early, in another thread, or by a library.
"""

import re
from html.parser import HTMLParser

import pytest
from django.urls import get_resolver

from accounts.models import User

from ..steps import OTP_SECRET, log_in

pytestmark = pytest.mark.django_db

JAPANESE = {"Accept-Language": "ja"}
CHARACTERS = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")
WORD = re.compile(r"[A-Za-z]{2,}")
SHOWN = {"title", "aria-label", "placeholder", "alt", "data-show", "data-hide"}
UNSPOKEN = {"script", "style", "code", "option", "svg"}
SAME_EVERYWHERE = re.compile(
    r"Directus( site| ID:?)?|(Lovelace )?Ada|Lovelace|\(Lovelace Ada\)\W*|Customer|UTC"
    r"|JSON|Django"
    r"|(\W )?\S+@example\.com|[\d.:\- ]+|[0-9a-f]{16}|[0-9a-f-]{36}"
)
# A value of Directus, and what Django has not translated.
LEFT_IN_ADMIN = {"active", "True", "False", "Search"}


class Texts(HTMLParser):
    """Collects what a page shows and reads out."""

    def __init__(self):
        super().__init__()
        self.found = []
        self.unspoken = 0

    def handle_starttag(self, tag, attrs):
        self.unspoken += tag in UNSPOKEN
        self.found += [value or "" for name, value in attrs if name in SHOWN]

    def handle_endtag(self, tag):
        self.unspoken -= tag in UNSPOKEN

    def handle_data(self, data):
        if not self.unspoken:
            self.found.append(data)


def english_in(response):
    """Return the texts of a page that have words, and no Japanese in them."""
    assert '<html lang="ja"' in response.text
    texts = Texts()
    texts.feed(response.text)
    words = {" ".join(text.split()) for text in texts.found if WORD.search(text)}
    return {
        text
        for text in words
        if not CHARACTERS.search(text) and not SAME_EVERYWHERE.fullmatch(text)
    }


def addresses(patterns):
    """Yield the fixed addresses of the site's own pages."""
    for pattern in patterns:
        if hasattr(pattern, "url_patterns"):
            if str(pattern.pattern) == "":
                yield from addresses(pattern.url_patterns)
        elif "<" not in str(pattern.pattern):
            yield f"/{pattern.pattern}"


def pages_in_english(browser):
    found, seen = {}, 0
    for path in addresses(get_resolver().url_patterns):
        response = browser.get(path, headers=JAPANESE, follow=True)
        if response.headers["Content-Type"].startswith("text/html"):
            seen += 1
            if left := english_in(response):
                found[path] = left
    assert seen > 20
    return found


def test_a_visitor_reads_no_english(client):
    assert pages_in_english(client) == {}


def test_a_customer_reads_no_english(signed_in_client, service_token):
    assert pages_in_english(signed_in_client) == {}


def test_forms_that_are_refused_say_why_in_japanese(client):
    for path in ("/login/", "/register/", "/request-reset-password/"):
        for data in ({}, {"email": "no address", "password": "short"}):
            response = client.post(path, data, headers=JAPANESE)
            assert response.status_code == 200
            assert english_in(response) == set(), path


def test_a_second_step_asks_in_japanese(client, ada):
    ada.otp_secret = OTP_SECRET
    log_in(client, password=ada.password, headers=JAPANESE)

    response = client.get("/login/code/", headers=JAPANESE)

    assert response.status_code == 200
    assert english_in(response) == set()


def test_staff_read_no_english_on_our_pages(signed_in_client, service_token):
    User.objects.update(is_staff=True, is_superuser=True)
    user = User.objects.get(email="ada@example.com")

    for path in (
        "/admin/accounts/user/",
        f"/admin/accounts/user/{user.pk}/change/",
        f"/admin/accounts/user/{user.pk}/suspend/",
        f"/admin/accounts/user/{user.pk}/sync/",
        "/admin/accounts/session/",
        "/admin/health/",
    ):
        response = signed_in_client.get(path, headers=JAPANESE)
        assert response.status_code == 200
        assert english_in(response) - LEFT_IN_ADMIN == set(), path
