"""The walks with links, on a site for which Directus sends the mails."""

import re

import pytest
from playwright.sync_api import expect

from .conftest import PASSWORD, confirm_address, expect_greeting, follow, sign_in

pytestmark = [
    pytest.mark.browser,
    pytest.mark.versions,
    pytest.mark.usefixtures("directus_mails"),
]


def test_sign_up_confirm_sign_in(page, person, mailbox):
    page.goto("/register/")
    for name in ("first_name", "last_name", "email", "password"):
        page.locator(f"[name={name}]").fill(getattr(person, name))
    follow(page.locator("main").get_by_role("button", name="Create account"))

    page.goto(mailbox.link_for(person.email, "Verify"))
    assert "token" not in page.url
    confirm_address(page)

    expect(page).to_have_url(re.compile("/verify-email/done/$"))
    sign_in(page, person.email, person.password)
    expect_greeting(page, "Erika Example")


def test_a_forgotten_password_is_replaced(page, make_customer, mailbox):
    customer = make_customer(first_name="For", last_name="Getful")
    page.goto("/request-reset-password/")
    page.locator("[name=email]").fill(customer.email)
    follow(page.locator("main").get_by_role("button"))

    page.goto(mailbox.link_for(customer.email, "Password Reset"))
    assert "token" not in page.url
    for name in ("new_password", "new_password_again"):
        page.locator(f"[name={name}]").fill(PASSWORD)
    page.locator("main form").get_by_role("button", name="Change password").click()

    expect(page).to_have_url(re.compile("/reset-password/done/$"))
    sign_in(page, customer.email, PASSWORD)
    expect_greeting(page, "For Getful")
