"""Actions of staff in the admin, on a real Directus."""

import re
from contextlib import suppress

import pytest

from local.http import Refused
from local.problem import Problem
from tests.on_wire.site import Browser

pytestmark = [pytest.mark.real, pytest.mark.versions]


@pytest.fixture
def root(live_site, make_customer):
    """A browser of an administrator, for one test: each takes a seat of the licence."""
    role = live_site.admin.role_id("Administrator")
    person = make_customer(role=role)
    browser = Browser(live_site.ports.site)
    browser.sign_in(person)
    browser.person = person
    yield browser
    live_site.admin.delete_user(person.id)


@pytest.fixture
def ada(make_customer):
    return make_customer(first_name="Ada")


@pytest.fixture
def adas_browser(live_site, ada):
    browser = Browser(live_site.ports.site)
    browser.sign_in(ada)
    return browser


def press(root, person, action):
    """Press a button on a user's page, say yes, and return the page afterwards."""
    found = root.get(f"/admin/accounts/user/?q={person.email}")
    path = re.search(r"/admin/accounts/user/\d+/", found.text)[0]
    assert root.get(f"{path}{action}/").status == 200
    page = root.post(f"{path}{action}/", post="yes")
    return root.get(page.location) if page.location else page


def refresh(live_site, person):
    """Sign in at Directus itself; return a function that renews those tokens."""
    credentials = {"email": person.email, "password": person.password}
    answer = live_site.admin.call("POST", "/auth/login", credentials)
    body = {"refresh_token": answer["refresh_token"]}
    return lambda: live_site.admin.call("POST", "/auth/refresh", body)


def can_sign_in(live_site, person):
    page = Browser(live_site.ports.site).post(
        "/login/", email=person.email, password=person.password
    )
    return page.status == 302


def test_a_suspended_user_is_out_here_and_at_directus(
    live_site, without_flow, root, ada, adas_browser
):
    renew = refresh(live_site, ada)

    page = press(root, ada, "suspend")

    assert "1 user was suspended." in page.text
    assert "were not ended" not in page.text
    assert live_site.admin.get_user(ada.id)["status"] == "suspended"
    assert adas_browser.get("/").location == "/login/?next=/"
    assert not can_sign_in(live_site, ada)
    with pytest.raises(Refused):
        refresh(live_site, ada)
    with pytest.raises(Refused):
        renew()


def test_a_signed_out_user_is_out_here_and_at_directus(
    live_site, root, ada, adas_browser
):
    renew = refresh(live_site, ada)

    page = press(root, ada, "sign-out")

    assert "1 user was signed out." in page.text
    assert adas_browser.get("/").location == "/login/?next=/"
    if "were not ended" in page.text:
        assert "Directus 10 ends them only" in page.text
        assert live_site.directus.version.major == 10
    else:
        with pytest.raises(Refused):
            renew()
    assert can_sign_in(live_site, ada)


def test_a_reactivated_user_can_sign_in_again(live_site, root, ada, adas_browser):
    press(root, ada, "suspend")

    page = press(root, ada, "reactivate")

    assert "1 user was reactivated." in page.text
    assert live_site.admin.get_user(ada.id)["status"] == "active"
    assert can_sign_in(live_site, ada)


@pytest.mark.directus(10, 11)
def test_an_administrator_is_out_of_the_tokens_reach(live_site, root):
    page = press(root, root.person, "sync")
    assert "1 user was synced." in page.text
    other = live_site.admin.create_user(
        f"other-{root.person.email}",
        "Correct-horse-1815",
        role=live_site.admin.role_id("Administrator"),
    )
    live_site.site.manage("directus_sync", "--user", other["email"])

    class Person:
        email = other["email"]

    page = press(root, Person, "suspend")

    live_site.admin.delete_user(other["id"])
    assert "may not change the status of users with the role Administrator" in page.text


def test_a_mail_leads_to_this_site(live_site, root, ada, adas_browser, mailbox):
    page = press(root, ada, "send-password-reset")

    assert "1 password reset email is on its way." in page.text
    link = mailbox.link_for(ada.email, "Reset your")
    assert link.startswith(f"{live_site.site_url}/reset-password/?token=")
    assert can_sign_in(live_site, ada)


def test_a_sync_takes_what_directus_has_now(
    live_site, without_flow, root, ada, adas_browser
):
    live_site.admin.patch_user(ada.id, first_name="Augusta")

    page = press(root, ada, "sync")

    assert "1 user was synced." in page.text
    assert "Augusta" in page.text


def test_the_doctor_looks_in_time(live_site, root):
    page = root.post("/admin/health/")
    page = root.get(page.location)

    seconds = float(re.search(r"in ([\d.]+) seconds", page.text)[1])
    # Shown with -s.
    print(f"the doctor took {seconds} s")
    assert seconds < 8
    assert "There was no time" not in page.text
    assert live_site.service_token not in page.text
    assert live_site.state.secrets()["webhook_secret"] not in page.text


def test_what_the_command_finds_is_shown(live_site, root):
    with suppress(Problem):
        # The exit code: it may have found something.
        live_site.site.manage("directus_doctor")

    page = root.get("/admin/health/")

    assert "directus.reach" in page.text
    assert "Last checked" in page.text
