"""Sign-ins with a provider that are tampered with, and trouble in the middle."""

from urllib.parse import quote

import pytest
from django.contrib.auth import SESSION_KEY
from django.db import InterfaceError, OperationalError
from django.test import Client

from accounts.core import sign_in_ways
from accounts.flows import sso, sso_attempts
from accounts.models import Session, SsoAttempt, User
from tests.fake_directus import one_time_code

from ..sso_steps import (
    ADA,
    CALLBACK,
    begin,
    come_back,
    press,
    problem,
    sign_in_with_provider,
    way_to_provider,
)
from ..steps import OTP_SECRET, log_in

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("provider")]
HOP = "/auth/login/exampleid/callback"
CONFIRM = "/account/confirm/exampleid/"


def twin_of(browser):
    """Return a second tab: the same cookies."""
    twin = Client()
    for name, morsel in browser.cookies.items():
        twin.cookies[name] = morsel.value
    return twin


def lead_to(directus, page):
    """Let Directus name a page as the provider's."""
    query = f"state={'s' * 43}&redirect_uri={quote(f'http://testserver{CALLBACK}')}"
    headers = {
        "Location": f"{page}?{query}",
        "Set-Cookie": "openid.exampleid=a.b.c; Path=/",
    }
    directus.answers(302, headers=headers, path="/auth/login/exampleid")


# Where the browser is sent


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)//",
        "data:text/html,x",
        "//id.example/",
        "https://user:word@id.example/",
        "https://id.example\\@testserver/",
        "https://id.example;url=javascript:alert(1)/",
        "https://@/",
        "https://id.example:x/",
        "https://exämple.com/",
        "https://id.example/#",
    ],
)
def test_no_browser_is_sent_to_an_odd_address(client, directus, address):
    lead_to(directus, address)

    response = press(client)

    assert response.status_code == 503
    assert address not in response.text
    assert not SsoAttempt.objects.exists()


def test_a_plain_address_is_a_page(client, directus):
    lead_to(directus, "https://id.example:8443/a'b\"<c>")

    response = press(client)

    assert way_to_provider(response).startswith("https://id.example:8443/a'b\"<c>?")
    assert "<c>" not in response.text


def test_a_site_with_https_sends_no_browser_to_http(client, directus, settings, caplog):
    settings.HTTPS = True
    lead_to(directus, "http://id.example/")

    assert press(client).status_code == 503
    assert "away from https" in caplog.text


def test_names_of_providers_are_text(client, directus, provider):
    provider.label, provider.icon = '"><script>kaboom</script>', '"><img src=x>'
    sign_in_ways._ask(directus.url)

    for page in (
        client.get("/login/"),
        client.get("/register/"),
        client.get("/sso/exampleid/problem/cancelled/"),
        press(client),
    ):
        assert "kaboom" in page.text
        assert "<script>kaboom" not in page.text
        assert "<img" not in page.text


# Guessing codes


@pytest.fixture
def ada(directus):
    directus.state.login_attempts = None
    return directus.add_user(
        ADA.email,
        None,
        provider="exampleid",
        external_identifier=ADA.sub,
        otp_secret=OTP_SECRET,
    )


def guess(browser, directus, code="000000"):
    """Type a code, and pass by the provider; return the answer of the callback."""
    url = way_to_provider(browser.post("/sso/code/", {"otp": code}))
    return come_back(browser, directus.approve(url, ADA))


def test_a_new_sign_in_gives_no_new_guesses(directus, ada):
    for _ in range(2):
        browser = Client()
        sign_in_with_provider(browser, directus)
        for _ in range(5):
            assert guess(browser, directus).url == "/sso/code/"
    browser = Client()
    sign_in_with_provider(browser, directus)
    asked = len(directus.calls_to(HOP))

    refused = guess(browser, directus, one_time_code(OTP_SECRET))

    assert problem(refused) == "too-many"
    assert len(directus.calls_to(HOP)) == asked


