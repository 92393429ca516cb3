"""The page with both values of a field: by keyboard, for screen readers, on a phone."""

import os
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser.conftest import (  # noqa: F401
    browser_type_launch_args,
    follow,
    sign_in,
)

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
LOOKS = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "phone": {"viewport": {"width": 360, "height": 740}},
    "plain": {"java_script_enabled": False},
}


@pytest.fixture
def open_browser(browser, live_server, service_token, ada):
    """A function that opens a browser in which Ada is signed in."""
    contexts, console = [], []

    def open_browser(**looks):
        contexts.append(browser.new_context(base_url=live_server.url, **looks))
        page = contexts[-1].new_page()
        page.on("console", lambda message: console.append(message.text))
        sign_in(page, ada.email, ada.password)
        return page

    yield open_browser
    for context in contexts:
        context.close()
    assert [text for text in console if "Failed to load" not in text] == []


@pytest.fixture
def row(directus, ada):
    """A ticket of Ada."""
    values = {"subject": "Old", "description": "Text", "number": 7}
    directus.add_item("tickets", owner=ada.id, **values)
    return directus.items_of("tickets")[0]


def typed(page, row):
    """Let the row be changed elsewhere while a form is filled in."""
    page.goto(f"/tickets/{row['id']}/edit/")
    page.get_by_label("Subject").fill("Printer on floor 3 is jammed")
    row.update(subject="Printer jammed again", date_updated="2026-12-01T10:00:00.000Z")


def barriers(page):
    found = Axe().run(page).response["violations"]
    return [
        f"{page.url} {rule['id']}: {node['target']}"
        for rule in found
        for node in rule["nodes"]
    ]


def is_wider_than_the_screen(page):
    return page.evaluate("document.documentElement.scrollWidth > window.innerWidth")


def picture(page, name):
    """Keep a picture for a reviewer in the folder that LOOK_PICTURES names."""
    if folder := os.environ.get("LOOK_PICTURES"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


@pytest.mark.parametrize("look", ["light", "dark", "phone"])
def test_no_page_for_changes_has_a_barrier(open_browser, row, look):
    page = open_browser(**LOOKS[look])
    found = []

    def look_at(name):
        picture(page, f"{name}-{look}")
        found.extend(barriers(page))
        if name != "list" and is_wider_than_the_screen(page):
            found.append(f"{name} scrolls sideways")

    for name in ("", "edit/", "delete/"):
        page.goto(f"/tickets/{row['id']}/{name}")
        look_at(name.strip("/") or "detail")
    typed(page, row)
    follow(page.get_by_role("button", name="Save"))
    look_at("conflict")
    page.goto("/tickets/")
    look_at("list")
    page.get_by_label("Select 7").check()
    follow(page.get_by_role("button", name="Delete selected"))
    look_at("bulk_delete")

    assert found == []


def test_both_values_are_chosen_between_by_keyboard(open_browser, row):
    page = open_browser()
    typed(page, row)
    follow(page.get_by_role("button", name="Save"))

    # What happened comes first, then the choice.
    expect(page.locator("[data-takes-focus]")).to_be_focused()
    page.keyboard.press("Tab")
    group = page.get_by_role("group", name="Subject")
    expect(group.get_by_label("Keep mine Printer on floor 3 is jammed")).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(
        group.get_by_label("Take the newer one Printer jammed again")
    ).to_be_checked()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Tab")
    with page.expect_navigation():
        page.keyboard.press("Enter")

    assert row["subject"] == "Printer on floor 3 is jammed"
    expect(page.get_by_text("Saved.")).to_be_visible()


def test_without_a_script_the_choice_works_too(open_browser, row):
    page = open_browser(**LOOKS["plain"])
    typed(page, row)
    follow(page.get_by_role("button", name="Save"))

    page.get_by_label("Take the newer one").check()
    follow(page.get_by_role("button", name="Save"))

    assert row["subject"] == "Printer jammed again"
    assert page.url.endswith(f"/tickets/{row['id']}/")
