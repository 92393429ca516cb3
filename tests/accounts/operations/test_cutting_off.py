"""Commands of operators, beside a real site on a real Directus."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from cryptography.fernet import Fernet

from local.problem import Problem
from tests.on_wire.site import Browser, put_into_past

pytestmark = [pytest.mark.real, pytest.mark.versions]
REFRESH = "/auth/refresh"


@pytest.fixture
def ada(make_customer):
    return make_customer(first_name="Ada")


def signed_in(site, user):
    browser = Browser(site.ports.site)
    browser.sign_in(user)
    return browser


def revoke(site, *args):
    """Run the command; return its output, with any exit code."""
    try:
        return site.site.manage("directus_revoke", *args)
    except Problem:
        # The exit code, which depends on Directus' version: the log has the rest.
        return site.site.log.read_text()


def test_a_user_who_is_cut_off_is_out_at_once(live_site, ada, make_customer):
    bob = make_customer()
    browsers = [signed_in(live_site, ada) for _ in range(2)]
    bobs = signed_in(live_site, bob)
    before = live_site.mark()

    assert "Ended 2 sessions of 1 users" in revoke(live_site, ada.email)

    for browser in browsers:
        assert browser.get("/").location == "/login/?next=/"
    assert bobs.get("/").status == 200
    assert len(live_site.calls(before, "/auth/logout")) == 2
    signed_in(live_site, ada)


def test_all_users_are_cut_off(live_site, ada, make_customer):
    browsers = [signed_in(live_site, user) for user in (ada, make_customer())]

    revoke(live_site, "--all")

    for browser in browsers:
        assert browser.get("/").location == "/login/?next=/"


def rotate(live_site, keys):
    """Encrypt all tokens anew; the site knows both keys, in either order."""
    live_site.site.manage("rotate_token_keys", "--anyway", TOKEN_ENCRYPTION_KEYS=keys)


def test_keys_are_rotated_while_tabs_renew_their_tokens(live_site, make_customer):
    settings = live_site.site_settings()
    old, new = settings["TOKEN_ENCRYPTION_KEYS"], Fernet.generate_key().decode()
    live_site.restart_site(TOKEN_ENCRYPTION_KEYS=f"{new},{old}")
    browsers = [signed_in(live_site, make_customer()) for _ in range(4)]
    statuses = []

    def let_time_pass():
        put_into_past(settings["DATABASE_URL"], "access_expires_at", "validated_at")

    def browse(browser):
        for _ in range(10):
            let_time_pass()
            statuses.append(browser.get("/").status)

    before = live_site.mark()
    with ThreadPoolExecutor(4) as pool:
        tabs = [pool.submit(browse, browser) for browser in browsers]
        keys = [f"{old},{new}", f"{new},{old}"]
        while not all(tab.done() for tab in tabs):
            rotate(live_site, keys[0])
            keys.reverse()
    rotate(live_site, f"{new},{old}")

    assert set(statuses) == {200}
    assert {call.status for call in live_site.calls(before, REFRESH)} == {200}
    live_site.restart_site(TOKEN_ENCRYPTION_KEYS=new)
    let_time_pass()
    assert {browser.get("/").status for browser in browsers} == {200}
