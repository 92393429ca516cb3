"""Our own pages of the admin: keyboard, contrast, labels, width."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from .conftest import sign_in

pytestmark = pytest.mark.browser

SMALL_PHONE = {"width": 320, "height": 640}
# The frame around it is Django's.
OURS = {"include": [["#content"]]}
# Axe would read the style sheets itself, and fails where Django's import others.
OPTIONS = {"preload": False}


@pytest.fixture
def administrator(site, make_customer):
    """An administrator, for one test: each takes a seat of the licence."""
    role = site.admin.role_id("Administrator")
    person = make_customer(role=role, first_name="Root")
    yield person
    site.admin.delete_user(person.id)


@pytest.fixture
def ada(site, make_customer):
    """A customer with a row on the site."""
    person = make_customer(first_name="Ada", last_name="Lovelace" * 4)
    site.site.manage("directus_sync", "--user", person.email)
    return person


def barriers(page) -> list[str]:
    found = Axe().run(page, OURS, OPTIONS).response["violations"]
    violations = [
        f"{page.url} {rule['id']}: {node['target']}"
        for rule in found
        for node in rule["nodes"]
    ]
    if page.evaluate(
        "document.querySelector('#content').scrollWidth > window.innerWidth"
    ):
        violations.append(f"{page.url} scrolls sideways")
    return violations


def open_user(page, person):
    page.goto(f"/admin/accounts/user/?q={person.email}")
    page.locator("#result_list tbody th a").click()
    expect(page.get_by_role("link", name="Sign out everywhere")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [SMALL_PHONE, {"width": 1280, "height": 800}])
def test_the_panel_and_the_question_have_no_barrier(
    new_browser, administrator, ada, scheme, viewport
):
    page = new_browser(color_scheme=scheme, viewport=viewport)
    sign_in(page, administrator.email, administrator.password)

    page.goto("/admin/health/")
    page.get_by_role("button", name="Check now").click()
    expect(page.locator(".findings .finding").first).to_be_visible()
    found = barriers(page)
    open_user(page, ada)
    page.get_by_role("link", name="Suspend in Directus").click()
    expect(page.get_by_role("button", name="Suspend in Directus")).to_be_visible()
    found += barriers(page)

    assert found == []


def test_a_user_is_suspended_with_the_keyboard_alone(
    site, page, new_browser, administrator, ada
):
    adas = new_browser()
    sign_in(adas, ada.email, ada.password)
    expect(adas.get_by_role("heading", level=1)).to_contain_text("Ada")
    sign_in(page, administrator.email, administrator.password)
    open_user(page, ada)

    page.get_by_role("link", name="Suspend in Directus").focus()
    page.keyboard.press("Enter")
    button = page.get_by_role("button", name="Suspend in Directus")
    expect(button).to_be_visible()
    for _ in range(40):
        page.keyboard.press("Tab")
        if button.evaluate("button => button === document.activeElement"):
            break
    page.keyboard.press("Enter")

    expect(page.get_by_text("1 user was suspended.")).to_be_visible()
    expect(page.get_by_role("link", name="Reactivate in Directus")).to_be_visible()
    adas.reload()
    expect(adas).to_have_url(re.compile("/login/"))
    assert site.admin.get_user(ada.id)["status"] == "suspended"


def test_from_the_list_the_question_comes_too(page, administrator, ada):
    sign_in(page, administrator.email, administrator.password)
    page.goto(f"/admin/accounts/user/?q={ada.email}")

    page.locator("#result_list tbody input[type=checkbox]").check()
    page.locator("[name=action]").select_option(label="Sync now")
    page.get_by_role("button", name="Run").or_(
        page.get_by_role("button", name="Go")
    ).click()
    expect(page.get_by_text("Sync this user from Directus?")).to_be_visible()
    page.get_by_role("button", name="Sync now").click()

    expect(page.get_by_text("1 user was synced.")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [SMALL_PHONE, {"width": 1280, "height": 800}])
def test_the_page_to_invite_has_no_barrier(
    new_browser, administrator, person, scheme, viewport
):
    page = new_browser(color_scheme=scheme, viewport=viewport)
    sign_in(page, administrator.email, administrator.password)

    page.goto("/admin/accounts/user/")
    page.get_by_role("link", name="Invite a customer").click()
    send = page.get_by_role("button", name="Send invitation")
    expect(send).to_be_visible()
    found = barriers(page)
    send.click()
    expect(page.get_by_text("Enter an email address.")).to_be_visible()
    found += barriers(page)
    page.get_by_label("Email", exact=False).first.fill(administrator.email)
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Open the user")).to_be_visible()
    found += barriers(page)
    page.get_by_label("Email", exact=False).first.fill(person.email)
    page.get_by_label("Language of the email").select_option(label="日本語")
    page.keyboard.press("Enter")

    expect(page.get_by_text(f"The invitation to {person.email}")).to_be_visible()
    expect(page.get_by_role("link", name="Withdraw invitation")).to_be_visible()
    assert found == []
