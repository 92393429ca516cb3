"""Headers of every answer, and markup that no page contains."""

import re
from html.parser import HTMLParser

import pytest
from django.db import OperationalError

from accounts.core import clients
from accounts.models import Session, User
from config.middleware import PERMISSIONS_POLICY
from tests.accounts.steps import (
    OTP_SECRET,
    ask_reset,
    choose_password,
    confirm,
    log_in,
    open_link,
    sign_up,
)
from tests.fake_directus import ADMINISTRATOR

pytestmark = pytest.mark.django_db

EVERYWHERE = {
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": PERMISSIONS_POLICY,
}
POLICY = {
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "font-src 'self'",
    "connect-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
    "object-src 'none'",
}


def failing(error):
    def fail(*args, **kwargs):
        raise error

    return fail


@pytest.fixture
def answers(client, directus, ada, monkeypatch, settings):
    """One answer for each status that the site gives."""
    settings.WHITENOISE_USE_FINDERS = True
    client.raise_request_exception = False
    page = {200: client.get("/login/"), 302: client.get("/")}
    page[400] = client.get("/", headers={"host": "evil.example"})
    strict = type(client)(enforce_csrf_checks=True)
    page[403] = strict.post("/login/")
    page[404] = client.get("/no-such-page/")
    page[405] = client.get("/logout/")
    page[413] = client.post("/login/", {"x": "y" * 100_000})
    for _ in range(6):
        page[429] = log_in(client)
    directus.is_down()
    page[503] = ask_reset(client)
    monkeypatch.setattr("dashboard.views.HomeView.dispatch", failing(ValueError()))
    monkeypatch.setattr("accounts.views.sign_up.SignUpView.get", failing(ValueError()))
    page[500] = client.get("/register/")
    page["healthz"] = client.get("/healthz")
    page["static"] = client.get("/static/site.css")
    yield page
    page["static"].close()


def test_every_answer_carries_the_headers(answers):
    for status, response in answers.items():
        assert response.status_code == (status if isinstance(status, int) else 200)
        for name, value in EVERYWHERE.items():
            assert response[name] == value, (status, name)
        policy = set(response["Content-Security-Policy"].split("; "))
        assert policy == POLICY, status
        assert response["X-Request-ID"]


def test_no_answer_tells_what_the_site_runs_on(answers):
    for response in answers.values():
        assert not {"Server", "X-Powered-By", "Via"} & set(response.headers)
        assert "Django" not in str(dict(response.items()))


def test_no_page_is_kept_by_a_cache_and_every_file_is(answers):
    for status, response in answers.items():
        if status == "static":
            assert "public" in response["Cache-Control"]
        else:
            assert "no-store" in response["Cache-Control"], status
            assert "private" in response["Cache-Control"], status
            assert "Cookie" in response["Vary"], status


def test_what_can_be_tried_again_says_when(answers):
    for status in (429, 503):
        assert int(answers[status]["Retry-After"]) > 0


def test_every_error_is_a_page_of_the_site(answers):
    for status in (400, 403, 404, 405, 413, 429, 500, 503):
        assert "site-header" in answers[status].text
        assert "<h1>" in answers[status].text
        assert answers[status]["X-Request-ID"] in answers[status].text, status


def test_every_form_of_an_error_page_can_be_sent(answers):
    for status in (400, 403, 404, 405, 413, 429, 500, 503):
        forms = answers[status].text.count("<form")
        assert answers[status].text.count("csrfmiddlewaretoken") == forms, status


def test_every_page_links_to_support_where_there_is_an_address(
    client, settings, monkeypatch
):
    settings.SUPPORT_EMAIL = "help@example.com"
    link = '<a href="mailto:help@example.com">'
    client.raise_request_exception = False
    pages = [client.get("/login/"), client.get("/nowhere/")]
    broken = failing(ValueError())
    monkeypatch.setattr("accounts.views.sign_up.SignUpView.get", broken)
    pages.append(client.get("/register/"))

    assert [page.status_code for page in pages] == [200, 404, 500]
    assert all(link in page.text for page in pages)
    settings.SUPPORT_EMAIL = ""
    assert "mailto:" not in client.get("/nowhere/").text


def test_a_database_that_is_away_is_no_error_of_the_site(client, monkeypatch):
    client.raise_request_exception = False
    client.cookies["session"] = "a" * 32
    monkeypatch.setattr(
        "accounts.sessions.store.SessionStore.load",
        failing(OperationalError("database is locked")),
    )

    response = client.get("/")

    assert response.status_code == 503
    assert int(response["Retry-After"]) > 0
    assert "session" not in response.cookies


# Pages that the policy lets work