def test_a_right_code_uses_up_no_guess(directus, ada, monkeypatch):
    # The same code serves here for all.
    monkeypatch.setattr(sso, "_take_code", lambda *args: None)
    for _ in range(11):
        browser = Client()
        sign_in_with_provider(browser, directus)
        assert guess(browser, directus, one_time_code(OTP_SECRET)).url == "/"


def test_codes_of_a_reauthentication_count_for_the_account(client, directus, ada):
    ada.otp_secret = None
    sign_in_with_provider(client, directus)
    ada.otp_secret = OTP_SECRET
    for address in range(2):
        client.defaults["REMOTE_ADDR"] = f"192.0.2.{address}"
        url = way_to_provider(client.post(CONFIRM))
        come_back(client, directus.approve(url, ADA))
        for _ in range(5):
            assert guess(client, directus).url == "/sso/code/"
    client.defaults["REMOTE_ADDR"] = "192.0.2.9"
    url = way_to_provider(client.post(CONFIRM))
    come_back(client, directus.approve(url, ADA))

    refused = guess(client, directus, one_time_code(OTP_SECRET))

    assert problem(refused) == "too-many"
    assert client.get("/").status_code == 200


# Others in the middle


def test_another_user_signs_in_meanwhile(client, directus):
    bob = directus.add_user("bob@example.com", "Bob's secret 1815")
    query = directus.approve(begin(client), ADA)
    tab = twin_of(client)
    directus.is_late(HOP, "", lambda: log_in(tab, bob.email, bob.password))

    assert come_back(client, query).url == "/"
    assert client.session[SESSION_KEY] != tab.session[SESSION_KEY]


def test_the_loser_of_two_requests_with_an_answer_is_told_of_no_trouble(
    client, directus
):
    query = directus.approve(begin(client, next="/account/"), ADA)
    tab = twin_of(client)
    found = []
    directus.is_late(HOP, "", lambda: found.append(come_back(tab, query)))
    come_back(client, query)

    assert problem(found[0]) == "expired"
    assert client.get(found[0].url).url == "/"


def test_signed_out_during_a_reauthentication(client, directus):
    sign_in_with_provider(client, directus)
    query = directus.approve(way_to_provider(client.post(CONFIRM)), ADA)
    tab = twin_of(client)
    directus.is_late(HOP, "", lambda: tab.post("/logout/"))

    come_back(client, query)

    assert SESSION_KEY not in client.session
    assert not Session.objects.exclude(user=None, confirmed_at=None).exists()
    assert directus.sessions_of(directus.state.find(ADA.email)) == []


def test_the_local_administrator_with_the_same_address_stays(client, directus):
    admin = User.objects.create_superuser(email=ADA.email, password="Local secret 1815")
    (before,) = User.objects.filter(pk=admin.pk).values()

    sign_in_with_provider(client, directus)

    assert client.session[SESSION_KEY] != str(admin.pk)
    assert [before] == list(User.objects.filter(pk=admin.pk).values())


# The database


@pytest.mark.parametrize("error", [OperationalError("locked"), InterfaceError("gone")])
@pytest.mark.parametrize(
    ("module", "name"),
    [(sso_attempts, "take"), (sso, "mirror_user"), (sso.two_factor, "note_sign_in")],
)
def test_the_database_is_away(client, directus, monkeypatch, error, module, name):
    query = directus.approve(begin(client), ADA)

    def fail(*args, **kwargs):
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(module, name, fail)
        response = come_back(client, query)

    # Away from the address with the answer, and without a session at Directus.
    assert problem(response) == "away"
    assert response["Referrer-Policy"] == "no-referrer"
    assert not directus.state.sessions
    assert client.get(response.url).status_code == 503


def test_the_database_is_away_at_the_start(client, directus, monkeypatch):
    def fail(*args):
        raise OperationalError("locked")

    monkeypatch.setattr(sso_attempts, "keep", fail)

    assert press(client).status_code == 503
