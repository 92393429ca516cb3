"""Which language a page speaks: the profile's, else the browser's."""

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings
from django.core import mail
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.utils import timezone, translation

from accounts.core import mails
from accounts.middleware import LanguageMiddleware
from accounts.models import User
from accounts.web import languages

from ..signed_in import make_old
from ..steps import log_in

pytestmark = pytest.mark.django_db

GERMAN = {"Accept-Language": "de-DE,de;q=0.9,en;q=0.5"}


def language_of(response):
    """Return the language that a page says it is in; it says it twice."""
    found = re.search(r'<html lang="([\w-]+)"', response.text).group(1)
    assert response.headers["Content-Language"] == found
    assert "Accept-Language" in response.headers["Vary"]
    return found


def speak(user, language):
    """Let a user have a language in Directus, and here."""
    user.language = language
    User.objects.filter(directus_id=user.id).update(language=language)


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en-gb"),
        ("*", "en-gb"),
        ("de", "de"),
        ("de-AT,de;q=0.8", "de"),
        ("fr-CA", "fr"),
        ("es-419,es;q=0.9", "es"),
        ("pt", "pt-br"),
        ("pt-PT,pt;q=0.9", "pt-br"),
        ("pt-BR", "pt-br"),
        ("ja-JP", "ja"),
        ("en-US,de;q=0.5", "en-gb"),
        ("nl,fr;q=0.8,de;q=0.5", "fr"),
        ("nl", "en-gb"),
        ("de;q=nonsense", "en-gb"),
        ("x" * 10_000, "en-gb"),
        ("\x00ä", "en-gb"),
    ],
)
def test_a_visitor_is_spoken_to_in_the_browsers_language(client, header, language):
    assert languages.of_browser(header) == language
    response = client.get("/login/", headers={"Accept-Language": header})
    assert language_of(response) == language


@pytest.mark.parametrize(
    ("language", "spoken"),
    [
        ("de-DE", "de"),
        ("fr-FR", "fr"),
        ("es-419", "es"),
        ("pt-BR", "pt-br"),
        ("ja-JP", "ja"),
        ("en-US", "en-gb"),
    ],
)
def test_the_profile_decides(signed_in_client, ada, language, spoken):
    speak(ada, language)

    for header in ("", "nl", "fr", "ja"):
        response = signed_in_client.get("/", headers={"Accept-Language": header})
        assert language_of(response) == spoken


def test_the_overview_speaks_its_readers_language(signed_in_client, ada):
    for language, sentence in [
        ("de-DE", "Neues Passwort wählen"),
        ("ja-JP", "新しいパスワードの設定"),
        ("de-DE", "Neues Passwort wählen"),
    ]:
        speak(ada, language)
        assert sentence in signed_in_client.get("/account/overview/").text


@pytest.mark.parametrize("language", ["", "nl-NL", "nonsense!", "x" * 64])
def test_without_one_that_the_site_has_the_browser_does(
    signed_in_client, ada, language
):
    speak(ada, language)

    assert language_of(signed_in_client.get("/", headers=GERMAN)) == "de"


def test_a_new_language_in_directus_is_spoken_from_the_next_look_on(
    signed_in_client, ada
):
    ada.language = "ja-JP"
    assert language_of(signed_in_client.get("/")) == "en-gb"

    make_old(signed_in_client, minutes=2)

    assert language_of(signed_in_client.get("/")) == "ja"


def test_no_query_is_made_for_it(signed_in_client, ada, django_assert_max_num_queries):
    with django_assert_max_num_queries(3) as in_english:
        signed_in_client.get("/")
    speak(ada, "de-DE")
    with django_assert_max_num_queries(3) as in_german:
        signed_in_client.get("/", headers=GERMAN)

    assert len(in_german) == len(in_english)


