"""A forgotten password, reset by the site's own link, on a real Directus."""

import pytest
import requests

from local.processes import wait_until
from local.provider import PROVIDER
from tests.on_wire.site import Browser
from tests.stack import link_in

pytestmark = [pytest.mark.real, pytest.mark.versions]
NEW = "Canary-new-horse-77a1"
PATH = "/reset-password/"


@pytest.fixture(scope="module", autouse=True)
def _by_the_site(live_site):
    with live_site.usual_site(ACCOUNT_MAILS="site"):
        yield


@pytest.fixture
def visitor(live_site):
    return Browser(live_site.ports.site)


def ask(browser, email):
    page = browser.post("/request-reset-password/", email=email)
    assert (page.status, page.location) == (302, "/request-reset-password/done/")
    assert email in browser.get(page.location).text


def open_link(site, browser, link):
    page = browser.get(link.removeprefix(site.site_url))
    assert (page.status, page.location) == (302, PATH)
    return browser.get(PATH)


def choose(browser, password=NEW):
    return browser.post(PATH, new_password=password, new_password_again=password)


def can_sign_in(site, email, password):
    form = {"email": email, "password": password}
    page = Browser(site.ports.site).post("/login/", **form)
    return page.status == 302


def signed_in_at_directus(site, person):
    """Sign in past the site; return a function that tells whether that still holds."""
    form = {"email": person.email, "password": person.password}
    url = f"{site.directus.url}/auth"
    answer = requests.post(f"{url}/login", json=form, timeout=20).json()["data"]
    body = {"refresh_token": answer["refresh_token"]}
    return lambda: requests.post(f"{url}/refresh", json=body, timeout=20).ok


def test_the_walk_through_mail_and_link(live_site, mailbox, make_customer, visitor):
    person = make_customer()
    here = Browser(live_site.ports.site)
    here.sign_in(person)
    elsewhere = signed_in_at_directus(live_site, person)
    mark = live_site.mark()

    ask(visitor, person.email)
    link = link_in(mailbox.wait_for(person.email, "Reset"))
    for method in ("HEAD", "GET", "OPTIONS"):
        requests.request(method, link, timeout=20)
    other = Browser(live_site.ports.site)
    for browser in (visitor, other):
        assert person.email in open_link(live_site, browser, link).text
    page = choose(visitor)

    assert (page.status, page.location) == (302, "/reset-password/done/")
    assert not live_site.calls(mark, "/auth/password/request")
    mailbox.wait_for(person.email, "password was changed")
    assert here.get("/").status == 302
    # Directus 10 ends no session of another application.
    assert elsewhere() is (live_site.directus.version.major == 10)
    assert can_sign_in(live_site, person.email, NEW)
    assert not can_sign_in(live_site, person.email, person.password)
    assert choose(other).status == 400
    assert Browser(live_site.ports.site).get(PATH).status == 400
    written = live_site.site.log.read_text()
    for secret in (NEW, link.partition("token=")[2], person.email):
        assert secret not in written


@pytest.mark.directus(10)
@pytest.mark.usefixtures("without_flow")
def test_the_sites_own_session_is_dead_at_directus_too(
    live_site, mailbox, make_customer, visitor
):
    """Later versions end it themselves, and the Flow may tell the site first."""
    person = make_customer()
    here = Browser(live_site.ports.site)
    here.sign_in(person)
    mark = live_site.mark()

    ask(visitor, person.email)
    open_link(live_site, visitor, mailbox.link_for(person.email, "Reset"))
    choose(visitor)

    assert wait_until(lambda: live_site.calls(mark, "/auth/logout"), seconds=10)


@pytest.mark.parametrize("status", ["unverified", "invited"])
def test_a_reset_confirms_the_address(
    live_site, mailbox, make_customer, visitor, status
):
    person = make_customer(status=status)

    ask(visitor, person.email)
    open_link(live_site, visitor, mailbox.link_for(person.email, "Reset"))

    assert choose(visitor).location == "/reset-password/done/"
    assert can_sign_in(live_site, person.email, NEW)
    assert not can_sign_in(live_site, person.email, person.password)


@pytest.mark.parametrize("status", ["suspended", "archived", None])
def test_no_other_address_gets_a_mail(
    live_site, mailbox, make_customer, visitor, status
):
    email = "unknown@example.com"
    if status:
        email = make_customer(status=status).email
    last = make_customer()

    ask(visitor, email)
    ask(visitor, last.email)

    mailbox.wait_for(last.email, "Reset")
    assert mailbox.count(email) == 0


def test_an_outage_keeps_the_link(live_site, mailbox, make_customer, visitor):
    person = make_customer()
    ask(visitor, person.email)
    open_link(live_site, visitor, mailbox.link_for(person.email, "Reset"))

    live_site.stop_directus()
    assert choose(visitor).status == 503
    live_site.start_directus()

    assert wait_until(lambda: choose(visitor).status == 302, seconds=30)
    assert can_sign_in(live_site, person.email, NEW)


def test_an_account_that_moved_keeps_its_password(
    live_site, mailbox, make_customer, visitor
):
    person = make_customer()
    ask(visitor, person.email)
    open_link(live_site, visitor, mailbox.link_for(person.email, "Reset"))
    moved = f"moved-{person.email}"
    live_site.admin.patch_user(person.id, email=moved)

    assert choose(visitor).status == 400

    assert can_sign_in(live_site, moved, person.password)


def test_staff_get_directus_mail_whose_link_works_here(
    live_site, mailbox, make_customer, visitor
):
    role = live_site.admin.role_id("Administrator")
    person = make_customer(role=role)
    mark = live_site.mark()

    ask(visitor, person.email)
    link = mailbox.link_for(person.email)
    open_link(live_site, visitor, link)

    path = "/auth/password/request"
    assert wait_until(lambda: live_site.calls(mark, path), seconds=10)
    assert choose(visitor).location == "/reset-password/done/"
    assert can_sign_in(live_site, person.email, NEW)
    live_site.admin.delete_user(person.id)


# Without a licence, version 12 has no providers.
@pytest.mark.directus(10, 11)
def test_a_providers_user_is_told_so(live_site, mailbox, make_customer, visitor):
    person = make_customer(provider=PROVIDER, external_identifier=None)

    ask(visitor, person.email)

    mail = mailbox.wait_for(person.email)
    assert "token=" not in mail.as_string()
    assert live_site.admin.get_user(person.id)["status"] == "active"
