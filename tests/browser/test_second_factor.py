"""The second factor, click by click, and its pages as people see and reach them."""

import re

import pytest
from playwright.sync_api import expect

from local.admin import demand_second_factor
from tests.contract.real_world import grant_recommended_rule

from .conftest import expect_greeting, follow, fresh_code, sign_in, sign_out
from .test_looks import SMALL_PHONE, is_wider_than_the_screen, violations

pytestmark = [
    pytest.mark.browser,
    pytest.mark.versions,
    # Without a licence, customers may not be given the right: see tests/accounts.
    pytest.mark.directus(10, 11),
]


@pytest.fixture
def customer(make_customer):
    return make_customer(first_name="Two", last_name="Factors")


def press(page, name):
    follow(page.locator("main").get_by_role("button", name=name))


def begin(page, customer):
    """Go as far as the page with the picture; return the key that it shows."""
    page.goto("/account/two-factor/")
    page.locator("[name=current_password]").fill(customer.password)
    press(page, "Set up two-step verification")
    return page.locator("code.secret").inner_text().replace(" ", "")


def enrol(page, customer):
    """Set it up; return the secret and the recovery codes."""
    secret = begin(page, customer)
    page.locator("[name=otp]").fill(fresh_code(secret))
    press(page, "Turn on")
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("recovery"))
    codes = page.locator(".codes code").all_inner_texts()
    return secret, codes


def expect_dashboard(page):
    expect_greeting(page, "Two Factors")


def test_set_up_sign_in_with_a_code_then_lose_the_phone(
    page, new_browser, customer, mailbox
):
    sign_in(page, customer.email, customer.password)
    expect_dashboard(page)
    secret, codes = enrol(page, customer)
    assert len(codes) == 10
    with page.expect_download() as download:
        page.get_by_role("link", name="Download codes").click()
    assert codes[0] in download.value.path().read_text()
    press(page, "I've saved my codes")
    expect(page.get_by_text("You have 10 codes")).to_be_visible()
    mailbox.wait_for(customer.email, "is on")

    sign_out(page)
    sign_in(page, customer.email, customer.password)
    page.locator("[name=otp]").fill(fresh_code(secret))
    press(page, "Sign in")
    expect_dashboard(page)

    other = new_browser()
    sign_in(other, customer.email, customer.password)
    other.get_by_role("link", name="Use a recovery code").click()
    other.locator("[name=recovery_code]").fill("AAAA-AAAA-AAAA-AAAA")
    press(other, "Sign in with recovery code")
    expect(other.get_by_text("That recovery code isn't valid.").first).to_be_visible()
    other.locator("[name=recovery_code]").fill(codes[4].lower())
    press(other, "Sign in with recovery code")
    expect(other.get_by_text("9 are left")).to_be_visible()
    mailbox.wait_for(customer.email, "recovery code was used")
    page.goto("/")
    expect_dashboard(page)
    # The app is lost: the password is enough to set it up for another one.
    other.get_by_role("link", name="Set up again").click()
    other.locator("[name=current_password]").fill(customer.password)
    press(other, "Continue")
    new = other.locator("code.secret").inner_text().replace(" ", "")
    assert new != secret
    other.locator("[name=otp]").fill(fresh_code(new))
    press(other, "Turn on")
    expect(other.locator(".codes code")).to_have_count(10)


def test_it_is_set_up_again_and_turned_off(page, customer):
    sign_in(page, customer.email, customer.password)
    secret, codes = enrol(page, customer)
    press(page, "I've saved my codes")

    page.get_by_role("link", name="Set up again").click()
    page.locator("[name=current_password]").fill(customer.password)
    page.locator("[name=otp]").fill(fresh_code(secret))
    press(page, "Continue")
    new = page.locator("code.secret").inner_text().replace(" ", "")
    page.locator("[name=otp]").fill(fresh_code(new))
    press(page, "Turn on")
    assert not set(codes) & set(page.locator(".codes code").all_inner_texts())
    press(page, "I've saved my codes")

    page.get_by_role("link", name="Turn off").click()
    page.locator("[name=current_password]").fill(customer.password)
    page.locator("[name=otp]").fill(fresh_code(new))
    press(page, "Turn off")
    off = page.get_by_text("Two-step verification is off.", exact=True)
    expect(off).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_of_it_has_a_barrier(new_browser, customer, scheme):
    page = new_browser(color_scheme=scheme, viewport=SMALL_PHONE)
    found = []

    def look(name):
        found.extend(violations(page))
        if is_wider_than_the_screen(page):
            found.append(f"{name} scrolls sideways")

    sign_in(page, customer.email, customer.password)
    page.goto("/account/two-factor/")
    look("off")
    begin(page, customer)
    look("set up")
    page.locator("[name=otp]").fill("000000")
    press(page, "Turn on")
    look("set up, with an error")
    enrol(page, customer)
    look("codes")
    press(page, "I've saved my codes")
    look("on")
    for path in ("again", "off"):
        page.goto(f"/account/two-factor/{path}/")
        look(path)
    sign_out(page)
    sign_in(page, customer.email, customer.password)
    look("code")
    follow(page.get_by_role("link", name="Use a recovery code"))
    look("recovery")

    assert found == []


def test_it_works_with_the_keyboard_alone_and_without_scripts(new_browser, customer):
    page = new_browser(java_script_enabled=False)
    sign_in(page, customer.email, customer.password)
    page.goto("/account/two-factor/")
    page.locator("[name=current_password]").focus()
    page.keyboard.type(customer.password)
    page.keyboard.press("Enter")
    secret = page.locator("code.secret").inner_text().replace(" ", "")
    page.locator("[name=otp]").focus()
    page.keyboard.type(fresh_code(secret))
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Download codes").focus()
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_text("I've saved my codes")
    page.keyboard.press("Enter")

    expect(page.get_by_text("You have 10 codes")).to_be_visible()


def test_a_user_who_must_have_one_gets_no_further_without(page, site, customer):
    take_back = demand_second_factor(site.admin, site.customer_role)
    try:
        sign_in(page, customer.email, customer.password)
        expect(page.get_by_text("Set it up to continue")).to_be_visible()
        page.goto("/account/sessions/")
        expect(page).to_have_url(re.compile("/account/two-factor/$"))
        enrol(page, customer)
        page.goto("/")
        expect_dashboard(page)
    finally:
        take_back()


@pytest.mark.directus(12)
def test_without_a_licence_it_works_once_the_rule_is_granted(
    page, new_browser, site, customer
):
    sign_in(page, customer.email, customer.password)
    page.goto("/account/two-factor/")
    page.locator("[name=current_password]").fill(customer.password)
    press(page, "Set up two-step verification")
    expect(page.get_by_text("You can't change this here")).to_be_visible()
    expect(page.get_by_text("Contact support.")).to_be_visible()
    take_back = grant_recommended_rule(site.admin)
    try:
        _secret, codes = enrol(page, customer)
        other = new_browser()
        sign_in(other, customer.email, customer.password)
        other.get_by_role("link", name="Use a recovery code").click()
        other.locator("[name=recovery_code]").fill(codes[0])
        press(other, "Sign in with recovery code")
        expect(other.get_by_text("9 are left")).to_be_visible()
    finally:
        take_back()