def test_a_visitor_costs_no_query_and_gets_no_cookie(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        response = client.get("/request-reset-password/", headers=GERMAN)

    assert set(response.cookies) <= {settings.CSRF_COOKIE_NAME}


def test_a_cookie_of_djangos_own_decides_nothing(client):
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "fr"

    assert language_of(client.get("/login/", headers=GERMAN)) == "de"


def test_what_the_health_checks_say_has_no_language(client):
    assert client.get("/healthz", headers=GERMAN).text == "ok"


def test_files_are_the_same_in_every_language(client, settings):
    settings.WHITENOISE_USE_FINDERS = True
    response = client.get("/static/site.css", headers=GERMAN)
    response.close()

    assert "Content-Language" not in response.headers
    assert "Accept-Language" not in response.headers.get("Vary", "")


# Error pages


@pytest.fixture
def error_pages(ada, directus, monkeypatch):
    """A function that returns one page for each kind of error."""

    def failing(*args, **kwargs):
        raise ValueError

    def get_all(browser, **options):
        browser.raise_request_exception = False
        strict = Client(enforce_csrf_checks=True)
        strict.cookies = browser.cookies
        yield 404, browser.get("/no-such-page/", **options)
        yield 403, strict.post("/login/", **options)
        yield 405, browser.get("/logout/", **options)
        with monkeypatch.context() as patch:
            patch.setattr("dashboard.views.HomeView.dispatch", failing)
            patch.setattr("accounts.views.sign_up.SignUpView.get", failing)
            path = "/register/" if "session" not in browser.cookies else "/"
            yield 500, browser.get(path, **options)

    return get_all


def test_error_pages_speak_the_browsers_language(client, error_pages):
    for status, page in error_pages(client, headers=GERMAN):
        assert (page.status_code, language_of(page)) == (status, "de")


def test_error_pages_speak_the_language_of_the_known_user(
    signed_in_client, ada, error_pages
):
    speak(ada, "ja-JP")

    for status, page in error_pages(signed_in_client, headers=GERMAN):
        assert (page.status_code, language_of(page)) == (status, "ja")


def test_an_outage_is_told_in_the_users_language(signed_in_client, ada, directus):
    speak(ada, "ja-JP")
    make_old(signed_in_client, hours=1)
    directus.is_down()

    response = signed_in_client.get("/", headers=GERMAN)

    assert (response.status_code, language_of(response)) == (503, "ja")


def test_too_many_attempts_are_told_in_the_browsers_language(client):
    for _ in range(6):
        response = log_in(client, headers=GERMAN)

    assert (response.status_code, language_of(response)) == (429, "de")


def test_what_comes_before_the_session_speaks_too(client):
    too_large = client.post("/login/", {"x": "y" * 100_000}, headers=GERMAN)
    wrong_host = client.get("/", headers=GERMAN | {"host": "evil.example"})

    assert (too_large.status_code, language_of(too_large)) == (413, "de")
    assert (wrong_host.status_code, language_of(wrong_host)) == (400, "de")


# Mails


@pytest.mark.parametrize(
    ("language", "subject"),
    [
        ("ja-JP", "新しいログインがありました"),
        ("", "Neue Anmeldung bei Directus site"),
        ("nl-NL", "Neue Anmeldung bei Directus site"),
    ],
)
def test_a_mail_speaks_the_profiles_language_else_the_pages(ada, language, subject):
    user = User(email=ada.email, language=language, time_zone="Asia/Tokyo")
    request = RequestFactory().get("/")
    request.client_address = "203.0.113.7"

    with translation.override("de"), timezone.override("Europe/Berlin"):
        mails.send("new_device", user, request, sessions_path="/account/sessions/")

    (sent,) = mail.outbox
    assert subject in sent.subject
    # Japanese hours have one digit before ten.
    now = datetime.now(ZoneInfo("Asia/Tokyo"))
    assert f"{now.hour}:{now:%M} (Asia/Tokyo)" in sent.body


def test_a_mail_that_no_page_caused_is_english_for_a_user_without_a_language(ada):
    with translation.override("de"):
        mails.send("new_device", User(email=ada.email), sessions_path="/")

    assert "New sign-in" in mail.outbox[0].subject


# Requests, one after the other and beside each other


def test_the_next_request_does_not_inherit_a_language(signed_in_client, ada, client):
    speak(ada, "de-DE")
    before = translation.get_language()

    assert language_of(signed_in_client.get("/")) == "de"

    assert translation.get_language() == before
    assert language_of(Client().get("/login/")) == "en-gb"


def test_a_request_that_fails_leaves_no_language_behind():
    def fail(request):
        translation.activate("ja")
        raise RuntimeError("on purpose")

    request = RequestFactory().get("/", headers=GERMAN)

    with pytest.raises(RuntimeError, match="on purpose"):
        LanguageMiddleware(fail)(request)

    assert translation.get_language() == settings.LANGUAGE_CODE


def test_parallel_requests_do_not_mix_their_languages():
    names = [name for name, _ in settings.LANGUAGES]
    together = threading.Barrier(len(names), timeout=10)

    def view(request):
        together.wait()
        spoken = translation.get_language()
        translation.activate(request.GET["own"])
        together.wait()
        return HttpResponse(f"{spoken} {translation.get_language()}")

    def visit(number):
        name, own = names[number], names[number - 1]
        request = RequestFactory().get(
            "/", {"own": own}, headers={"Accept-Language": name}
        )
        response = LanguageMiddleware(view)(request)
        return response.text == f"{name} {own}" and (
            response.headers["Content-Language"] == own
        )

    with ThreadPoolExecutor(len(names)) as pool:
        for _ in range(20):
            assert all(pool.map(visit, range(len(names))))


@pytest.mark.parametrize(
    ("language", "order"), [("en", ["first", "last"]), ("ja", ["last", "first"])]
)
def test_names_stand_in_the_order_of_the_language(client, language, order):
    page = client.get("/register/", headers={"accept-language": language}).text
    found = re.findall(r'name="(first|last)_name"', page)
    user = User(first_name="Ada", last_name="Lovelace")

    with translation.override(language):
        shown = user.get_full_name()

    assert found == order
    assert shown == {"en": "Ada Lovelace", "ja": "Lovelace Ada"}[language]
