"""Sessions, export and deletion, click by click, with two browsers at once."""

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from .conftest import (
    confirm_address,
    expect_greeting,
    expect_sign_in_page,
    follow,
    sign_in,
    sign_out,
)
from .test_looks import SMALL_PHONE, is_wider_than_the_screen, violations

pytestmark = pytest.mark.browser

PAGES = ("/account/sessions/", "/account/export/", "/account/delete/")
MAIN = "main"


@pytest.fixture
def ada(make_customer):
    return make_customer(first_name="Ada", last_name="Lovelace")


def expect_dashboard(page):
    expect_greeting(page, "Ada Lovelace")


@pytest.fixture
def two_browsers(new_browser, ada):
    """A desktop's and a phone's, both signed in."""
    phone = "Mozilla/5.0 (Android 14; Mobile; rv:130.0) Gecko/130.0 Firefox/130.0"
    browsers = [new_browser(), new_browser(user_agent=phone)]
    for page in browsers:
        sign_in(page, ada.email, ada.password)
        expect_dashboard(page)
    return browsers


def test_one_browser_signs_the_other_out(two_browsers):
    desktop, phone = two_browsers
    desktop.goto("/account/sessions/")
    other = desktop.get_by_role("listitem").filter(has_text="Firefox Mobile on Android")
    expect(other).to_be_visible()

    other.get_by_role("button", name="Sign out").click()

    expect(desktop.get_by_text("Device signed out.")).to_be_visible()
    expect(desktop.get_by_text("You're not signed in anywhere else.")).to_be_visible()
    phone.reload()
    expect_sign_in_page(phone)
    desktop.goto("/")
    expect_dashboard(desktop)


def test_all_others_are_signed_out_with_the_keyboard(two_browsers):
    desktop, phone = two_browsers
    phone.goto("/account/sessions/")
    phone.get_by_role("button", name="Sign out all other devices").focus()
    phone.keyboard.press("Enter")

    expect(phone.get_by_text("Signed out of 1 other device.")).to_be_visible()
    desktop.reload()
    expect_sign_in_page(desktop)


def test_a_new_browser_is_mailed_about_once(mailbox, two_browsers, ada):
    mail = mailbox.wait_for(ada.email, "New sign-in")
    text = mail.get_body(("plain",)).get_content()
    assert "Browser: Firefox Mobile on Android" in text

    _desktop, phone = two_browsers
    sign_out(phone)
    sign_in(phone, ada.email, ada.password)
    expect_dashboard(phone)
    phone.goto("/account/delete/")
    phone.locator("[name=current_password]").fill(ada.password)
    phone.get_by_role("button", name="Delete account").click()
    # Sent later, and there: the other one would have come before.
    mailbox.wait_for(ada.email, "will be deleted")
    assert mailbox.count(ada.email) == 0


def test_the_data_is_downloaded(page, ada):
    sign_in(page, ada.email, ada.password)
    expect_dashboard(page)
    page.goto("/account/export/")

    with page.expect_download() as started:
        page.get_by_role("button", name="Download your data").click()

    file = started.value
    assert re.fullmatch(r"account-[\d-]+\.json", file.suggested_filename)
    held = json.loads(Path(file.path()).read_text())
    assert held["directus"]["email"] == held["site"]["user"]["email"] == ada.email


def test_an_account_is_asked_to_be_deleted_and_kept(two_browsers, ada, mailbox):
    desktop, phone = two_browsers
    phone.goto("/account/delete/")
    phone.locator("[name=current_password]").fill("wrong")
    phone.get_by_role("button", name="Delete account").click()
    wrong = phone.get_by_text("Incorrect password. Try again.")
    expect(wrong.first).to_be_visible()
    phone.locator("[name=current_password]").fill(ada.password)
    phone.keyboard.press("Enter")
    expect(phone.get_by_text("Your account will be deleted")).to_be_visible()
    mailbox.wait_for(ada.email, "will be deleted")
    desktop.reload()
    expect_sign_in_page(desktop)

    sign_in(desktop, ada.email, ada.password)
    expect_dashboard(desktop)
    desktop.get_by_role("button", name="Cancel deletion").click()

    expect(desktop.get_by_text("Deletion cancelled.")).to_be_visible()
    mailbox.wait_for(ada.email, "will not be deleted")


def test_an_account_is_deleted_and_the_address_signs_up_again(site, page, ada, mailbox):
    site.restart_site(ACCOUNT_DELETION_DAYS="0")
    sign_in(page, ada.email, ada.password)
    expect_dashboard(page)
    page.goto("/account/delete/")
    page.locator("[name=current_password]").fill(ada.password)
    page.get_by_role("button", name="Delete account").click()

    expect(page.get_by_text("Your account has been deleted.")).to_be_visible()
    mailbox.wait_for(ada.email, "was deleted")
    assert site.admin.find_user(ada.email) is None
    sign_in(page, ada.email, ada.password)
    expect(page.get_by_text("Incorrect email address or password.")).to_be_visible()

    page.goto("/register/")
    again = {"first_name": "Ada", "last_name": "King"} | vars(ada)
    for name in ("first_name", "last_name", "email", "password"):
        page.locator(f"[name={name}]").fill(again[name])
    follow(page.locator(MAIN).get_by_role("button", name="Create account"))
    page.goto(mailbox.link_for(ada.email, "Confirm your email"))
    confirm_address(page)
    sign_in(page, ada.email, ada.password)
    expect_greeting(page, "Ada King")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_has_a_barrier_or_is_too_wide(new_browser, ada, scheme):
    page = new_browser(color_scheme=scheme, viewport=SMALL_PHONE)
    sign_in(new_browser(), ada.email, ada.password)
    sign_in(page, ada.email, ada.password)
    expect_dashboard(page)
    found = []

    def look():
        found.extend(violations(page))
        if is_wider_than_the_screen(page):
            found.append(f"{page.url} scrolls sideways")

    for path in PAGES:
        page.goto(path)
        look()
    page.get_by_role("button", name="Delete account").click()
    page.locator("[name=current_password]").fill("wrong")
    follow(page.get_by_role("button", name="Delete account"))
    look()
    page.locator("[name=current_password]").fill(ada.password)
    follow(page.get_by_role("button", name="Delete account"))
    expect(page.get_by_text("Your account will be deleted")).to_be_visible()
    look()
    page.goto("/")
    look()

    assert found == []
