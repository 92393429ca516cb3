"""A stranger who signed up first never gets in, with mails of a real Directus."""

import secrets
from itertools import islice, product
from string import ascii_lowercase
from time import monotonic, time
from uuid import uuid4

import pytest
import requests

from accounts.directus import DirectusClient, NewUser, Transport
from tests.fake_directus.tokens import make_jwt
from tests.on_wire.site import Browser

pytestmark = [
    pytest.mark.real,
    pytest.mark.versions,
    pytest.mark.usefixtures("directus_mails"),
]

STRANGERS, OWNERS, NEW = (
    f"{name}-{secrets.token_hex(8)}" for name in ("strangers", "owners", "new")
)
VOID = "choose a new password. We've emailed you a link."


@pytest.fixture
def victim():
    return f"v_c_im-{secrets.token_hex(6)}@example.com"


def sign_up(site, email, password):
    form = {"email": email, "password": password, "first_name": "V", "last_name": "T"}
    page = Browser(site.ports.site).post("/register/", **form)
    assert (page.status, page.location) == (302, "/register/done/")


def sign_up_at_directus(site, email, password):
    anonymous(site).register_user(
        NewUser(email, password),
        verification_url=f"{site.site_url}/verify-email/",
    )


def anonymous(site):
    return DirectusClient(Transport(site.directus.url))


def open_link(browser, site, link):
    """Open a mailed link; return the path of its page."""
    path = link.removeprefix(site.site_url)
    assert browser.get(path).status == 302
    return path.partition("?")[0]


def confirm(site, link):
    browser = Browser(site.ports.site)
    page = browser.post(open_link(browser, site, link))
    assert (page.status, page.location) == (302, "/verify-email/done/")
    return browser.get(page.location).text


def choose_password(site, link):
    browser = Browser(site.ports.site)
    path = open_link(browser, site, link)
    page = browser.post(path, new_password=NEW, new_password_again=NEW)
    assert (page.status, page.location) == (302, "/reset-password/done/")


def passwords_that_work(site, email):
    """Return the passwords that work, here or at Directus itself."""
    found = []
    for password in (STRANGERS, OWNERS, NEW):
        form = {"email": email, "password": password}
        here = Browser(site.ports.site).post("/login/", **form).status == 302
        there = requests.post(f"{site.directus.url}/auth/login", json=form, timeout=20)
        found += [password] if here or there.status_code == 200 else []
    return found


def assert_only_the_owner_gets_in(site, mailbox, email):
    assert VOID in confirm(site, mailbox.link_for(email, "Verify"))
    assert passwords_that_work(site, email) == []
    choose_password(site, mailbox.link_for(email, "Reset"))
    assert passwords_that_work(site, email) == [NEW]


def test_the_only_password_typed_here_is_kept(live_site, mailbox, victim):
    sign_up(live_site, victim, OWNERS)

    text = confirm(live_site, mailbox.link_for(victim, "Verify"))

    assert "You can now sign in." in text
    assert passwords_that_work(live_site, victim) == [OWNERS]


@pytest.mark.parametrize(("count", "most"), [(300, ""), (60, "20")])
def test_decoys_hide_no_account(live_site, mailbox, victim, count, most):
    """There are more than Directus gives at once: 100, or QUERY_LIMIT_MAX."""
    if most:
        live_site.restart_directus(QUERY_LIMIT_MAX=most)
    sign_up(live_site, victim, STRANGERS)
    mailbox.wait_for(victim, "Verify")
    made = []
    for some in decoys(victim, count):
        rows = [unverified(email, live_site.customer_role) for email in some]
        live_site.admin.call("POST", "/users?fields=id", rows)
        made += [row["id"] for row in rows]
    sign_up(live_site, victim, OWNERS)

    assert_only_the_owner_gets_in(live_site, mailbox, victim)
    # Or later tests that list all users would have to list these, too.
    live_site.admin.call("DELETE", "/users", made)


def unverified(email, role):
    return {
        "id": str(uuid4()),
        "email": email,
        "status": "unverified",
        "role": role,
    }


def decoys(email, count):
    """Return addresses that contain this one, or look like it in a pattern."""
    letters = islice(product(ascii_lowercase, repeat=2), count)
    return (
        [f"{n}{email}" for n in range(count)],
        [f"{email}.x{n}.com" for n in range(count)],
        ["v{}c{}im".format(*pair) + email.removeprefix("v_c_im") for pair in letters],
    )


def test_a_sign_up_at_directus_itself_comes_first(live_site, mailbox, victim):
    sign_up_at_directus(live_site, victim, STRANGERS)
    mailbox.wait_for(victim, "Verify")
    sign_up(live_site, victim, OWNERS)

    assert_only_the_owner_gets_in(live_site, mailbox, victim)


def test_an_account_from_before_this_site(live_site, mailbox, victim):
    """Its link is opened here, and the address never signed up here."""
    sign_up_at_directus(live_site, victim, STRANGERS)

    assert_only_the_owner_gets_in(live_site, mailbox, victim)


def test_where_letters_are_cased_otherwise(live_site, mailbox, victim):
    sign_up_at_directus(live_site, victim.title(), STRANGERS)
    mailbox.wait_for(victim, "Verify")
    sign_up(live_site, victim, OWNERS)

    assert_only_the_owner_gets_in(live_site, mailbox, victim)


@pytest.mark.parametrize("status", ["unverified", "active"])
def test_a_forged_link_writes_nothing(live_site, make_customer, status):
    person = make_customer(status=status)
    for _ in range(2):
        sign_up(live_site, person.email, STRANGERS)
    mark = live_site.mark()
    browser = Browser(live_site.ports.site)

    path = open_link(browser, live_site, forged(live_site, person.email))
    page = browser.post(path)

    assert page.status == 400
    assert statuses_of(live_site, mark, "/users/invite/accept") == [403]
    # The list of providers is asked for in the background, at any time.
    calls = [call for call in live_site.calls(mark) if call.path != "/auth"]
    assert not [call for call in calls if call.method in {"GET", "PATCH", "DELETE"}]


def statuses_of(site, mark, path):
    """Return the answers of one path, as soon as Directus has logged any."""
    deadline = monotonic() + 10
    found = []
    while not found and monotonic() < deadline:
        found = [call.status for call in site.calls(mark, path)]
    return found


def forged(site, email):
    token = make_jwt(time(), 600, email=email, scope="pending-registration")
    return f"{site.site_url}/verify-email/?token={token}"
