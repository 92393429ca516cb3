"""Addresses and passwords in several spellings, on a real Directus."""

import secrets
import unicodedata
from dataclasses import replace

import pytest

from tests.on_wire.site import Browser

pytestmark = pytest.mark.real
TEXT = "\u00c5ngstr\u00f6m caf\u00e9 1815"
DOMAINS = ("b\u00fccher.de", "xn--bcher-kva.de")


@pytest.mark.parametrize("stored", ["NFC", "NFD"])
def test_an_accented_password_signs_in_and_is_proved(live_site, make_customer, stored):
    user = make_customer(password=unicodedata.normalize(stored, TEXT))
    browser = Browser(live_site.ports.site)
    typed = unicodedata.normalize("NFD", TEXT)

    browser.sign_in(replace(user, password=typed))

    page = browser.post("/account/confirm/", current_password=typed)
    assert (page.status, page.location) == (302, "/account/")


@pytest.mark.parametrize("typed", DOMAINS)
@pytest.mark.parametrize("stored", DOMAINS)
def test_an_international_address_signs_in(live_site, make_customer, stored, typed):
    name = secrets.token_hex(6)
    user = make_customer(email=f"{name}@{stored}")
    browser = Browser(live_site.ports.site)

    browser.sign_in(replace(user, email=f"{name}@{typed}"))

    page = browser.post("/account/confirm/", current_password=user.password)
    assert (page.status, page.location) == (302, "/account/")


def test_wrong_accented_passwords_suspend_no_user(live_site, make_customer):
    """Both ways to write them count at Directus: so they do here."""
    user = make_customer()
    wrong = unicodedata.normalize("NFD", TEXT)
    before = live_site.mark()

    for _ in range(4):
        page = Browser(live_site.ports.site).post(
            "/login/", email=user.email, password=wrong
        )
        assert page.status == 200

    calls = live_site.calls(before, "/auth/login")
    assert [call.status for call in calls] == [401] * 8
    Browser(live_site.ports.site).sign_in(user)
