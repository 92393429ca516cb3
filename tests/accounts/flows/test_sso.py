"""Sign in with a provider: from the button to the page behind it."""

from dataclasses import replace
from ipaddress import ip_network
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from django.contrib.auth import SESSION_KEY
from django.core import mail
from django.test import Client

from accounts.core import sign_in_ways
from accounts.flows import sso
from accounts.models import Session, SsoAttempt, User
from tests.fake_directus import Person

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

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("provider")]
HOP = "/auth/login/exampleid/callback"


def is_in(browser):
    return SESSION_KEY in browser.session


# The sign-in page


def test_the_page_has_a_button_for_each_provider(client, directus):
    page = client.get("/login/?next=/account/").text

    assert 'formaction="/sso/exampleid/"' in page
    assert "Continue with Example ID" in page
    assert page.count('name="next" value="/account/"') == 1
    assert 'name="password"' in page
    directus.was_not_asked()


def test_the_buttons_are_small(client, directus, provider):
    with_button = client.get("/login/").content
    del directus.state.providers["exampleid"]

    assert len(with_button) < 12_000
    assert with_button.count(b"<svg") == 2


def test_the_sign_up_page_has_them_too(client):
    assert "Continue with Example ID" in client.get("/register/").text


@pytest.fixture
def without_passwords(directus, provider):
    directus.state.password_sign_in = False
    sign_in_ways._ask(directus.url)


@pytest.mark.usefixtures("without_passwords")
def test_without_passwords_there_are_buttons_alone(client):
    page = client.get("/login/").text

    assert "Continue with Example ID" in page
    for absent in ('name="password"', "/register/", "/request-reset", ">or<"):
        assert absent not in page
    assert client.get("/register/").url == "/login/"


@pytest.mark.usefixtures("without_passwords")
def test_the_local_administrator_keeps_the_password(client, settings):
    settings.BREAK_GLASS_ADDRESSES = [ip_network("127.0.0.1/32")]

    assert 'name="password"' in client.get("/login/").text


# The way there


def test_the_page_goes_on_to_the_provider(client, directus):
    response = press(client)

    url = way_to_provider(response)
    query = parse_qs(urlsplit(url).query)
    assert query["redirect_uri"] == [f"http://testserver{CALLBACK}"]
    assert response["Referrer-Policy"] == "no-referrer"
    assert "no-store" in response["Cache-Control"]
    assert 'rel="noreferrer"' in response.text
    # A form on a page without a referrer could not be sent.
    assert "<form" not in response.text


def test_a_get_begins_nothing(client, directus):
    assert client.get("/sso/exampleid/").url == "/login/"
    assert client.head("/sso/exampleid/").status_code == 405
    directus.was_not_asked()
    assert not Session.objects.exists()


def test_a_form_of_another_site_begins_nothing(directus):
    assert press(Client(enforce_csrf_checks=True)).status_code == 403
    directus.was_not_asked()


def test_an_unknown_provider_is_no_page(client):
    assert press(client, "other").status_code == 404
    assert not SsoAttempt.objects.exists()


def test_starts_are_limited_by_address(client, directus):
    for _ in range(30):
        assert press(client).status_code == 200

    response = press(client)

    assert response.status_code == 429
    assert int(response["Retry-After"]) > 0
    assert len(directus.calls_to("/auth/login/exampleid")) == 30


def test_a_way_that_does_not_lead_back_is_not_gone(client, directus, caplog):
    directus.state.allowed_public_urls = []

    response = press(client)

    assert response.status_code == 503
    assert "isn't set up correctly" in response.text
    assert "provider.test" not in response.text
    assert "AUTH_ALLOWED_PUBLIC_URLS=http://testserver/sso" in caplog.text
    assert not SsoAttempt.objects.exists()