class Scan(HTMLParser):
    """Collects markup that the policy forbids, and inputs without a label."""

    def __init__(self):
        super().__init__()
        self.forbidden = []
        self.inputs = {}
        self.labels = set()
        self._is_code = False

    def handle_starttag(self, tag, attrs):
        attributes = {name: value or "" for name, value in attrs}
        for name, value in attributes.items():
            is_code = value.strip().lower().startswith(("javascript:", "data:"))
            if name == "style" or name.startswith("on") or is_code:
                self.forbidden.append(f"<{tag} {name}={value[:40]}>")
        if tag in {"style", "iframe", "object", "embed", "base"}:
            self.forbidden.append(f"<{tag}>")
        source = attributes.get("src") or attributes.get("href") or "/"
        if tag in {"script", "img", "link"} and not source.startswith("/"):
            self.forbidden.append(f"<{tag} {source}>")
        self._is_code = tag == "script" and not attributes.keys() & {"src", "type"}
        self._note_label(tag, attributes)

    def _note_label(self, tag, attributes):
        if tag == "label":
            self.labels.add(attributes.get("for"))
        named = attributes.keys() & {"aria-label", "title"}
        kind = attributes.get("type", "text")
        is_seen = kind not in {"hidden", "submit", "button", "image"}
        is_seen = is_seen and "hidden" not in attributes
        if tag in {"input", "select", "textarea"} and is_seen and not named:
            self.inputs[attributes.get("id")] = attributes.get("name")

    def handle_data(self, data):
        if self._is_code and data.strip():
            self.forbidden.append(f"inline script: {data.strip()[:40]}")

    def handle_endtag(self, tag):
        self._is_code = False


def scan(response):
    found = Scan()
    found.feed(response.text)
    return found


@pytest.fixture
def pages(client, directus, ada, service_token, answers):
    """Every page of the site for visitors and customers, in all its states."""
    directus.is_up()
    pages = dict(answers)
    directus.is_up()
    del pages["static"], pages["healthz"], pages[302]
    clients._transport.cache_clear()
    visitor = type(client)(REMOTE_ADDR="203.0.113.9")
    for path in (
        "/request-reset-password/",
        "/request-reset-password/done/",
        "/reset-password/",
        "/reset-password/done/",
        "/reset-password/unsure/",
        "/invite/unsure/",
        "/register/done/",
        "/verify-email/",
        "/verify-email/done/",
    ):
        pages[path] = visitor.get(path)
    pages["sign up, wrong"] = sign_up(visitor, "x", "short")
    pages["sign in, wrong"] = log_in(visitor, "nobody@example.com")
    sign_up(visitor)
    pages["verify"] = open_link(visitor, directus.last_link("new@example.com"))
    pages["verified"] = confirm(visitor, follow=True)
    ask_reset(visitor)
    pages["reset"] = open_link(visitor, directus.last_link(ada.email))
    pages["reset, wrong"] = choose_password(visitor, "short")
    user = directus.add_user("grace@example.com", otp_secret=OTP_SECRET)
    pages["code"] = log_in(visitor, user.email, user.password, follow=True)
    pages["code, wrong"] = visitor.post("/login/code/", {"otp": "1"})
    return pages


def test_no_page_holds_what_the_policy_forbids(pages):
    for name, page in pages.items():
        assert scan(page).forbidden == [], name


def test_every_input_has_a_label(pages):
    """Every input has a label."""
    for name, page in pages.items():
        found = scan(page)
        assert set(found.inputs) <= found.labels, name


def test_passwords_are_posted_even_without_javascript(pages):
    """A form without `method` would put typed passwords into the address."""
    for name, page in pages.items():
        for form in re.findall(r"<form[^>]*>", page.text):
            assert 'method="post"' in form, name


def test_the_closed_sign_up_holds_nothing_forbidden_either(client, settings):
    settings.DIRECTUS_SIGNUP = "closed"

    page = client.get("/register/")

    assert scan(page).forbidden == []


@pytest.fixture
def admin_client(client, directus, settings, sign_in):
    """A browser of a superuser."""
    settings.DIRECTUS_STAFF_ROLES = [ADMINISTRATOR]
    settings.DIRECTUS_SUPERUSER_ROLES = [ADMINISTRATOR]
    root = directus.add_user("root@example.com", role=ADMINISTRATOR)
    return sign_in(root)


def test_the_admin_holds_nothing_forbidden(admin_client):
    user = User.objects.get()
    session = Session.objects.get(user=user)
    for path in (
        "/admin/",
        "/admin/accounts/",
        "/admin/accounts/user/",
        "/admin/accounts/user/?q=x&is_active__exact=1",
        f"/admin/accounts/user/{user.pk}/change/",
        f"/admin/accounts/user/{user.pk}/history/",
        "/admin/accounts/session/",
        f"/admin/accounts/session/{session.pk}/change/",
        "/admin/auth/group/",
        "/admin/auth/group/add/",
    ):
        response = admin_client.get(path)
        assert response.status_code == 200, path
        assert scan(response).forbidden == [], path
        assert set(response["Content-Security-Policy"].split("; ")) == POLICY
        assert "no-store" in response["Cache-Control"]
