"""What the set-up that this site replaces got wrong, and this site must not.

One test a defect, named by what must not happen, where a Django site could have it.
Defects of the build (1 to 4) have no counterpart here.
"""

import re

import pytest
import requests

from accounts.models import Session, User
from tests.accounts.steps import (
    OTP_SECRET,
    PASSWORD,
    ask_reset,
    choose_password,
    log_in,
    open_link,
    sign_up,
)

pytestmark = pytest.mark.django_db

PAGES = ("/login/", "/register/", "/request-reset-password/")


# Sessions (5 to 9)


def test_no_page_hands_tokens_to_the_browser(signed_in_client, ada, directus):
    """5 and 6."""
    page = signed_in_client.get("/")

    tokens = directus.sessions_of(ada)
    assert len(tokens) == 1
    everything = page.text + str(page.headers) + str(signed_in_client.cookies)
    assert "eyJ" not in everything.replace(signed_in_client.cookies["device"].value, "")
    assert not [token for token in tokens if token in everything]


def test_no_access_token_is_used_after_its_end(signed_in_client, directus, settings):
    """7: it was never refreshed."""
    settings.DIRECTUS_REVALIDATE_SECONDS = 0
    directus.expires_access_tokens()

    assert signed_in_client.get("/").status_code == 200
    directus.was_asked_once("/auth/refresh")


def test_nobody_suspended_stays_in(signed_in_client, ada, directus, settings):
    """8."""
    settings.DIRECTUS_REVALIDATE_SECONDS = 0
    directus.suspend(ada)

    assert signed_in_client.get("/").status_code == 302


def test_no_old_name_is_shown_for_more_than_a_minute(
    signed_in_client, ada, directus, settings
):
    """8."""
    settings.DIRECTUS_REVALIDATE_SECONDS = 0
    directus.change(ada, first_name="Augusta")

    assert "Augusta" in signed_in_client.get("/").text


def test_no_session_outlives_a_new_password(signed_in_client, ada, directus):
    """8."""
    other = type(signed_in_client)()
    ask_reset(other)
    open_link(other, directus.last_link(ada.email))
    choose_password(other)

    assert signed_in_client.get("/").status_code == 302


def test_no_sign_out_leaves_a_session_behind(signed_in_client, ada, directus):
    """9: neither at Directus, nor for who kept the cookie."""
    cookie = signed_in_client.cookies["session"].value
    signed_in_client.post("/logout/")
    thief = type(signed_in_client)()
    thief.cookies["session"] = cookie

    assert directus.sessions_of(ada) == []
    assert thief.get("/").status_code == 302


def test_directus_does_not_see_every_visitor_as_this_server(client, ada, directus):
    """9."""
    log_in(
        client,
        ada.email,
        ada.password,
        REMOTE_ADDR="203.0.113.7",
        headers={"user-agent": "Browser/1.0"},
    )

    (session,) = directus.state.sessions.values()
    assert (session.address, session.user_agent) == ("203.0.113.7", "Browser/1.0")


# Sign-in (10 to 15)


def test_no_outage_is_called_a_wrong_password(client, ada, directus):
    """10."""
    directus.is_down()

    response = log_in(client, ada.email, ada.password)

    assert response.status_code == 503
    assert "available right now" in response.text
    assert "Incorrect" not in response.text


def test_nobody_with_a_second_factor_is_locked_out(client, directus):
    """11."""
    user = directus.add_user(otp_secret=OTP_SECRET)

    response = log_in(client, user.email, user.password, follow=True)

    assert 'name="otp"' in response.text


@pytest.mark.parametrize(
    "extra", [{"mode": "session"}, {"mode": "cookie"}, {"otp": "1"}]
)
def test_no_extra_field_reaches_directus(client, ada, directus, extra):
    """12."""
    response = log_in(client, ada.email, ada.password, data=extra)

    assert response.status_code == 302
    sent = directus.was_asked_once("/auth/login").json
    assert sent == {"email": ada.email, "password": ada.password, "mode": "json"}


@pytest.mark.parametrize("path", PAGES)
def test_no_password_ends_in_the_address_without_javascript(client, path):
    """13."""
    forms = re.findall(r"<form[^>]*>", client.get(path).text)

    assert forms
    assert all('method="post"' in form for form in forms)


def test_a_password_in_the_address_is_not_a_sign_in(client, ada, directus):
    """13."""
    response = client.get("/login/", {"email": ada.email, "password": ada.password})

    assert response.status_code == 200
    assert ada.password not in response.text
    directus.was_not_asked()


def test_the_page_that_was_asked_for_is_not_forgotten(client, ada):
    """14."""
    asked = client.get("/?page=2")
    page = client.get(asked.url)
    target = re.search(r'name="next" value="([^"]+)"', page.text)[1]

    response = log_in(client, ada.email, ada.password, data={"next": target})

    assert response.url == "/?page=2"


@pytest.mark.parametrize("path", ["/login/", "/register/", "/login/code/"])
def test_no_form_for_visitors_is_shown_to_who_is_signed_in(signed_in_client, path):
    """14."""
    response = signed_in_client.get(path)

    assert (response.status_code, response.url) == (302, "/")