def test_a_provider_that_directus_never_reached(client, provider):
    provider.was_discovered = False

    response = press(client, next="/account/")

    assert response.status_code == 503
    assert "Example ID isn't available right now" in response.text
    assert 'href="/login/?next=/account/"' in response.text


def test_an_outage_at_the_start(client, directus):
    directus.is_down()

    response = press(client)

    assert response.status_code == 503
    assert "Sign-in isn't available right now" in response.text


def test_the_start_gives_the_session_a_new_key(client):
    press(client)
    before = client.cookies["session"].value

    press(client)

    assert client.cookies["session"].value != before
    assert SsoAttempt.objects.count() == 2


def test_signed_in_users_begin_nothing(signed_in_client, directus):
    assert press(signed_in_client).url == "/"
    directus.was_not_asked()


# The way back


@pytest.mark.parametrize("driver", ["openid", "oauth2"])
@pytest.mark.parametrize("has_session_cookie", [True, False])
def test_a_new_user_is_in(client, directus, provider, driver, has_session_cookie):
    provider.driver, provider.has_session_cookie = driver, has_session_cookie

    response = sign_in_with_provider(client, directus, next="/account/")

    assert (response.status_code, response.url) == (302, "/account/")
    assert response["Referrer-Policy"] == "no-referrer"
    user = User.objects.get()
    assert (user.email, user.first_name) == ("ada@example.com", "Ada")
    assert Session.objects.get().provider == "exampleid"
    assert not SsoAttempt.objects.exists()
    assert "Ada" in client.get("/").text


def test_the_way_back_leads_nowhere_else(client, directus):
    response = sign_in_with_provider(client, directus, next="https://evil.example/")

    assert response.url == "/"


def test_the_sign_in_gives_the_session_a_new_key(client, directus):
    query = directus.approve(begin(client), ADA)
    before = client.cookies["session"].value

    come_back(client, query)

    assert client.cookies["session"].value != before


def test_the_same_person_comes_again(client, directus):
    sign_in_with_provider(client, directus)
    client.post("/logout/")

    sign_in_with_provider(client, directus)

    assert is_in(client)
    assert User.objects.count() == 1
    # The browser knows the user.
    assert mail.outbox == []


def test_another_browser_is_told_by_mail(client, directus):
    sign_in_with_provider(client, directus)

    sign_in_with_provider(Client(), directus)

    (sent,) = mail.outbox
    assert sent.subject.startswith("New sign-in")


def test_an_account_without_an_address(client, directus, provider):
    provider.driver = "oauth2"

    response = sign_in_with_provider(client, directus, Person(None, first_name="Eve"))

    assert response.url == "/"
    assert User.objects.get().email == ""


def test_a_password_later_makes_the_session_one_of_a_password(
    client, directus, ada, sign_in
):
    sign_in_with_provider(client, directus, Person("eve@example.com"))
    client.post("/logout/")

    sign_in(ada)

    assert Session.objects.get().provider == ""


def test_form_post_comes_again_by_get(client, directus):
    query = directus.approve(begin(client), ADA)

    posted = Client(enforce_csrf_checks=True).post(CALLBACK, query | {"x": "1"})

    assert posted.status_code == 303
    assert posted["Referrer-Policy"] == "no-referrer"
    assert not posted.cookies
    path, _, kept = posted.url.partition("?")
    assert path == CALLBACK
    assert set(parse_qs(kept)) == {"code", "state", "iss"}
    assert client.get(posted.url).url == "/"
    assert is_in(client)


# What is refused


def test_a_used_answer_is_not_sent_again(client, directus):
    query = directus.approve(begin(client), ADA)
    come_back(client, query)
    client.post("/logout/")
    directus.forget_calls()

    response = come_back(client, query)

    assert problem(response) == "expired"
    directus.was_not_asked()
    page = client.get(response.url)
    assert page.status_code == 400
    assert "has expired or was started in another browser" in page.text


