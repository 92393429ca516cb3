"""Every page, as people see and reach it: contrast, labels, width, keyboard."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from .conftest import expect_greeting, sign_in

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
    "/invite/unsure/",
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


@pytest.mark.parametrize(
    "looks",
    [
        {"color_scheme": "light"},
        {"color_scheme": "dark"},
        {"forced_colors": "active"},
    ],
    ids=["light", "dark", "forced"],
)
def test_no_public_page_has_a_barrier(new_browser, looks):
    page = new_browser(viewport=SMALL_PHONE, **looks)
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
    page.locator("main .btn-primary[type=submit]").click()

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

    expect_greeting(page, "Key Board")


def test_the_password_can_be_shown_and_is_hidden_when_it_is_sent(page):
    page.goto("/login/")
    page.locator("[name=password]").fill("Some secret 123")

    page.get_by_role("button", name="Show password").click()

    expect(page.locator("[name=password]")).to_have_attribute("type", "text")
    page.get_by_role("button", name="Hide password").click()
    expect(page.locator("[name=password]")).to_have_attribute("type", "password")


# Forms and their results


def test_a_form_that_is_on_its_way_keeps_the_focus_and_is_sent_once(page):
    sent = []
    page.route("**/login/", lambda route: hold(route, sent))
    page.goto("/login/")
    page.locator("[name=email]").fill("ada@example.com")
    page.locator("[name=password]").fill("wrong")
    button = page.locator("main .btn-primary[type=submit]")
    button.focus()

    page.keyboard.press("Enter")
    page.keyboard.press("Enter")

    expect(button).to_have_attribute("aria-disabled", "true")
    expect(button).to_be_focused()
    expect(page.locator("#sending")).to_have_text("Sending…")
    assert len(sent) == 1


def hold(route, sent):
    """Answer a POST with nothing, so that the page stays as it is while it waits."""
    if route.request.method == "POST":
        sent.append(route.request)
        route.fulfill(status=204)
    else:
        route.continue_()


def test_what_was_done_has_the_focus_and_stands_in_the_title(page, make_customer):
    customer = make_customer(first_name="Key", last_name="Board")
    sign_in(page, customer.email, customer.password)
    page.goto("/account/")
    page.locator("[name=first_name]").fill("Keys")
    page.locator("form[action='/account/'] button[type=submit]").click()

    expect(page.locator(".alert-success")).to_be_focused()
    assert page.title().startswith(page.locator(".alert-success").inner_text())


def test_buttons_of_several_passwords_have_names_of_their_own(page, make_customer):
    customer = make_customer()
    sign_in(page, customer.email, customer.password)
    page.goto("/account/password/")

    buttons = page.locator(".password-toggle").all()
    names = {button.get_attribute("aria-label") for button in buttons}

    assert len(names) == len(buttons) == 3


def test_the_account_navigation_can_be_skipped(page, make_customer):
    customer = make_customer()
    sign_in(page, customer.email, customer.password)
    page.goto("/account/password/")

    page.locator("a[href='#page']").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")

    expect(page.locator("[name=current_password]")).to_be_focused()


def test_on_a_phone_the_navigation_is_one_row_with_the_present_page_in_sight(
    new_browser, make_customer
):
    customer = make_customer()
    page = new_browser(viewport={"width": 360, "height": 640})
    sign_in(page, customer.email, customer.password)
    page.goto("/account/delete/")

    assert page.locator(".site-header").bounding_box()["height"] < 72
    assert page.locator(".account-nav").bounding_box()["height"] < 64
    expect(page.locator(".account-nav [aria-current=page]")).to_be_in_viewport(ratio=1)
