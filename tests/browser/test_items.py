"""A form with some twenty types of fields, and the page that shows the row."""

import pytest
from playwright.sync_api import expect

from tests.on_directus.twenty import collections

from .conftest import follow, sign_in
from .test_looks import SMALL_PHONE, is_wider_than_the_screen, violations

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

TYPED = {
    "subject": "Engine",
    "notes": "One\nTwo",
    "reply": "# Heading\n\nText with [a link](https://example.com)\n\n* one\n* two",
    "amount": "7",
    "price": "12.50",
    "meeting": "2026-02-28T23:00:00",
    "words": "one, two",
    "colour": "red",
}


@pytest.fixture(scope="module")
def parts(directus_server):
    with collections(directus_server) as keys:
        call = directus_server.admin.call
        rows = [{"name": f"Part {n:03}", "price": n} for n in range(120)]
        call("POST", "/items/parts", rows)
        yield keys


@pytest.fixture
def site(live_server, settings, directus_server, parts):
    """The site in this process, with the pages of the collection."""
    settings.ROOT_URLCONF = "tests.on_directus.twenty"
    settings.DIRECTUS_URL = directus_server.directus.url
    settings.DIRECTUS_SERVICE_TOKEN = directus_server.service_token
    live_server.site_url = live_server.url
    return live_server


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_form_of_twenty_types_has_no_barrier(
    site, new_browser, make_customer, scheme, tmp_path
):
    customer = make_customer()
    page = new_browser(color_scheme=scheme, viewport=SMALL_PHONE)
    sign_in(page, customer.email, customer.password)
    found = []

    def look(name):
        found.extend(violations(page))
        if is_wider_than_the_screen(page):
            found.append(f"{name} scrolls sideways")
        page.screenshot(path=f"{tmp_path}/{name}.png", full_page=True)

    page.goto("/samples/new/")
    look("new")
    for name, text in TYPED.items():
        page.locator(f"[name={name}]").fill(text)
    page.get_by_label("Search: Part").fill("Boiler")
    page.keyboard.press("Enter")
    expect(page.locator("[name=part]")).to_be_focused()
    expect(page.locator("[name=reply]")).to_have_value(TYPED["reply"])
    page.locator("[name=part]").select_option(index=1)
    follow(page.get_by_role("button", name="Save"))
    expect(page.get_by_text("Begin with #.").first).to_be_visible()
    look("errors")
    page.locator("[name=colour]").fill("#ff0000")
    follow(page.get_by_role("button", name="Save"))
    expect(page.get_by_role("heading", name="Heading")).to_be_visible()
    look("detail")
    page.goto("/samples/")
    look("list")

    assert found == []