@pytest.mark.parametrize(
    "header", ["x-middleware-subrequest", "x-original-url", "x-rewrite-url"]
)
def test_no_header_skips_the_guard(client, header):
    """15."""
    value = "middleware:middleware:middleware:middleware:middleware"

    assert client.get("/", headers={header: value}).status_code == 302


# Registration (16 to 20)


@pytest.mark.parametrize(
    "trouble",
    [
        {"error": requests.ConnectionError("refused"), "path": "/users/register"},
        {"status": 502, "body": "<html>not JSON</html>", "path": "/users/register"},
        {"status": 500, "body": "", "path": "/users/register"},
    ],
    ids=["down", "not JSON", "empty"],
)
def test_no_outage_ends_in_an_empty_page(client, directus, trouble):
    """16."""
    if "error" in trouble:
        directus.fails(**trouble, times=2)
    else:
        directus.answers(**trouble)

    response = sign_up(client)

    assert response.status_code == 503
    assert 'value="new@example.com"' in response.text
    assert "available right now" in response.text


def test_no_odd_address_is_refused_without_a_word(client, directus):
    """16."""
    response = sign_up(client, "a@b")

    assert response.context["form"].errors["email"]
    assert 'aria-invalid="true"' in response.text


def test_nobody_learns_that_an_address_is_known(client, ada, directus):
    """17."""
    known, new = sign_up(client, ada.email), sign_up(client)

    assert (known.status_code, known.url) == (new.status_code, new.url)


@pytest.mark.parametrize("password", ["", "1", "password"])
def test_no_weak_password_is_taken(client, directus, password):
    """18."""
    assert sign_up(client, password=password).context["form"].errors["password"]
    directus.was_not_asked()


def test_no_form_of_another_site_is_taken(directus, client):
    """18."""
    strict = type(client)(enforce_csrf_checks=True)
    body = '{"email": "a@example.com", "password": "x"}'

    response = strict.post(
        "/register/",
        body,
        content_type="text/plain",
        headers={"origin": "https://evil.example"},
    )

    assert response.status_code == 403
    directus.was_not_asked()


def test_no_address_is_believed_before_it_is_confirmed(client, directus):
    """18."""
    sign_up(client)

    assert log_in(client, "new@example.com", PASSWORD).status_code == 200
    assert not Session.objects.exclude(user=None).exists()


def test_nobody_chooses_a_role_status_or_token(client, directus):
    """19."""
    sign_up(client, data={"role": "x", "status": "active", "token": "static"})

    sent = directus.was_asked_once("/users/register").json
    assert not sent.keys() & {"role", "status", "token", "provider"}


def test_the_classic_sign_up_never_leaves_the_role_out(
    client, directus, settings, service_token
):
    """19."""
    settings.DIRECTUS_SIGNUP = "create"

    sign_up(client)

    assert directus.was_asked_once("/users").json["role"] == (
        settings.DIRECTUS_CUSTOMER_ROLE
    )


def test_a_sign_up_does_not_end_without_a_word(client, directus):
    """20."""
    response = sign_up(client, follow=True)

    assert response.redirect_chain == [("/register/done/", 302)]
    assert "Check your inbox" in response.text


# Reset (21 to 24)


def test_a_mail_that_cannot_be_sent_tells_nobody_who_is_known(client, ada, directus):
    """21."""
    body = {"errors": [{"extensions": {"code": "INTERNAL_SERVER_ERROR"}}]}
    directus.answers(500, body, path="/auth/password/request")

    known, unknown = ask_reset(client), ask_reset(client, "nobody@example.com")

    assert (known.status_code, known.url) == (unknown.status_code, unknown.url)


def test_no_outage_is_called_an_invalid_link(client, ada, directus):
    """22."""
    ask_reset(client)
    open_link(client, directus.last_link(ada.email))
    directus.is_down()

    response = choose_password(client)

    assert response.status_code == 503
    assert "This link is no longer valid" not in response.text


def test_no_token_leaves_with_the_page(client, ada, directus):
    """23."""
    ask_reset(client)
    link = directus.last_link(ada.email)

    landing = client.get(link.removeprefix("http://testserver"))

    assert landing["Referrer-Policy"] == "no-referrer"
    assert "token" not in landing.url


def test_no_page_goes_without_its_guards(signed_in_client):
    """23."""
    response = signed_in_client.get("/")

    assert response["X-Frame-Options"] == "DENY"
    assert "default-src 'none'" in response["Content-Security-Policy"]
    assert "X-Powered-By" not in response


@pytest.mark.parametrize("path", PAGES)
def test_no_input_goes_without_a_label(client, path):
    """24."""
    page = client.get(path).text
    inputs = re.findall(r"<input(?![^>]*hidden)[^>]*>", page)
    labelled = set(re.findall(r'<label[^>]*for="([^"]+)"', page))

    assert inputs
    for tag in inputs:
        assert re.search(r'\bid="([^"]+)"', tag)[1] in labelled


def test_nobody_is_made_by_being_asked_about(client, ada):
    """No local row before Directus has said who it is."""
    log_in(client, ada.email, "wrong")
    sign_up(client, ada.email)
    ask_reset(client, ada.email)

    assert not User.objects.exists()
