"""Links as mail clients hand them over."""

import base64
import json
import textwrap
import time
from urllib.parse import quote

import pytest
from django.core import mail
from django.test import Client

from accounts.models import Attempts
from accounts.web.links import token_email, token_in
from tests.fake_directus.tokens import make_jwt

from ..account_pages import ask_email
from ..steps import NEW_PASSWORD, ask_reset, open_link, sign_up

JWT = "eyJhbGciOi_JIUzI1.eyJlbWFpbCI6-ImFkYUBleGFt.c2lnbmF0dXJl_LW9mLXRoaXM-"
OWN = "Vq3-xy_zAbCdEfGhIjKlMnOpQrStUvWxYz012345678"
TOKENS = pytest.mark.parametrize("token", [JWT, OWN], ids=["directus", "site"])
AROUND = [
    "{}", "{}.", "{},", "{})", "{}>", '{}"', "{}'", "{};", "{}!", "{}]", "{}*", "{}”",
    "{}.)", '"{}"', "<{}>", " {}", "{} ", "{}\r\n", "\n{}", "{}%20", "{}%0D%0A", "{}=",
    "{}> ", "{}>\n", "{}>https:",
    "{}\u200b", "{}\u00a0", "{}%2E", "%22{}%22",
]  # fmt: skip
INSIDE = [
    "=\n",
    "=\r\n",
    "\r\n",
    " ",
    "%0A",
    "%0D%0A%20",
    "=%0A",
    "\u200b",
    "\u00ad",
    "+",
    "\n> ",
    "\r\n> > ",
    "=\n>>> ",
    "%0A%3E%20",
    "> ",
    "%3E%3E+",
]


@TOKENS
@pytest.mark.parametrize("around", AROUND, ids=ascii)
def test_what_stands_around_a_token_is_left_out(token, around):
    assert token_in("token=" + around.format(token)) == token
    assert token_in("token=" + quote(around.format(token))) == token


@pytest.mark.parametrize(
    "behind", ["_", "-", "__", "%20Please%20reply", "\r\n-- \r\nA"]
)
def test_what_stands_behind_a_token_of_the_site_is_left_out(behind):
    assert token_in(f"token={OWN}{behind}") == OWN


@TOKENS
@pytest.mark.parametrize("inside", INSIDE, ids=ascii)
def test_what_breaks_a_token_is_left_out(token, inside):
    broken = token[:30] + inside + token[30:]

    assert token_in(f"token={broken}") == token


@TOKENS
@pytest.mark.parametrize("quote_sign", ["", "> ", ">> ", "> > "])
def test_a_link_survives_wrapping_and_quoting(token, quote_sign):
    link = f"https://accounts.example.com/reset-password/?token={token}"
    lines = textwrap.wrap(link, 76 - len(quote_sign), break_on_hyphens=False)

    pasted = f"\r\n{quote_sign}".join(lines)

    assert token_in(pasted.partition("?")[2]) == token
    # Browsers drop line ends of a pasted address.
    assert token_in(pasted.replace("\r\n", "").partition("?")[2]) == token


@TOKENS
@pytest.mark.parametrize(
    "query",
    [
        "a=1&amp;token={}",
        "a=1&#38;token={}",
        "a=1%26amp%3Btoken%3D{}",
        "token%3D{}",
        "token={}&amp;utm_source=mail",
        "token={}&a=1",
        "token=3D{}",
        "TOKEN={}",
        "amp;token={}",
    ],
)
def test_a_query_that_was_escaped_once_too_often_is_read(token, query):
    assert token_in(query.format(token)) == token


def test_without_a_token_there_is_none():
    assert token_in("") is None
    assert token_in("next=/&mytoken=1") is None
    assert token_in("token=") == token_in("token=%00%22.") == ""


@pytest.mark.parametrize("email", ["\x00", "a\x00@b.de", "\ud800@b.de", "a\n@b.de", 1])
def test_what_no_address_has_is_no_address(email):
    payload = base64.urlsafe_b64encode(json.dumps({"email": email}).encode()).decode()

    assert token_email(f"x.{payload}.x") == ""


# On the pages


@pytest.fixture(params=["confirm", "reset", "invite", "email"])
def link(request, client, ada, directus, service_token):
    """A link of each kind, and what its page shows."""
    match request.param:
        case "confirm":
            sign_up(client)
            return directus.last_link("new@example.com"), "/verify-email/"
        case "reset":
            ask_reset(client)
            return directus.last_link(ada.email), "/reset-password/"
        case "invite":
            return directus.invite("guest@example.com"), "/invite/"
    ask_email(request.getfixturevalue("signed_in_client"))
    text = next(sent for sent in mail.outbox if "new@example.com" in sent.to).body
    link = next(word for word in text.split() if "token=" in word)
    return link, "/account/email/confirm/"


@pytest.mark.parametrize("tail", ["", ".", ")", ">", '"', "%20", "=\r\n", ").%0D%0A"])
@pytest.mark.django_db
def test_every_page_takes_a_link_with_something_behind_it(client, link, tail):
    address, path = link

    page = open_link(client, address + tail)

    assert (page.status_code, page.redirect_chain) == (200, [(path, 302)])
    assert page.context["view"].token == address.rpartition("token=")[2]


@pytest.mark.parametrize(
    "path",
    ["/verify-email/", "/reset-password/", "/invite/", "/account/email/confirm/"],
)
@pytest.mark.django_db
def test_a_link_with_no_token_in_it_is_told_so(client, path):
    assert client.get(f"{path}?token=%22").status_code == 400
    assert not client.session.keys()


# Links that are over


def spend(browser, path):
    form = {"new_password": NEW_PASSWORD, "new_password_again": NEW_PASSWORD}
    return browser.post(path, form, follow=True)


@pytest.mark.django_db
def test_a_spent_link_shows_no_form(client, link, directus):
    address, path = link
    open_link(client, address)
    assert spend(client, path).status_code == 200
    directus.forget_calls()

    page = open_link(Client(), address)

    assert page.status_code == 400
    assert "<form" not in page.text.partition("<main")[2].partition("</main>")[0]
    directus.was_not_asked()


@pytest.mark.django_db
def test_a_link_that_was_refused_stays_good(client, link, directus):
    """A refusal, for instance of a weak password, does not use the link up."""
    address, path = link
    open_link(client, address)
    directus.is_down()
    assert spend(client, path).status_code in {302, 503, 200}
    directus.is_up()

    assert open_link(Client(), address).status_code == 200


@pytest.mark.parametrize("path", ["/verify-email/", "/reset-password/", "/invite/"])
@pytest.mark.django_db
def test_a_link_that_has_ended_shows_no_form(client, directus, path):
    token = make_jwt(time.time() - 10, 5, email="ada@example.com")

    page = open_link(client, f"{path}?token={token}")

    assert page.status_code == 400
    directus.was_not_asked()


@pytest.mark.django_db
def test_strangers_mark_no_link_as_spent(client, directus):
    token = make_jwt(time.time(), 3600, email="ada@example.com")
    open_link(client, f"/reset-password/?token={token}")
    spend(client, "/reset-password/")

    assert not Attempts.objects.filter(key__startswith="spent-links").exists()
