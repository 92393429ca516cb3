"""One browser, many requests, two processes: one refresh, and no session ends."""

import http.client
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from local.processes import wait_until
from tests.on_wire.directus import DirectusServer
from tests.on_wire.site import Browser, Site

pytestmark = pytest.mark.alone

REFRESH = "/auth/refresh"


@pytest.fixture(scope="module")
def directus_server():
    with DirectusServer() as server:
        yield server


@pytest.fixture
def directus(directus_server):
    """The Directus of one test, instead of the one in memory."""
    return directus_server.start_again()


@pytest.fixture(scope="module", params=["sqlite", "postgresql", "postgresql+redis"])
def site(request, directus_server, tmp_path_factory):
    """The site with two workers, on each kind of database and cache."""
    names = request.param
    database = request.getfixturevalue("postgres_url") if "post" in names else ""
    cache = request.getfixturevalue("redis_url") if "redis" in names else ""
    folder = tmp_path_factory.mktemp("site")
    directus_server.start_again()
    site = Site(folder, directus_server.url, database, cache)
    # Long enough for a busy machine.
    site.env |= {"DIRECTUS_TOTAL_TIMEOUT": "6", "DIRECTUS_REQUEST_TIMEOUT": "12"}
    with site.serving():
        yield site


@pytest.fixture
def adas_browser(site, directus, ada):
    """A browser in which Ada has signed in."""
    browser = Browser(site.port)
    browser.sign_in(ada)
    directus.forget_calls()
    return browser


def tabs(count, browser, path):
    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(lambda _: browser.get(path), range(count)))


def statuses(pages):
    return {page.status for page in pages}


def test_fifty_requests_that_ask_directus_renew_once(site, adas_browser, directus):
    site.make_stale("access_expires_at")
    directus.takes(0.3, REFRESH, times=50)

    pages = tabs(50, adas_browser, "/profile/")

    assert statuses(pages) == {200}
    assert {page.text for page in pages} == {"ada@example.com"}
    directus.was_asked_once(REFRESH)
    site.make_stale("access_expires_at")
    assert adas_browser.get("/profile/").status == 200
    assert len(directus.calls_to(REFRESH)) == 2


def test_fifty_tabs_after_a_long_pause_renew_once(site, adas_browser, directus):
    site.make_stale("access_expires_at", "validated_at")
    directus.takes(0.3, REFRESH, times=50)

    pages = tabs(50, adas_browser, "/")

    assert statuses(pages) == {200}
    directus.was_asked_once(REFRESH)
    directus.was_asked_once("/users/me")


def test_a_slow_request_that_saves_brings_no_spent_tokens_back(
    site, adas_browser, directus
):
    site.make_stale("access_expires_at")
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(adas_browser.get, "/slow-save/")
        time.sleep(0.4)
        assert adas_browser.get("/profile/").status == 200
        assert slow.result().text == "saved"

    site.make_stale("access_expires_at")

    assert adas_browser.get("/profile/").status == 200
    assert len(directus.calls_to(REFRESH)) == 2


@pytest.mark.parametrize("lost", ["request", "answer"])
def test_a_killed_worker_locks_no_user_out(
    site, adas_browser, directus, directus_server, lost
):
    site.make_stale("access_expires_at", "validated_at")
    directus_server.hold(REFRESH)
    threading.Thread(target=die_with_server, args=(adas_browser,)).start()
    directus_server.wait_until_asked()
    site.kill_workers()
    directus_server.release(drop=lost == "request")

    site.wait()
    site.make_stale("refresh_lease_until", "validation_lease_until")
    page = adas_browser.get("/")

    if lost == "request":
        assert page.status == 200
    else:
        assert (page.status, page.location) == (302, "/login/?next=/")


def die_with_server(browser):
    with pytest.raises((http.client.HTTPException, OSError)):
        browser.get("/")


def test_signing_out_ends_the_session_in_all_processes(
    site, adas_browser, directus, ada
):
    assert statuses(tabs(10, adas_browser, "/")) == {200}
    old = Browser(site.port, dict(adas_browser.cookies))

    assert adas_browser.post("/logout/").status == 302

    assert statuses(tabs(10, old, "/")) == {302}
    assert directus.sessions_of(ada) == []


def test_signing_out_does_not_wait_for_directus_long(site, adas_browser, directus):
    directus.takes(15, "/auth/logout", times=2)
    old = Browser(site.port, dict(adas_browser.cookies))
    began = time.monotonic()

    assert adas_browser.post("/logout/").status == 302

    # Two seconds, and what a busy machine adds.
    assert time.monotonic() - began < 8
    assert old.get("/").status == 302


def test_signing_out_during_a_renewal_stays_out(site, adas_browser, directus, ada):
    site.make_stale("access_expires_at")
    directus.takes(2, REFRESH)
    old = Browser(site.port, dict(adas_browser.cookies))
    with ThreadPoolExecutor(1) as pool:
        renewing = pool.submit(old.get, "/profile/")
        assert wait_until(lambda: directus.calls_to(REFRESH), seconds=10)
        assert adas_browser.post("/logout/").status == 302

        assert renewing.result().location == "/login/?next=/profile/"

    assert directus.sessions_of(ada) == []
