"""The way around the site: header, account menu, overview, and the footer."""

import pytest
from playwright.sync_api import expect

from .conftest import expect_greeting, expect_sign_in_page, follow, open_menu, sign_in
from .test_looks import is_wider_than_the_screen, violations

pytestmark = pytest.mark.browser

PHONE = {"width": 360, "height": 640}
PAGES = [
    "/",
    "/account/overview/",
    "/account/",
    "/account/email/",
    "/account/password/",
    "/account/two-factor/",
    "/account/sessions/",
    "/account/activity/",
    "/account/export/",
    "/account/delete/",
]


@pytest.fixture
def ada(make_customer):
    return make_customer(first_name="Ada", last_name="Lovelace")


@pytest.fixture
def here(page, ada):
    sign_in(page, ada.email, ada.password)
    expect_greeting(page, "Ada Lovelace")
    return page


@pytest.mark.parametrize(
    "looks",
    [
        {"color_scheme": "light"},
        {"color_scheme": "dark"},
        {"color_scheme": "light", "viewport": PHONE},
        {"forced_colors": "active", "viewport": PHONE},
    ],
    ids=["light", "dark", "phone", "forced"],
)
def test_no_page_has_a_barrier(new_browser, ada, looks):
    page = new_browser(**looks)
    sign_in(page, ada.email, ada.password)
    found = []

    for path in PAGES:
        page.goto(path)
        found += violations(page)
        if is_wider_than_the_screen(page):
            found.append(f"{path} scrolls sideways")
    open_menu(page)
    found += violations(page)

    assert found == []
    assert not is_wider_than_the_screen(page)


def test_the_menu_is_walked_with_the_keyboard_and_escape_closes_it(here):
    menu = here.locator("header details")
    menu.locator("summary").focus()
    here.keyboard.press("Enter")

    seen = []
    for _ in range(3):
        here.keyboard.press("Tab")
        seen.append(here.locator(":focus").inner_text())
    assert seen == ["Account", "Security", "Sign out"]
    here.keyboard.press("Escape")

    expect(menu).not_to_have_attribute("open", "")
    expect(menu.locator("summary")).to_be_focused()


def test_the_menu_closes_when_it_is_left(here):
    menu = open_menu(here)
    here.locator("h1").click()
    expect(menu).not_to_have_attribute("open", "")

    menu.locator("summary").focus()
    here.keyboard.press("Enter")
    menu.get_by_role("button", name="Sign out").focus()
    here.keyboard.press("Tab")

    expect(menu).not_to_have_attribute("open", "")


def test_without_javascript_menu_overview_and_language_work(new_browser, ada):
    page = new_browser(java_script_enabled=False, viewport=PHONE)
    sign_in(page, ada.email, ada.password)

    follow(open_menu(page).get_by_role("link", name="Account"))
    follow(page.locator(".overview").get_by_role("link", name="Signed-in devices"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Signed-in devices")
    page.locator("footer select").select_option("de")
    follow(page.locator("footer button"))
    expect(page.locator("html")).to_have_attribute("lang", "de")
    assert page.url.endswith("/account/sessions/")
    follow(open_menu(page).locator("form button"))

    expect(page.locator("html")).to_have_attribute("lang", "de")


def test_a_visitor_chooses_a_language_with_the_keyboard(page):
    page.goto("/login/?next=/account/")
    page.locator("footer select").focus()
    page.keyboard.type("Fran")
    page.keyboard.press("Tab")
    with page.expect_navigation():
        page.keyboard.press("Enter")

    expect(page.locator("html")).to_have_attribute("lang", "fr")
    assert page.url.endswith("/login/?next=/account/")


def test_a_long_wait_is_said_on_the_button(page):
    page.route("**/login/", wait)
    page.goto("/login/")
    page.locator("[name=email]").fill("ada@example.com")
    page.locator("[name=password]").fill("wrong")
    button = page.locator("main .btn-primary[type=submit]")
    button.click(no_wait_after=True)

    expect(button).to_have_text("Sending…")


def wait(route):
    """Answer a POST with nothing, so that the page stays as it is."""
    if route.request.method == "POST":
        route.fulfill(status=204)
    else:
        route.continue_()


def test_a_rule_of_passwords_is_ticked_while_it_is_typed(page):
    page.goto("/register/")
    rule = page.locator("[data-least]")

    page.locator("[name=password]").fill("short")
    expect(rule).not_to_have_class("rule-kept")
    page.locator("[name=password]").fill("long enough for it")
    expect(rule).to_have_class("rule-kept")


def test_signing_out_is_in_the_menu(here):
    follow(open_menu(here).get_by_role("button", name="Sign out"))

    expect_sign_in_page(here)


def test_a_download_is_said_and_sent_once(here):
    here.clock.install()
    here.goto("/account/export/")
    button = here.get_by_role("button", name="Download your data")
    with here.expect_download():
        button.click()

    expect(here.get_by_text("Your download is being prepared.")).to_be_visible()
    expect(button).to_have_attribute("aria-disabled", "true")
    here.clock.fast_forward(15_000)
    expect(button).not_to_have_attribute("aria-disabled", "true")
    expect(here.get_by_text("Your download is being prepared.")).to_be_hidden()
