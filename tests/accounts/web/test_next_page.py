"""The page that a sign-in leads on to: how long, for which requests, after errors."""

import re

import pytest
from django.db import OperationalError
from django.urls import get_resolver

from accounts.models import Session

from ..signed_in import make_old
from ..steps import log_in

pytestmark = pytest.mark.django_db

# Addresses that are longer than a server reads


LONG = [
    "a" * 10_000,
    "a" * 1_990,
    "\u00e9" * 400,
    "\U0001f511" * 170,
    "%" * 700,
    "&" * 700,
    "=+ " * 300,
]


@pytest.mark.parametrize("query", LONG, ids=lambda query: f"{query[0]}-{len(query)}")
def test_a_visitor_is_sent_to_sign_in_without_a_page_whose_address_is_too_long(
    client, query
):
    assert client.get("/account/", {"q": query}).url == "/login/"


@pytest.mark.parametrize("query", LONG, ids=lambda query: f"{query[0]}-{len(query)}")
def test_so_is_a_browser_whose_session_has_ended(
    signed_in_client, directus, ada, query
):
    directus.suspend(ada)
    make_old(signed_in_client, seconds=61)

    assert signed_in_client.get("/account/", {"q": query}).url == "/login/"


@pytest.mark.parametrize("query", LONG, ids=lambda query: f"{query[0]}-{len(query)}")
def test_so_is_a_page_that_wants_the_password_first(signed_in_client, query):
    Session.objects.update(confirmed_at=None)

    response = signed_in_client.get("/account/email/", {"q": query})

    assert response.url == "/account/confirm/"


@pytest.mark.parametrize("query", LONG, ids=lambda query: f"{query[0]}-{len(query)}")
def test_so_is_the_admins_own_door(client, query):
    assert client.get("/admin/login/", {"next": f"/admin/?q={query}"}).url == "/login/"


def test_an_address_that_is_just_short_enough_is_kept(client, ada):
    page = "/account/?q=" + "a" * 1900
    asked = client.get(page)
    form = client.get(asked.url)

    assert f'value="{page}"' in form.text
    assert log_in(client, ada.email, ada.password, data={"next": page}).url == page


# Addresses that are for buttons alone


def addresses():
    for pattern in get_resolver("accounts.urls").url_patterns:
        yield "/" + str(pattern.pattern)


def test_a_button_pressed_too_late_leads_to_its_page(client, directus, ada):
    led = []
    for address in addresses():
        pressed = client.post(address)
        if pressed.status_code != 302 or not pressed.url.startswith("/login/?"):
            continue
        form = client.get(pressed.url)
        page = re.search(r'name="next" value="([^"]*)"', form.text)[1]
        signed_in = log_in(client, ada.email, ada.password, data={"next": page})

        assert signed_in.url == page == address
        assert client.get(page, follow=True).status_code in {200, 404}, address
        client.post("/logout/")
        led.append(address)
    assert {"/account/picture/remove/", "/account/delete/keep/"} <= set(led)
    assert len(led) > 10


# A failure between the sign-in and its answer


@pytest.mark.parametrize(
    "place",
    [
        "accounts.web.known_devices.remember",
        "accounts.flows.sign_in.mail_of_new_device",
        "accounts.views.sign_in.login",
    ],
)
@pytest.mark.parametrize("error", [RuntimeError, OperationalError])
def test_an_error_after_a_right_password_leaves_no_session(
    client, ada, sign_in, directus, monkeypatch, place, error
):
    sign_in(ada)
    client.post("/logout/")
    client.raise_request_exception = False

    def fail(*args, **kwargs):
        if args and args[0] in {"sign_in.refused", "sign_out"}:
            return
        raise error("made up")

    monkeypatch.setattr(place, fail)
    response = log_in(client, ada.email, ada.password)
    monkeypatch.undo()

    assert response.status_code == (503 if error is OperationalError else 500)
    assert not Session.objects.filter(user__isnull=False).exists()
    assert directus.sessions_of(ada) == []
    assert client.get("/account/").url.startswith("/login/")
