"""A sign-up whose link the site mails, on a real Directus."""

import secrets

import pytest
import requests

from accounts.directus import DirectusClient, NewUser, Transport
from tests.on_wire.site import Browser

pytestmark = [pytest.mark.real, pytest.mark.versions]

STRANGERS, OWNERS, NEW = (
    f"{name}-{secrets.token_hex(8)}" for name in ("strangers", "owners", "new")
)
ASKS = "For your security, choose a new password."
CONFIRM = "Confirm your email"


@pytest.fixture
def email():
    return f"n_w-{secrets.token_hex(6)}@example.com"


def sign_up(site, email, password):
    browser = Browser(site.ports.site)
    form = {"email": email, "password": password, "first_name": "N", "last_name": "W"}
    page = browser.post("/register/", **form)
    assert (page.status, page.location) == (302, "/register/done/")
    return browser


def open_link(site, link):
    """Open a mailed link; return the browser, and the text of its page."""
    browser = Browser(site.ports.site)
    path = link.removeprefix(site.site_url)
    assert browser.get(path).status == 302
    page = browser.get("/verify-email/")
    assert page.status == 200
    return browser, page.text


def confirm(browser, **form):
    page = browser.post("/verify-email/", **form)
    assert (page.status, page.location) == (302, "/verify-email/done/")
    assert "You can now sign in." in browser.get(page.location).text


def choose(browser):
    confirm(browser, new_password=NEW, new_password_again=NEW)


def passwords_that_work(site, email):
    """Return the passwords that work, here or at Directus itself."""
    found = []
    for password in (STRANGERS, OWNERS, NEW):
        form = {"email": email, "password": password}
        here = Browser(site.ports.site).post("/login/", **form).status == 302
        there = requests.post(f"{site.directus.url}/auth/login", json=form, timeout=20)
        found += [password] if here or there.status_code == 200 else []
    return found


def record_of(site, email):
    rows = site.admin.call("GET", f"/users?filter[email][_eq]={email}&fields=*")
    assert len(rows) == 1
    return rows[0]


def test_from_the_form_to_the_first_sign_in(live_site, mailbox, email):
    sign_up(live_site, email, OWNERS)
    record = record_of(live_site, email)
    assert (record["status"], record["language"]) == ("unverified", "en-GB")
    assert passwords_that_work(live_site, email) == []

    browser, text = open_link(live_site, mailbox.link_for(email, CONFIRM))
    assert ASKS not in text
    confirm(browser)

    assert passwords_that_work(live_site, email) == [OWNERS]


def test_after_two_sign_ups_the_owner_chooses_the_password(live_site, mailbox, email):
    sign_up(live_site, email, STRANGERS)
    first = mailbox.link_for(email, CONFIRM)
    sign_up(live_site, email, OWNERS)
    link = mailbox.link_for(email, CONFIRM)

    path = first.removeprefix(live_site.site_url)
    late = Browser(live_site.ports.site)
    late.get(path)
    assert late.get("/verify-email/").status == 400
    browser, text = open_link(live_site, link)
    assert ASKS in text
    assert browser.post("/verify-email/").status == 200
    assert passwords_that_work(live_site, email) == []
    choose(browser)

    assert passwords_that_work(live_site, email) == [NEW]


def test_after_a_sign_up_at_directus_itself(live_site, mailbox, email):
    """Its link asks for a password, too."""
    live_site.admin.patch_settings(
        public_registration=True, public_registration_role=live_site.customer_role
    )
    DirectusClient(Transport(live_site.directus.url)).register_user(
        NewUser(email, STRANGERS),
        verification_url=f"{live_site.site_url}/verify-email/",
    )
    live_site.admin.patch_settings(public_registration=False)
    theirs = mailbox.link_for(email, "Verify")
    sign_up(live_site, email, OWNERS)
    ours = mailbox.link_for(email, CONFIRM)

    for link in (ours, theirs):
        browser, text = open_link(live_site, link)
        assert ASKS in text
    choose(browser)

    assert passwords_that_work(live_site, email) == [NEW]


def test_other_letters_and_other_accounts(live_site, mailbox, email, make_customer):
    """The answers to known addresses, in the calls that Directus gets."""
    person = make_customer(email=email.title())
    mark = live_site.mark()

    sign_up(live_site, email, STRANGERS)

    assert "You already have" in str(mailbox.wait_for(email)["Subject"])
    calls = [(call.method, call.status) for call in live_site.calls(mark, "/users")]
    assert calls[-3:] == [("GET", 200), ("GET", 200), ("POST", 400)]
    form = {"email": person.email, "password": person.password}
    assert Browser(live_site.ports.site).post("/login/", **form).status == 302


