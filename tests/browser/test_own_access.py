"""The own password and address, invitations, and the password asked again."""

import re

import pytest
from playwright.sync_api import expect

from tests.stack import link_in

from .conftest import expect_sign_in_page, follow, fresh_code, sign_in
from .test_looks import SMALL_PHONE, is_wider_than_the_screen, violations

pytestmark = pytest.mark.browser

NEW_PASSWORD = "Another horse battery 43"
WRONG = "Incorrect email address or password."


def fill(page, **values):
    for name, value in values.items():
        page.locator(f"main form [name={name}]").fill(value)


def send(page):
    follow(page.locator("main form").last.locator("button[type=submit]"))


def change_password(page, current, new=NEW_PASSWORD, **code):
    page.goto("/account/password/")
    fill(
        page,
        current_password=current,
        new_password=new,
        new_password_again=new,
        **code,
    )
    send(page)


def expect_signed_in(page):
    # Going on sooner would stop the form on its way.
    expect(page).not_to_have_url(re.compile("/login/"))
    page.goto("/")
    expect(page.locator("header details")).to_be_visible()


def test_a_new_password_keeps_this_browser_and_ends_the_other(
    site, new_browser, make_customer, mailbox
):
    customer = make_customer()
    here, other = new_browser(), new_browser()
    for page in (here, other):
        sign_in(page, customer.email, customer.password)

    change_password(here, "not the password")
    expect(here.get_by_text("Incorrect password. Try again.").first).to_be_visible()
    change_password(here, customer.password, "short")
    expect(here.get_by_text("Use at least").first).to_be_visible()
    with site.after_message():
        change_password(here, customer.password)
        expect(here.get_by_text("Password changed.")).to_be_visible()

    other.goto("/")
    expect_sign_in_page(other)
    mailbox.wait_for(customer.email, "password was changed")
    site.make_stale("validated_at")
    expect_signed_in(here)
    sign_in(other, customer.email, customer.password)
    expect(other.get_by_text(WRONG)).to_be_visible()
    sign_in(other, customer.email, NEW_PASSWORD)
    expect_signed_in(other)
    change_password(here, NEW_PASSWORD, customer.password)
    expect(here.get_by_text("Password changed.")).to_be_visible()


def test_a_second_factor_is_asked_for_when_the_password_changes(
    site, page, make_customer
):
    customer = make_customer()
    secret = site.admin.enable_second_factor(
        customer.id, customer.email, customer.password
    )
    sign_in(page, customer.email, customer.password)
    fill(page, otp=fresh_code(secret))
    send(page)
    expect_signed_in(page)

    change_password(page, customer.password, otp=fresh_code(secret))

    expect(page.get_by_text("Password changed.")).to_be_visible()
    expect_signed_in(page)


def test_a_new_address_is_confirmed_told_and_signs_in(
    site, new_browser, make_customer, mailbox
):
    customer = make_customer()
    new_email = "new-" + customer.email
    here, other, elsewhere = new_browser(), new_browser(), new_browser()
    for page in (here, other):
        sign_in(page, customer.email, customer.password)

    here.goto("/account/email/")
    fill(here, email=new_email)
    send(here)
    expect(
        here.get_by_text("We've sent a confirmation email to your new address.")
    ).to_be_visible()
    mailbox.wait_for(customer.email, "Request to change your")
    link = link_in(mailbox.wait_for(new_email, "Confirm your new email for"))
    elsewhere.goto(link)
    assert "token" not in elsewhere.url
    expect(elsewhere.get_by_text(new_email)).to_be_visible()
    with site.after_message():
        send(elsewhere)
        expect(elsewhere).to_have_url(re.compile("/account/email/done/$"))

    mailbox.wait_for(customer.email, "email was changed")
    for page in (here, other):
        page.goto("/")
        expect_sign_in_page(page)
    sign_in(here, customer.email, customer.password)
    expect(here.get_by_text(WRONG)).to_be_visible()
    sign_in(here, new_email, customer.password)
    expect_signed_in(here)
    elsewhere.goto(link)
    expect(elsewhere.get_by_role("heading", level=1)).to_have_text(
        re.compile("link is no longer valid")
    )


def test_a_taken_address_looks_the_same(page, make_customer, mailbox):
    customer, other = make_customer(), make_customer()
    sign_in(page, customer.email, customer.password)

    page.goto("/account/email/")
    fill(page, email=other.email)
    send(page)

    expect(
        page.get_by_text("We've sent a confirmation email to your new address.")
    ).to_be_visible()
    letter = mailbox.wait_for(other.email, "You already have an account with")
    assert "token=" not in str(letter)


def test_the_password_is_asked_again_and_leads_back(site, page, make_customer):
    customer = make_customer()
    sign_in(page, customer.email, customer.password)
    expect_signed_in(page)
    site.make_stale("confirmed_at")

    page.goto("/account/email/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Confirm it's you")
    fill(page, current_password="wrong")
    send(page)
    expect(page.get_by_text("Incorrect password. Try again.").first).to_be_visible()
    # With the keyboard alone.
    page.locator("[name=current_password]").focus()
    page.keyboard.type(customer.password)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/account/email/$"))
    site.make_stale("confirmed_at")

    fill(page, email="late@example.com")
    send(page)
    expect(page).to_have_url(re.compile("/account/confirm/"))
    fill(page, current_password=customer.password)
    send(page)
    expect(page).to_have_url(re.compile("/account/email/$"))
    expect(page.get_by_text("Nothing was changed yet.")).to_be_visible()
    expect(page.locator("[name=email]")).to_have_value("late@example.com")


def test_an_invitation_becomes_an_account(site, page, person, mailbox):
    site.admin.invite_user(person.email, site.customer_role, f"{site.site_url}/invite/")
    link = mailbox.link_for(person.email, "invited")

    page.goto(link)
    assert "token" not in page.url
    expect(page.get_by_text(person.email)).to_be_visible()
    fill(page, new_password="short", new_password_again="short")
    send(page)
    expect(page.get_by_text("Use at least").first).to_be_visible()
    fill(page, new_password=NEW_PASSWORD, new_password_again=NEW_PASSWORD)
    send(page)
    expect(page).to_have_url(re.compile("/invite/done/$"))

    page.goto(link)
    expect(page.get_by_text("ask for a new invitation")).to_be_visible()
    sign_in(page, person.email, NEW_PASSWORD)
    expect_signed_in(page)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_has_a_barrier(new_browser, make_customer, scheme):
    customer = make_customer()
    page = new_browser(color_scheme=scheme, viewport=SMALL_PHONE)
    found = []

    def look():
        found.extend(violations(page))
        if is_wider_than_the_screen(page):
            found.append(f"{page.url} scrolls sideways")

    for path in (
        "/invite/?token=a.b.c",
        "/invite/done/",
        "/account/email/confirm/?token=x",
        "/account/email/done/",
    ):
        page.goto(path)
        look()
    send_to = "/invite/?token=a.b.c"
    page.goto(send_to)
    fill(page, new_password=NEW_PASSWORD, new_password_again=NEW_PASSWORD)
    send(page)
    look()
    sign_in(page, customer.email, customer.password)
    expect_signed_in(page)
    for path in (
        "/account/password/",
        "/account/password/unsure/",
        "/account/email/",
        "/account/confirm/",
    ):
        page.goto(path)
        look()
    change_password(page, "wrong", "short")
    look()
    page.goto("/account/email/")
    fill(page, email="waiting-" + customer.email)
    send(page)
    look()

    assert found == []
