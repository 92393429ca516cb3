"""Sessions on a real Directus."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.on_wire.site import Browser, put_into_past

pytestmark = pytest.mark.real
REFRESH = "/auth/refresh"


@pytest.fixture
def ada(make_customer):
    return make_customer(first_name="Ada")


@pytest.fixture
def adas_browser(live_site, ada):
    """A browser in which Ada has signed in."""
    browser = Browser(live_site.ports.site)
    browser.sign_in(ada)
    return browser


@pytest.fixture
def make_stale(live_site):
    """A function that lets the access tokens and the last confirmation be old."""
    database = live_site.site_settings()["DATABASE_URL"]
    return lambda: put_into_past(database, "access_expires_at", "validated_at")


def test_fifty_tabs_that_wake_up_together_refresh_once(
    live_site, adas_browser, make_stale
):
    make_stale()
    before = live_site.mark()

    with ThreadPoolExecutor(50) as pool:
        pages = list(pool.map(lambda _: adas_browser.get("/"), range(50)))

    assert {page.status for page in pages} == {200}
    assert [call.status for call in live_site.calls(before, REFRESH)] == [200]
    for _ in range(3):
        make_stale()
        assert adas_browser.get("/").status == 200
    assert [call.status for call in live_site.calls(before, REFRESH)] == [200] * 4


def test_signing_out_ends_the_session_at_directus(live_site, adas_browser, make_stale):
    make_stale()
    assert adas_browser.get("/").status == 200
    before = live_site.mark()

    assert adas_browser.post("/logout/").status == 302

    # The call of a card on the page before may be logged late.
    calls = [call for call in live_site.calls(before) if "/items/" not in call.path]
    assert [(call.path, call.status) for call in calls] == [("/auth/logout", 204)]


@pytest.mark.parametrize("status", ["suspended", "archived"])
def test_an_inactive_user_is_signed_out(
    live_site, adas_browser, ada, make_stale, status, without_flow
):
    live_site.admin.patch_user(ada.id, status=status)
    make_stale()

    page = adas_browser.get("/")

    assert (page.status, page.location) == (302, "/login/?next=/")


def test_a_suspended_user_is_signed_out_though_the_access_token_lives_on(
    live_site, adas_browser, ada, without_flow
):
    live_site.admin.patch_user(ada.id, status="suspended")
    put_into_past(live_site.site_settings()["DATABASE_URL"], "validated_at")

    assert adas_browser.get("/").location == "/login/?next=/"


def test_a_deleted_user_is_signed_out(live_site, adas_browser, ada, without_flow):
    live_site.admin.delete_user(ada.id)
    put_into_past(live_site.site_settings()["DATABASE_URL"], "validated_at")

    assert adas_browser.get("/").location == "/login/?next=/"
