"""Recent activity, and what "Keep me signed in" keeps when the browser closes."""

import pytest
from playwright.sync_api import expect

from .conftest import expect_greeting, expect_sign_in_page, follow, sign_in
from .test_looks import SMALL_PHONE, is_wider_than_the_screen, violations

pytestmark = pytest.mark.browser


def opened_again(page, new_browser):
    """Close a browser, which drops its session cookies, and open it again."""
    kept = [each for each in page.context.cookies() if each["expires"] != -1]
    page.context.close()
    return new_browser(storage_state={"cookies": kept, "origins": []})


@pytest.mark.parametrize("is_kept", [False, True], ids=["not kept", "kept"])
def test_closing_the_browser_signs_out_unless_the_box_is_ticked(
    new_browser, make_customer, is_kept
):
    customer = make_customer(first_name="Key", last_name="Board")
    page = new_browser()
    page.goto("/login/")
    box = page.get_by_label("Keep me signed in")
    expect(box).not_to_be_checked()
    box.set_checked(is_kept)
    page.locator("[name=email]").fill(customer.email)
    page.locator("[name=password]").fill(customer.password)
    follow(page.get_by_role("button", name="Sign in"))
    expect_greeting(page, "Key Board")

    again = opened_again(page, new_browser)
    again.goto("/")

    if is_kept:
        expect_greeting(again, "Key Board")
    else:
        expect_sign_in_page(again)
        expect(again.get_by_label("Keep me signed in")).not_to_be_checked()


def test_an_event_says_what_to_do(page, make_customer):
    customer = make_customer()
    sign_in(page, customer.email, customer.password)
    page.goto("/account/")
    follow(page.get_by_role("link", name="Recent activity"))

    expect(page.get_by_role("heading", level=2)).to_have_text("Signed in")
    page.get_by_text("Wasn't you?").click()
    follow(page.get_by_role("link", name="Change your password"))

    expect(page.get_by_role("heading", level=1)).to_have_text("Password")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_has_a_barrier(new_browser, make_customer, scheme):
    customer = make_customer()
    page = new_browser(color_scheme=scheme, viewport=SMALL_PHONE)
    sign_in(page, customer.email, customer.password)
    found = []

    for path in ("/account/activity/", "/account/sessions/"):
        page.goto(path)
        for summary in page.locator("summary").all():
            summary.click()
        found += violations(page)
        if is_wider_than_the_screen(page):
            found.append(f"{path} scrolls sideways")

    assert found == []