@pytest.mark.parametrize("status", ["suspended", "archived"])
def test_an_account_that_gets_no_mail(live_site, mailbox, make_customer, status):
    person = make_customer(status=status)

    sign_up(live_site, person.email, STRANGERS)

    assert mailbox.count(person.email) == 0
    assert record_of(live_site, person.email)["status"] == status


def test_a_link_is_sent_again(live_site, mailbox, email):
    browser = sign_up(live_site, email, OWNERS)
    mailbox.link_for(email, CONFIRM)

    assert browser.post("/register/done/").status == 302

    browser, text = open_link(live_site, mailbox.link_for(email, CONFIRM))
    assert ASKS not in text
    confirm(browser)
    assert passwords_that_work(live_site, email) == [OWNERS]


def test_a_suspended_account_is_not_confirmed(live_site, mailbox, email):
    sign_up(live_site, email, OWNERS)
    record = record_of(live_site, email)
    live_site.admin.call("PATCH", f"/users/{record['id']}", {"status": "suspended"})
    browser, _text = open_link(live_site, mailbox.link_for(email, CONFIRM))

    assert browser.post("/verify-email/").status == 400
    assert record_of(live_site, email)["status"] == "suspended"


def test_a_password_that_directus_refuses(live_site, mailbox, email):
    """The site has the policy in mind for a while; Directus alone knows the new one."""
    # One process has it in mind for all, and is started anew after the test.
    live_site.restart_site(WEB_WORKERS="1")
    sign_up(live_site, f"{secrets.token_hex(6)}@example.com", OWNERS)
    live_site.admin.call("PATCH", "/settings", {"auth_password_policy": "/aA1!$/"})
    try:
        sign_up(live_site, email, OWNERS)
        browser, text = open_link(live_site, mailbox.link_for(email, CONFIRM))
        assert ASKS in text
        refused = browser.post(
            "/verify-email/", new_password=NEW, new_password_again=NEW
        )
        assert refused.status == 200
        assert "This password can&#x27;t be used" in refused.text
    finally:
        live_site.admin.call("PATCH", "/settings", {"auth_password_policy": None})
    choose(browser)
    assert passwords_that_work(live_site, email) == [NEW]


FIELDS = {
    "company": {"type": "string", "meta": {"required": True}, "schema": {}},
    "vat": {
        "type": "string",
        "meta": {"interface": "input", "validation": {"vat": {"_regex": "^AT"}}},
        "schema": {},
    },
}


@pytest.fixture
def added_fields(live_site):
    """Fields in Directus that directus_setup opens for sign-ups, and the terms."""
    admin, names = live_site.admin, ",".join(FIELDS)
    rights = admin.call(
        "GET", "/permissions?limit=-1&filter[collection][_eq]=directus_users"
    )
    for name, described in FIELDS.items():
        admin.call("POST", "/fields/directus_users", {"field": name, **described})
    live_site.site.manage(
        "directus_setup",
        "--yes",
        "--env-file",
        str(live_site.state.site_env),
        DIRECTUS_ADMIN_TOKEN=live_site.state.secrets()["admin_token"],
        DIRECTUS_SIGNUP_FIELDS=names,
    )
    terms = "https://www.example.com/terms"
    live_site.restart_site(DIRECTUS_SIGNUP_FIELDS=names, TERMS_URL=terms)
    yield
    for row in rights:
        if row.get("id"):
            path = f"/permissions/{row['id']}"
            admin.call("PATCH", path, {"fields": row["fields"]})
    for name in FIELDS:
        admin.call("DELETE", f"/fields/directus_users/{name}")


@pytest.mark.usefixtures("added_fields")
@pytest.mark.parametrize("vat", ["ATU12345678", "none"])
def test_added_fields(live_site, mailbox, email, vat):
    """A refused value is left out, and the owner chooses a password."""
    browser = Browser(live_site.ports.site)
    form = {"email": email, "password": OWNERS, "first_name": "N", "vat": vat}
    lacking = browser.post("/register/", **form)
    assert "Enter a value." in lacking.text
    assert "Accept the terms of use to continue." in lacking.text
    form |= {"company": "Engines", "terms": "on"}

    assert browser.post("/register/", **form).status == 302

    record = record_of(live_site, email)
    is_refused = vat == "none"
    expected = (None, None) if is_refused else ("Engines", vat)
    assert (record["company"], record["vat"]) == expected
    browser, text = open_link(live_site, mailbox.link_for(email, CONFIRM))
    assert (ASKS in text) == is_refused
    if is_refused:
        confirm(browser, new_password=NEW, new_password_again=NEW, terms="on")
    else:
        confirm(browser)
    assert passwords_that_work(live_site, email) == [NEW if is_refused else OWNERS]
