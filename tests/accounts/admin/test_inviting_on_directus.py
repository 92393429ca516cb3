"""Staff invite customers with the site's own mails, on a real Directus."""

import re
import secrets
from types import SimpleNamespace

import pytest

from local.http import Refused
from tests.on_wire.site import Browser
from tests.stack import link_in

pytestmark = [pytest.mark.real, pytest.mark.versions]

PASSWORD = "Correct-horse-battery-1"
# Of the page on which staff invite: the language of the mail.
LANGUAGES = {"de": "de-DE", "ja": "ja-JP"}


@pytest.fixture
def root(live_site, make_customer):
    """A browser of an administrator, for one test: each takes a seat of the licence."""
    person = make_customer(role=live_site.admin.role_id("Administrator"))
    browser = Browser(live_site.ports.site)
    browser.sign_in(person)
    yield browser
    live_site.admin.delete_user(person.id)


@pytest.fixture
def email():
    return f"guest-{secrets.token_hex(6)}@example.com"


def invite(root, email, language="en-gb"):
    """Send the form, and return the page afterwards."""
    page = root.post(
        "/admin/accounts/user/invite/",
        email=email,
        first_name="Gu",
        last_name="Est",
        language=language,
    )
    return root.get(page.location) if page.location else page


def press(root, email, action):
    """Press a button on a user's page, say yes, and return the page afterwards."""
    found = root.get(f"/admin/accounts/user/?q={email}")
    path = re.search(r"/admin/accounts/user/\d+/", found.text)[0]
    page = root.post(f"{path}{action}/", post="yes")
    return root.get(page.location) if page.location else page


def in_directus(live_site, email):
    """Return the users of Directus with an address."""
    path = f"/users?filter[email][_eq]={email}&fields=id,status,language,first_name"
    return live_site.admin.call("GET", path)


def open_invitation(live_site, link):
    """Open a link in a new browser; return it and the page."""
    browser = Browser(live_site.ports.site)
    landing = browser.get(link.removeprefix(live_site.site_url))
    return browser, browser.get(landing.location) if landing.location else landing


def accept(browser, password=PASSWORD):
    return browser.post("/invite/", new_password=password, new_password_again=password)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_customer_is_invited_and_signs_in(live_site, root, mailbox, email, language):
    page = invite(root, email, language)

    assert f"The invitation to {email} is on its way." in page.text
    (user,) = in_directus(live_site, email)
    assert (user["status"], user["first_name"]) == ("invited", "Gu")
    assert user["language"] == LANGUAGES[language]
    message = mailbox.wait_for(email)
    html = message.get_body(("html",)).get_content()
    assert f'lang="{language}"' in html

    link = link_in(message)
    assert link.startswith(f"{live_site.site_url}/invite/?token=")
    browser, form = open_invitation(live_site, link)
    assert email in form.text
    assert in_directus(live_site, email)[0]["status"] == "invited"
    assert accept(browser).location == "/invite/done/"
    assert in_directus(live_site, email)[0]["status"] == "active"
    browser.sign_in(SimpleNamespace(email=email, password=PASSWORD))
    assert "Gu" in browser.get("/").text


def test_an_invitation_works_once(live_site, root, mailbox, email):
    invite(root, email)
    link = mailbox.link_for(email)
    first, _ = open_invitation(live_site, link)
    second, _ = open_invitation(live_site, link)

    accept(first)

    assert accept(second, "Another reader of it, 1815").status == 400
    assert open_invitation(live_site, link)[1].status == 400
    first.sign_in(SimpleNamespace(email=email, password=PASSWORD))


def test_a_password_that_directus_refuses_leaves_the_invitation_good(
    live_site, root, mailbox, email
):
    invite(root, email)
    browser, _ = open_invitation(live_site, mailbox.link_for(email))
    live_site.admin.call("PATCH", "/settings", {"auth_password_policy": "/^never$/"})
    try:
        refused = accept(browser)
    finally:
        live_site.admin.call("PATCH", "/settings", {"auth_password_policy": None})

    assert refused.status == 200
    assert in_directus(live_site, email)[0]["status"] == "invited"
    assert accept(browser).location == "/invite/done/"


def test_the_second_invitation_of_an_address_offers_to_send_it_again(
    live_site, root, mailbox, email
):
    invite(root, email)
    older = mailbox.link_for(email)

    page = invite(root, email.upper())
    assert "Its status is invited." in page.text
    assert len(in_directus(live_site, email)) == 1
    assert (
        "1 invitation was sent again." in press(root, email, "resend-invitation").text
    )

    newer = mailbox.link_for(email)
    assert open_invitation(live_site, older)[1].status == 400
    browser, _ = open_invitation(live_site, newer)
    assert accept(browser).location == "/invite/done/"


def test_a_withdrawn_invitation_is_void(live_site, without_flow, root, mailbox, email):
    invite(root, email)
    browser, _ = open_invitation(live_site, mailbox.link_for(email))

    page = press(root, email, "withdraw-invitation")

    assert "1 invitation was withdrawn." in page.text
    assert in_directus(live_site, email) == []
    assert accept(browser).status == 400
    assert "is on its way" in invite(root, email).text


def test_an_accepted_invitation_is_not_withdrawn(
    live_site, without_flow, root, mailbox, email
):
    invite(root, email)
    browser, _ = open_invitation(live_site, mailbox.link_for(email))
    accept(browser)

    page = press(root, email, "withdraw-invitation")

    assert "No invitation waits for this user." in page.text
    assert in_directus(live_site, email)[0]["status"] == "active"


@pytest.mark.directus(10, 11)
def test_a_guest_whose_role_was_changed_gets_no_password(
    live_site, without_flow, root, mailbox, email
):
    invite(root, email)
    (user,) = in_directus(live_site, email)
    role = live_site.admin.role_id("Administrator")
    live_site.admin.patch_user(user["id"], role=role)
    browser, _ = open_invitation(live_site, mailbox.link_for(email))

    assert accept(browser).status == 400
    assert "another role" in press(root, email, "withdraw-invitation").text
    assert in_directus(live_site, email)[0]["status"] == "invited"
    credentials = {"email": email, "password": PASSWORD}
    with pytest.raises(Refused):
        live_site.admin.call("POST", "/auth/login", credentials)
    live_site.admin.delete_user(user["id"])


def test_invitations_of_directus_work_too(live_site, mailbox, email):
    url = f"{live_site.site_url}/invite/"
    live_site.admin.invite_user(email, live_site.customer_role, url)
    browser, form = open_invitation(live_site, mailbox.link_for(email))

    assert email in form.text
    assert accept(browser).location == "/invite/done/"
    browser.sign_in(SimpleNamespace(email=email, password=PASSWORD))
