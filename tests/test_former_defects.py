"""Defects of the set-up that this site replaces, which this site must not have.

Each test names what must not happen; its docstring says what the former set-up did.
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


# Sessions


def test_no_page_hands_tokens_to_the_browser(signed_in_client, ada, directus):
    """The access token and the refresh token were readable to scripts of the page."""
    page = signed_in_client.get("/")

    tokens = directus.sessions_of(ada)
    assert len(tokens) == 1
    everything = page.text + str(page.headers) + str(signed_in_client.cookies)
    assert "eyJ" not in everything.replace(signed_in_client.cookies["device"].value, "")
    assert not [token for token in tokens if token in everything]


def test_no_access_token_is_used_after_its_end(signed_in_client, directus, settings):
    """The access token was never renewed: pages were shown after it had expired."""
    settings.DIRECTUS_REVALIDATE_SECONDS = 0
    directus.expires_access_tokens()

    assert signed_in_client.get("/").status_code == 200
    directus.was_asked_once("/auth/refresh")


def test_no_suspended_user_stays_signed_in(signed_in_client, ada, directus, settings):
    """A user suspended in Directus kept the session."""
    settings.DIRECTUS_REVALIDATE_SECONDS = 0
    directus.suspend(ada)

    assert signed_in_client.get("/").status_code == 302


def test_no_old_name_is_shown_for_more_than_a_minute(
    signed_in_client, ada, directus, settings
):
    """Pages showed the old name after a change in Directus."""
    settings.DIRECTUS_REVALIDATE_SECONDS = 0
    directus.change(ada, first_name="Augusta")

    assert "Augusta" in signed_in_client.get("/").text


def test_no_session_outlives_a_new_password(signed_in_client, ada, directus):
    """Other sessions outlived a change of the password."""
    other = type(signed_in_client)()
    ask_reset(other)
    open_link(other, directus.last_link(ada.email))
    choose_password(other)

    assert signed_in_client.get("/").status_code == 302


def test_no_sign_out_leaves_a_session_behind(signed_in_client, ada, directus):
    """The refresh token and a copy of the cookie were still valid after a sign-out."""
    cookie = signed_in_client.cookies["session"].value
    signed_in_client.post("/logout/")
    thief = type(signed_in_client)()
    thief.cookies["session"] = cookie

    assert directus.sessions_of(ada) == []
    assert thief.get("/").status_code == 302


def test_directus_does_not_see_every_visitor_as_this_server(client, ada, directus):
    """Directus' log had the address and the user agent of the server."""
    log_in(
        client,
        ada.email,
        ada.password,
        REMOTE_ADDR="203.0.113.7",
        headers={"user-agent": "Browser/1.0"},
    )

    (session,) = directus.state.sessions.values()
    assert (session.address, session.user_agent) == ("203.0.113.7", "Browser/1.0")


# Sign-in


def test_no_outage_is_called_a_wrong_password(client, ada, directus):
    """During an outage the right password was called incorrect."""
    directus.is_down()

    response = log_in(client, ada.email, ada.password)

    assert response.status_code == 503
    assert "available right now" in response.text
    assert "Incorrect" not in response.text


def test_no_user_with_a_second_factor_is_locked_out(client, directus):
    """The form had no field for the one-time code."""
    user = directus.add_user(otp_secret=OTP_SECRET)

    response = log_in(client, user.email, user.password, follow=True)

    assert 'name="otp"' in response.text


@pytest.mark.parametrize(
    "extra", [{"mode": "session"}, {"mode": "cookie"}, {"otp": "1"}]
)
def test_no_extra_field_reaches_directus(client, ada, directus, extra):
    """The whole form was passed on: `mode=session` ended in an error 500."""
    response = log_in(client, ada.email, ada.password, data=extra)

    assert response.status_code == 302
    sent = directus.was_asked_once("/auth/login").json
    assert sent == {"email": ada.email, "password": ada.password, "mode": "json"}


@pytest.mark.parametrize("path", PAGES)
def test_no_password_ends_in_the_address_without_javascript(client, path):
    """Without JavaScript the form was sent with GET."""
    forms = re.findall(r"<form[^>]*>", client.get(path).text)

    assert forms
    assert all('method="post"' in form for form in forms)


def test_a_password_in_the_address_is_not_a_sign_in(client, ada, directus):
    """Such an address must not sign the user in either."""
    response = client.get("/login/", {"email": ada.email, "password": ada.password})

    assert response.status_code == 200
    assert ada.password not in response.text
    directus.was_not_asked()


def test_the_page_that_was_asked_for_is_not_forgotten(client, ada):
    """The page that the visitor had asked for was ignored after the sign-in."""
    asked = client.get("/?page=2")
    page = client.get(asked.url)
    target = re.search(r'name="next" value="([^"]+)"', page.text)[1]

    response = log_in(client, ada.email, ada.password, data={"next": target})

    assert response.url == "/?page=2"


