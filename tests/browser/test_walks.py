"""The walks of a customer, click by click."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

from .conftest import (
    PASSWORD,
    confirm_address,
    expect_greeting,
    expect_sign_in_page,
    follow,
    fresh_code,
    is_sent_form,
    open_menu,
    sign_in,
    sign_out,
    until,
)

pytestmark = [pytest.mark.browser, pytest.mark.versions]

NEW_PASSWORD = "Another horse battery 43"
WRONG = "Incorrect email address or password."


def expect_dashboard(page, name):
    expect(page).to_have_url(re.compile(r"^http://localhost:\d+/$"))
    expect_greeting(page, name)


def sign_up(page, person):
    page.goto("/register/")
    page.locator("[name=first_name]").fill(person.first_name)
    page.locator("[name=last_name]").fill(person.last_name)
    page.locator("[name=email]").fill(person.email)
    page.locator("[name=password]").fill(person.password)
    follow(page.locator("main").get_by_role("button", name="Create account"))


def test_sign_up_confirm_sign_in_look_around_sign_out(page, person, mailbox):
    sign_up(page, person)
    expect(page.get_by_role("heading", level=1)).to_have_text("Check your inbox")

    page.goto(mailbox.link_for(person.email, "Confirm your email"))
    assert "token" not in page.url
    confirm_address(page)
    expect(page).to_have_url(re.compile("/verify-email/done/$"))

    sign_in(page, person.email, person.password)
    expect_dashboard(page, "Erika Example")
    follow(open_menu(page).get_by_role("link", name="Account"))
    expect(page.locator("main").get_by_text(person.email)).to_be_visible()
    expect(page.get_by_text("Customer", exact=True)).to_be_visible()

    sign_out(page)
    expect_sign_in_page(page)
    page.goto("/")
    expect_sign_in_page(page)


def test_the_trap_for_programs_is_out_of_the_way(page):
    page.goto("/register/")
    trap = page.locator("[name=your_website]")

    expect(trap).not_to_be_in_viewport()
    page.locator("[name=first_name]").focus()
    seen = []
    for _ in range(8):
        page.keyboard.press("Tab")
        seen.append(page.evaluate("document.activeElement.name"))
    assert "email" in seen
    assert "your_website" not in seen
    assert not page.evaluate(
        "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    )


def test_after_a_second_sign_up_the_owner_chooses_a_password(page, person, mailbox):
    sign_up(page, person)
    mailbox.wait_for(person.email, "Confirm")
    sign_up(page, person)
    follow(page.get_by_role("button", name="Send again"))
    expect(page.get_by_text("Sent again.")).to_be_visible()
    mailbox.wait_for(person.email, "Confirm")

    page.goto(mailbox.link_for(person.email, "Confirm"))
    page.locator("[name=new_password]").fill(NEW_PASSWORD)
    page.locator("[name=new_password_again]").fill(NEW_PASSWORD)
    confirm_address(page)
    expect(page).to_have_url(re.compile("/verify-email/done/$"))

    sign_in(page, person.email, NEW_PASSWORD)
    expect_dashboard(page, "Erika Example")


def test_an_unconfirmed_account_cannot_sign_in(page, person, mailbox):
    sign_up(page, person)
    mailbox.wait_for(person.email)

    sign_in(page, person.email, person.password)

    expect(page.get_by_text(WRONG)).to_be_visible()


def test_a_used_and_a_broken_link_say_so_and_offer_a_new_one(page, person, mailbox):
    sign_up(page, person)
    link = mailbox.link_for(person.email, "Confirm your email")
    page.goto(link)
    confirm_address(page)

    page.goto(link)
    expect(page.get_by_role("heading", level=1)).to_have_text(
        re.compile("link", re.IGNORECASE)
    )

    page.goto("/verify-email/?token=broken")
    expect(page.get_by_role("heading", level=1)).to_have_text(
        re.compile("link", re.IGNORECASE)
    )
    expect(page.locator("main").get_by_role("link").first).to_be_visible()


def test_a_wrong_password_is_told_and_the_address_kept(page, make_customer):
    customer = make_customer()

    sign_in(page, customer.email, "not the password")

    expect(page.get_by_text(WRONG)).to_be_visible()
    expect(page.locator("[name=email]")).to_have_value(customer.email)
    expect(page.locator("[name=password]")).to_have_value("")


def test_the_second_factor_is_asked_for(page, site, make_customer):
    customer = make_customer(first_name="Two", last_name="Factors")
    secret = site.admin.enable_second_factor(
        customer.id, customer.email, customer.password
    )

    sign_in(page, customer.email, customer.password)
    page.locator("[name=otp]").fill("000000")
    page.locator("main").get_by_role("button", name=re.compile("Sign in")).click()
    expect(page.get_by_text("That code isn't valid").first).to_be_visible()

    page.locator("[name=otp]").fill(fresh_code(secret))
    page.locator("main").get_by_role("button", name=re.compile("Sign in")).click()
    expect_dashboard(page, "Two Factors")


def test_a_forgotten_password_is_replaced_and_other_browsers_are_out(
    page, new_browser, make_customer, mailbox
):
    customer = make_customer(first_name="For", last_name="Getful")
    other = new_browser()
    sign_in(other, customer.email, customer.password)
    expect_dashboard(other, "For Getful")

    page.goto("/login/")
    page.get_by_role("link", name=re.compile("password", re.IGNORECASE)).click()
    page.locator("[name=email]").fill(customer.email)
    follow(page.locator("main").get_by_role("button"))
    page.goto(mailbox.link_for(customer.email, "Reset your"))
    assert "token" not in page.url
    page.locator("[name=new_password]").fill("short")
    page.locator("[name=new_password_again]").fill("short")
    page.locator("main form").get_by_role("button", name="Change password").click()
    expect(page.get_by_text("Use at least").first).to_be_visible()
    page.locator("[name=new_password]").fill(NEW_PASSWORD)
    page.locator("[name=new_password_again]").fill(NEW_PASSWORD)
    page.locator("main form").get_by_role("button", name="Change password").click()
    expect(page).to_have_url(re.compile("/reset-password/done/$"))

    other.goto("/")
    expect_sign_in_page(other)
    sign_in(other, customer.email, customer.password)
    expect(other.get_by_text(WRONG)).to_be_visible()
    sign_in(page, customer.email, NEW_PASSWORD)
    expect_dashboard(page, "For Getful")


def test_a_suspended_user_is_signed_out(page, site, make_customer, without_flow):
    customer = make_customer(first_name="Sus", last_name="Pended")
    sign_in(page, customer.email, customer.password)
    expect_dashboard(page, "Sus Pended")

    site.admin.patch_user(customer.id, status="suspended")
    site.make_stale("validated_at")
    page.goto("/")

    expect_sign_in_page(page)
    expect(page.get_by_text("You've been signed out")).to_be_visible()
    sign_in(page, customer.email, customer.password)
    expect(page.get_by_text(WRONG)).to_be_visible()


def test_the_flow_signs_out_at_once(page, site, make_customer):
    customer = make_customer(first_name="Out", last_name="Soon")
    sign_in(page, customer.email, customer.password)
    expect_dashboard(page, "Out Soon")

    site.admin.patch_user(customer.id, status="suspended")

    def is_out():
        page.goto("/")
        return "/login/" in page.url

    # Far sooner than the site would ask Directus by itself.
    until(is_out)
    expect_sign_in_page(page)
    expect(page.get_by_text("You've been signed out")).to_be_visible()


def test_an_outage_ends_no_session_and_loses_nothing(
    page, new_browser, site, make_customer
):
    customer = make_customer(first_name="Out", last_name="Age")
    visitor = new_browser()
    sign_in(page, customer.email, customer.password)
    expect_dashboard(page, "Out Age")

    site.stop_directus()
    two_minutes_ago = datetime.now(UTC) - timedelta(minutes=2)
    site.make_stale("validated_at", to=f"{two_minutes_ago:%F %T}")
    page.reload()
    expect_dashboard(page, "Out Age")
    sign_in(visitor, customer.email, customer.password)
    expect(visitor.get_by_text("Sign-in isn't available")).to_be_visible()
    expect(visitor.locator("[name=email]")).to_have_value(customer.email)

    site.start_directus()
    until(lambda: signs_in(visitor, customer))
    expect_dashboard(visitor, "Out Age")
    page.reload()
    expect_dashboard(page, "Out Age")


def signs_in(page, customer):
    with page.expect_response(is_sent_form) as answer:
        sign_in(page, customer.email, customer.password)
    return answer.value.status == 302


def test_everything_works_without_javascript(new_browser, person, mailbox):
    page = new_browser(java_script_enabled=False)
    sign_up(page, person)
    page.goto(mailbox.link_for(person.email, "Confirm your email"))
    confirm_address(page)

    sign_in(page, person.email, person.password)

    expect_dashboard(page, "Erika Example")
    assert PASSWORD not in page.url


def test_the_administrator_of_the_demo_reaches_the_admin(page, site):
    kept = site.credentials()

    page.goto("/admin/")
    page.locator("[name=email]").fill(kept["admin_email"])
    page.locator("[name=password]").fill(kept["admin_password"])
    page.get_by_role("button", name="Sign in").click()

    expect(page).to_have_url(re.compile("/admin/$"))
    page.get_by_role("link", name="Users", exact=True).click()
    expect(page.get_by_role("link", name=kept["admin_email"])).to_be_visible()