def test_a_second_click_of_a_signed_in_user_leads_on(client, directus):
    query = directus.approve(begin(client, next="/account/"), ADA)
    come_back(client, query)

    assert come_back(client, query).url == "/"
    assert is_in(client)


def test_the_second_tab_leads_on_too(client, directus):
    first = directus.approve(begin(client), ADA)
    second = directus.approve(begin(client, next="/account/"), ADA)

    assert come_back(client, first).url == "/"
    assert come_back(client, second).url == "/account/"
    assert len(directus.calls_to(HOP)) == 1


def test_tabs_may_come_back_in_any_order(client, directus):
    first = directus.approve(begin(client, next="/account/"), ADA)
    begin(client)

    assert come_back(client, first).url == "/account/"


def test_another_browser_cannot_use_the_answer(client, directus):
    query = directus.approve(begin(client), ADA)
    other = Client()
    begin(other)

    assert problem(come_back(other, query)) == "expired"
    assert problem(come_back(Client(), query)) == "expired"
    assert not is_in(other)
    # It still serves in the browser that began.
    assert come_back(client, query).url == "/"


def test_a_stranger_without_a_session_gets_none(directus, client):
    query = directus.approve(begin(client), ADA)
    stranger = Client()

    come_back(stranger, query, follow=True)

    assert "session" not in stranger.cookies
    assert Session.objects.count() == 1


def test_the_answer_of_one_provider_is_not_taken_for_another(client, directus):
    directus.add_provider("other")
    query = directus.approve(begin(client), ADA)
    directus.forget_calls()

    response = client.get("/sso/auth/login/other/callback", query)

    assert response.url == "/sso/other/problem/expired/"
    directus.was_not_asked()
    assert problem(come_back(client, query)) == "expired"


@pytest.mark.parametrize(
    ("error", "reason", "text"),
    [
        ("access_denied", "cancelled", "You cancelled at Example ID"),
        ("server_error", "refused", "Example ID didn't confirm the sign-in"),
        ("<b>kaboom</b>", "refused", "Example ID didn't confirm the sign-in"),
    ],
)
def test_a_person_is_declined(client, directus, error, reason, text):
    query = directus.decline(begin(client, next="/account/"), error)
    directus.forget_calls()

    response = come_back(client, query | {"error_description": "kaboom"})

    assert problem(response) == reason
    page = client.get(response.url)
    assert text in page.text
    assert "kaboom" not in page.text
    assert 'href="/login/?next=/account/"' in page.text
    directus.was_not_asked()
    assert not SsoAttempt.objects.exists()


@pytest.mark.parametrize("status", ["suspended", "archived", "draft", "invited"])
def test_a_user_who_may_not_sign_in(client, directus, status):
    directus.add_user(
        ADA.email,
        None,
        provider="exampleid",
        external_identifier=ADA.sub,
        status=status,
    )

    response = sign_in_with_provider(client, directus)

    assert problem(response) == "not-accepted"
    assert not is_in(client)
    assert client.get(response.url).status_code == 403


def test_registration_is_closed(client, directus, provider):
    provider.allows_registration = False

    assert problem(sign_in_with_provider(client, directus)) == "not-accepted"


def test_an_address_that_the_provider_does_not_vouch_for(client, directus):
    person = replace(ADA, email_verified=False)

    assert problem(sign_in_with_provider(client, directus, person)) == "not-accepted"


@pytest.mark.parametrize(
    ("driver", "reason"), [("openid", "password"), ("oauth2", "not-accepted")]
)
@pytest.mark.parametrize("status", ["active", "unverified"])
def test_an_address_with_a_password(client, directus, driver, reason, status):
    directus.state.providers["exampleid"].driver = driver
    sign_in_ways._ask(directus.url)
    directus.add_user(ADA.email, status=status)

    response = sign_in_with_provider(client, directus)

    assert problem(response) == reason
    assert not is_in(client)
    text = client.get(response.url).text
    assert ("has an account with a password" in text) is (reason == "password")