@pytest.mark.parametrize("path", ["/login/", "/register/", "/login/code/"])
def test_no_form_for_visitors_is_shown_to_a_signed_in_user(signed_in_client, path):
    """The sign-in page was shown to signed-in users."""
    response = signed_in_client.get(path)

    assert (response.status_code, response.url) == (302, "/")


@pytest.mark.parametrize(
    "header", ["x-middleware-subrequest", "x-original-url", "x-rewrite-url"]
)
def test_no_header_skips_the_guard(client, header):
    """A request header of the framework skipped the check for a session."""
    value = "middleware:middleware:middleware:middleware:middleware"

    assert client.get("/", headers={header: value}).status_code == 302


# Registration


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
    """An outage or an answer without JSON ended in an error 500 with an empty page."""
    if "error" in trouble:
        directus.fails(**trouble, times=2)
    else:
        directus.answers(**trouble)

    response = sign_up(client)

    assert response.status_code == 503
    assert 'value="new@example.com"' in response.text
    assert "available right now" in response.text


def test_no_odd_address_is_refused_without_a_word(client, directus):
    """The form showed no error for an address that Directus refuses."""
    response = sign_up(client, "a@b")

    assert response.context["form"].errors["email"]
    assert 'aria-invalid="true"' in response.text


def test_no_page_reveals_that_an_address_is_known(client, ada, directus):
    """The page said that the user exists already."""
    known, new = sign_up(client, ada.email), sign_up(client)

    assert (known.status_code, known.url) == (new.status_code, new.url)


@pytest.mark.parametrize("password", ["", "1", "password"])
def test_no_weak_password_is_taken(client, directus, password):
    """A password of one character was accepted, and so was none."""
    assert sign_up(client, password=password).context["form"].errors["password"]
    directus.was_not_asked()


def test_no_form_of_another_site_is_taken(directus, client):
    """There was no CSRF check."""
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
    """Addresses were never confirmed."""
    sign_up(client)

    assert log_in(client, "new@example.com", PASSWORD).status_code == 200
    assert not Session.objects.exclude(user=None).exists()


def test_no_visitor_chooses_a_role_status_or_token(client, directus):
    """The public could set its own role, status, provider and static token."""
    sign_up(client, data={"role": "x", "status": "active", "token": "static"})

    sent = directus.was_asked_once("/users/register").json
    assert not sent.keys() & {"role", "status", "token", "provider"}


def test_the_classic_sign_up_never_leaves_the_role_out(
    client, directus, settings, service_token
):
    """A sign-up that left the role out passed the rule about the role."""
    settings.DIRECTUS_SIGNUP = "create"

    sign_up(client)

    assert directus.was_asked_once("/users").json["role"] == (
        settings.DIRECTUS_CUSTOMER_ROLE
    )


def test_a_sign_up_does_not_end_without_a_word(client, directus):
    """A sign-up led to the sign-in page without a message."""
    response = sign_up(client, follow=True)

    assert response.redirect_chain == [("/register/done/", 302)]
    assert "Check your inbox" in response.text


# Reset


def test_a_mail_that_cannot_be_sent_reveals_no_account(client, ada, directus):
    """The former set-up did this right, and so must this site."""
    body = {"errors": [{"extensions": {"code": "INTERNAL_SERVER_ERROR"}}]}
    directus.answers(500, body, path="/auth/password/request")

    known, unknown = ask_reset(client), ask_reset(client, "nobody@example.com")

    assert (known.status_code, known.url) == (unknown.status_code, unknown.url)


def test_no_outage_is_called_an_invalid_link(client, ada, directus):
    """During an outage the page said that the token is invalid."""
    ask_reset(client)
    open_link(client, directus.last_link(ada.email))
    directus.is_down()

    response = choose_password(client)

    assert response.status_code == 503
    assert "This link is no longer valid" not in response.text


def test_no_token_leaves_with_the_page(client, ada, directus):
    """The page with the token in its address had no Referrer-Policy."""
    ask_reset(client)
    link = directus.last_link(ada.email)

    landing = client.get(link.removeprefix("http://testserver"))

    assert landing["Referrer-Policy"] == "no-referrer"
    assert "token" not in landing.url


def test_no_page_goes_without_its_guards(signed_in_client):
    """Pages had no Content-Security-Policy and no X-Frame-Options."""
    response = signed_in_client.get("/")

    assert response["X-Frame-Options"] == "DENY"
    assert "default-src 'none'" in response["Content-Security-Policy"]
    assert "X-Powered-By" not in response


@pytest.mark.parametrize("path", PAGES)
def test_no_input_goes_without_a_label(client, path):
    """No input had a label."""
    page = client.get(path).text
    inputs = re.findall(r"<input(?![^>]*hidden)[^>]*>", page)
    labelled = set(re.findall(r'<label[^>]*for="([^"]+)"', page))

    assert inputs
    for tag in inputs:
        assert re.search(r'\bid="([^"]+)"', tag)[1] in labelled


def test_no_row_is_created_before_a_sign_in(client, ada):
    """A local row is created only after Directus has confirmed the user."""
    log_in(client, ada.email, "wrong")
    sign_up(client, ada.email)
    ask_reset(client, ada.email)

    assert not User.objects.exists()
