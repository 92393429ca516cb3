"""The list of a collection in a browser, with rows in a real Directus."""

import csv
import io

import pytest
from playwright.sync_api import expect

from tests.items.on_directus import RealShop

from .conftest import follow, sign_in
from .test_looks import SMALL_PHONE, is_wider_than_the_screen, violations

pytestmark = [pytest.mark.browser, pytest.mark.versions]

SUBJECTS = [
    "Broken boat",
    "Boat lost at the pier",
    "Wet garden",
    "100% wool_socks",
    "null",
    "$NOW",
    "=HYPERLINK(1)",
]


@pytest.fixture(scope="module")
def shop(site):
    """A site with the pages of tests/items/shop.py, and its collections."""
    found = RealShop(site)
    with site.usual_site(DJANGO_SETTINGS_MODULE="tests.items.live"):
        yield found
    found.close()


@pytest.fixture
def customer(shop, make_customer):
    """A customer with seven tickets."""
    ada, bob = make_customer(first_name="Ada"), make_customer()
    rows = [
        {
            "owner": ada.id,
            "number": number,
            "subject": subject,
            "status": "open" if number % 2 else "answered",
            "is_urgent": number == 2,
            "due": f"2026-12-{number:02}",
        }
        for number, subject in enumerate(SUBJECTS, 1)
    ]
    other = {"owner": bob.id, "number": 8, "subject": "Boat of Bob", "status": "open"}
    # Several rows come back in another order; each shall have its own time.
    for row in [*rows, other]:
        shop.add_item("tickets", **row)
    yield ada
    shop.empty()


@pytest.fixture
def page(new_browser, customer):
    page = new_browser()
    sign_in(page, customer.email, customer.password)
    return page


def numbers(page, query):
    """Return the numbers of the tickets on a page."""
    page.goto(f"/tickets/?{query}")
    assert page.get_by_text("Boat of Bob").count() == 0
    return [int(text) for text in page.locator("tbody th a").all_inner_texts()]


def test_search_filters_and_order_are_what_directus_makes_of_them(page):
    today = page.evaluate("new Date().toISOString().slice(0, 10)")
    expected = {
        "q=BOAT": [2, 1],
        "q=boat+1": [1],
        "q=3": [3],
        "q=99999999999999999999": [],
        "q=100%25": [4],
        "q=null": [5],
        "q=%24NOW": [6],
        "q=true": [],
        "q=false": [],
        "q=%24CURRENT_USER": [],
        "q=%5C": [],
        "q='": [],
        "q=%00": [7, 6, 5],
        "q=😀": [],
        "status=answered": [6, 4, 2],
        "is_urgent=yes": [2],
        "is_urgent=no&number__max=3": [3, 1],
        "number__min=2&number__max=3": [3, 2],
        "number__max=-2147483647": [],
        "due__from=2026-12-02&due__to=2026-12-03": [3, 2],
        "due__to=1000-01-01": [],
        f"date_created__from={today}&number__max=2": [2, 1],
        f"date_created__to={today}&number__max=2": [2, 1],
        "date_created__to=2020-01-01": [],
        "date_created__from=9000-01-01": [],
        "date_created__to=1000-01-01": [],
        "sort=number": [1, 2, 3],
        "sort=-status&number__max=3": [3, 1, 2],
        "sort=number&page=3": [7],
        "sort=number&page=last": [7],
        "sort=number&page=99": [7],
    }

    assert {query: numbers(page, query) for query in expected} == expected


def test_a_list_is_used_with_the_keyboard_alone(page):
    page.goto("/tickets/")
    page.get_by_role("searchbox").focus()
    page.keyboard.type("boat")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.get_by_text("2 Tickets")).to_be_visible()

    page.get_by_role("columnheader", name="Number").get_by_role("link").focus()
    with page.expect_navigation():
        page.keyboard.press("Enter")
    heading = page.get_by_role("columnheader", name="Number")
    expect(heading).to_have_attribute("aria-sort", "ascending")
    expect(page.get_by_role("searchbox")).to_have_value("boat")

    page.locator("main summary").focus()
    page.keyboard.press("Enter")
    page.locator("[name=status]").select_option("answered")
    follow(page.get_by_role("button", name="Apply filters"))
    expect(page.get_by_text("1 Ticket ")).to_be_visible()

    page.keyboard.press("Tab")
    page.get_by_role("rowheader").get_by_role("link").focus()
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.get_by_text("Boat lost at the pier")).to_be_visible()


def test_the_file_is_what_the_page_shows(page):
    page.goto("/tickets/?q=boat&sort=number")
    with page.expect_download() as started:
        page.get_by_role("link", name="Download as CSV").click()

    text = started.value.path().read_text(encoding="utf-8-sig")
    lines = list(csv.reader(io.StringIO(text)))
    assert [line[:3] for line in lines[1:]] == [
        ["1", "Broken boat", "Open"],
        ["2", "Boat lost at the pier", "Answered"],
    ]
    assert started.value.suggested_filename.startswith("Tickets-")


LOOKS = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "forced": {"forced_colors": "active"},
    "phone": {"viewport": SMALL_PHONE},
    "dark phone": {"viewport": SMALL_PHONE, "color_scheme": "dark"},
}


@pytest.mark.parametrize("looks", LOOKS.values(), ids=LOOKS)
def test_a_list_has_no_barrier(new_browser, customer, looks):
    page = new_browser(**looks)
    sign_in(page, customer.email, customer.password)
    found = []

    for query in (
        "",
        "sort=-subject&page=2",
        "q=nowhere",
        "status=open&number__min=99999999999",
    ):
        page.goto(f"/tickets/?{query}")
        found += violations(page)
        if is_wider_than_the_screen(page):
            found.append(f"{query} scrolls sideways")

    assert found == []


def test_without_rows_there_is_a_button_to_begin(new_browser, shop, make_customer):
    customer = make_customer()
    page = new_browser(viewport=SMALL_PHONE)
    sign_in(page, customer.email, customer.password)
    page.goto("/tickets/")

    assert violations(page) == []
    follow(page.get_by_role("link", name="New entry"))
    assert page.url.endswith("/tickets/new/")
