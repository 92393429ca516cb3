"""Recent activity beside the log of a real Directus."""

import re

import pytest
import requests

from tests.on_wire.site import Browser

pytestmark = [pytest.mark.real, pytest.mark.versions]
PATH = "/account/activity/"
ELSEWHERE = "Signed in at another app"


def texts(browser):
    page = browser.get(PATH)
    assert page.status == 200
    return re.findall(r'<h2 id="event-\d+">([^<]*)</h2>', page.text)


@pytest.fixture
def ada(make_customer):
    return make_customer(first_name="Ada")


@pytest.fixture
def here(live_site, ada):
    browser = Browser(live_site.ports.site)
    browser.sign_in(ada)
    return browser


def sign_in_at_directus(site, user):
    answer = requests.post(
        f"{site.directus.url}/auth/login",
        json={"email": user.email, "password": user.password},
        headers={"User-Agent": "Mozilla/5.0 (X11; Linux) Gecko/20100101 Firefox/130.0"},
        timeout=20,
    )
    assert answer.status_code == 200


def test_a_sign_in_at_directus_itself_is_shown(live_site, here, ada):
    sign_in_at_directus(live_site, ada)

    assert sorted(texts(here)) == ["Signed in", ELSEWHERE]
    assert "Firefox on Linux" in here.get(PATH).text


def test_the_sites_own_sign_ins_and_password_checks_are_not(here, ada):
    for path in ("/account/confirm/", "/account/delete/"):
        here.post(path, current_password=ada.password)
    here.post("/account/delete/keep/")

    assert texts(here) == [
        "Account deletion cancelled",
        "Account deletion requested",
        "Signed in",
    ]


def test_a_new_password_is_one_event(here, ada):
    password = "Another secret 1852"
    here.post(
        "/account/password/",
        current_password=ada.password,
        new_password=password,
        new_password_again=password,
    )

    assert texts(here) == ["Password changed", "Signed in"]
