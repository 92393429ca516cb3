"""Every page, as people see and reach it: contrast, labels, width, keyboard."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from .conftest import sign_in

pytestmark = pytest.mark.browser

PUBLIC_PAGES = [
    "/login/",
    "/register/",
    "/register/done/",
    "/request-reset-password/",
    "/request-reset-password/done/",
    "/reset-password/?token=a.b.c",
    "/reset-password/done/",
    "/reset-password/unsure/",
    "/verify-email/?token=a.b.c",
    "/verify-email/done/",
    "/verify-email/",
    "/nowhere/",
]
SMALL_PHONE = {"width": 320, "height": 640}


def violations(page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [
        f"{page.url} {rule['id']}: {node['target']}"
        for rule in found
        for node in rule["nodes"]
    ]


def is_wider_than_the_screen(page) -> bool:
    return page.evaluate("document.documentElement.scrollWidth > window.innerWidth")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_public_page_has_a_barrier(new_browser, scheme):
    page = new_browser(color_scheme=scheme, viewport=SMALL_PHONE)
    found = []

    for path in PUBLIC_PAGES:
        page.goto(path)
        found += violations(page)
        if is_wider_than_the_screen(page):
            found.append(f"{path} scrolls sideways")

    assert found == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_form_with_errors_and_the_dashboard_have_no_barrier(
    new_browser, make_customer, scheme
):
    customer = make_customer(first_name="W" * 40, last_name="M" * 40)
    page = new_browser(color_scheme=scheme, viewport=SMALL_PHONE)

    sign_in(page, customer.email, "wrong")
    found = violations(page)
    sign_in(page, customer.email, customer.password)
    expect(page.get_by_role("heading", level=1)).to_contain_text("WWW")
    found += violations(page)

    assert found == []
    assert not is_wider_than_the_screen(page)


def test_errors_are_tied_to_their_fields(page):
    page.goto("/register/")
    page.locator("[name=email]").fill("erika@example.com")
    page.locator("[name=first_name]").fill("Erika")
    page.locator("[name=password]").fill("short")
    page.locator("main form button[type=submit]").click()

    field = page.locator("[name=password]")
    expect(field).to_have_attribute("aria-invalid", "true")
    described_by = (field.get_attribute("aria-describedby") or "").split()
    texts = [page.locator(f"[id='{name}']").inner_text() for name in described_by]
    assert any("Use at least" in text for text in texts)
    assert page.title().startswith("Error:")


def test_sign_in_works_with_the_keyboard_alone(page, make_customer):
    customer = make_customer(first_name="Key", last_name="Board")
    page.goto("/login/")

    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_text("Skip to main content")
    page.locator("[name=email]").focus()
    page.keyboard.type(customer.email)
    page.keyboard.press("Tab")
    page.keyboard.type(customer.password)
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", level=1)).to_have_text("Key Board")


def test_the_password_can_be_shown_and_is_hidden_when_it_is_sent(page):
    page.goto("/login/")
    page.locator("[name=password]").fill("Some secret 123")

    page.get_by_role("button", name="Show password").click()

    expect(page.locator("[name=password]")).to_have_attribute("type", "text")
    page.get_by_role("button", name="Hide password").click()
    expect(page.locator("[name=password]")).to_have_attribute("type", "password")