def test_a_user_of_another_provider_in_the_profile(client, directus, caplog):
    query = directus.approve(begin(client), ADA)

    def meanwhile():
        directus.state.find(ADA.email).provider = "other"

    directus.is_late("/auth/refresh", "", meanwhile)

    assert problem(come_back(client, query)) == "not-accepted"
    assert not User.objects.exists()
    assert "is of another provider" in caplog.text


def test_a_user_suspended_in_between(client, directus, monkeypatch):
    real = sso.mirror_user

    def suspended(profile):
        return real(replace(profile, status="suspended"))

    monkeypatch.setattr(sso, "mirror_user", suspended)

    assert problem(sign_in_with_provider(client, directus)) == "not-accepted"
    assert not is_in(client)
    assert directus.sessions_of(directus.state.find(ADA.email)) == []


def test_a_profile_that_hides_the_provider(client, directus, caplog):
    directus.hides_profiles()

    response = sign_in_with_provider(client, directus)

    assert problem(response) == "not-set-up"
    assert "directus_setup grants it" in caplog.text
    assert directus.sessions_of(directus.state.find(ADA.email)) == []


def test_the_service_token_reads_the_provider(client, directus, service_token):
    directus.hides_profiles()

    assert sign_in_with_provider(client, directus).url == "/"
    assert User.objects.get(email=ADA.email).is_active


# Outages


def test_the_provider_is_away_at_the_end(client, directus, provider):
    query = directus.approve(begin(client), ADA)
    provider.is_down = True

    response = come_back(client, query)

    assert problem(response) == "provider-away"
    page = client.get(response.url)
    assert page.status_code == 503
    assert "Example ID isn't available right now" in page.text


def test_what_did_not_reach_directus_may_be_tried_again(client, directus):
    query = directus.approve(begin(client, next="/account/"), ADA)
    directus.is_down()

    left = come_back(client, query)
    page = client.get(left.url)
    directus.is_up()
    done = client.get(left.url)

    assert left.url == "/sso/exampleid/again/"
    assert page.status_code == 503
    assert 'href="/sso/exampleid/again/"' in page.text
    assert (done.status_code, done.url) == (302, "/account/")
    assert is_in(client)
    assert "sso_again" not in client.session
    assert not SsoAttempt.objects.exists()


def test_nothing_is_tried_again_without_an_answer(client):
    assert problem(client.get("/sso/exampleid/again/")) == "expired"


def test_a_lost_answer_is_not_asked_for_again(client, directus):
    query = directus.approve(begin(client), ADA)
    directus.loses_answer(HOP)

    assert problem(come_back(client, query)) == "away"
    assert problem(come_back(client, query)) == "expired"
    assert len(directus.calls_to(HOP)) == 1


@pytest.mark.parametrize("path", ["/auth/refresh", "/users/me"])
def test_an_outage_after_the_code_was_sent(client, directus, path):
    query = directus.approve(begin(client), ADA)
    directus.fails(requests.ConnectionError("refused"), path, times=9)

    assert problem(come_back(client, query)) == "away"
    assert problem(come_back(client, query)) == "expired"
    assert not is_in(client)


def test_an_outage_after_the_tokens_revokes_them(client, directus):
    query = directus.approve(begin(client), ADA)
    directus.fails(requests.ReadTimeout("slow"), "/users/me", times=9)

    come_back(client, query)

    assert directus.sessions_of(directus.state.find(ADA.email)) == []


# A second factor that Directus demands


def test_a_demanded_second_factor_must_be_set_up_first(client, directus):
    directus.demands_second_factor()

    sign_in_with_provider(client, directus)

    assert User.objects.get().must_use_two_factor
    assert client.get("/").url == "/account/two-factor/"
    assert client.get("/account/two-factor/").url.startswith("/account/confirm/")
    assert client.post("/logout/").url == "/login/"
