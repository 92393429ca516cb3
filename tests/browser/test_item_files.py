"""Files of rows in a browser: chosen on a phone, shown, replaced and removed."""

import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.accounts.samples import SVG, picture, with_place
from tests.items.documents_on_directus import RealDocuments

from .conftest import follow, sign_in
from .test_looks import SMALL_PHONE, is_wider_than_the_screen, violations

pytestmark = pytest.mark.browser

PHONE = {"width": 360, "height": 740}
PDF = b"%PDF-1.7\n%%EOF\n"
# A folder for pictures of the pages, to look at.
PICTURES = os.environ.get("PICTURES")


@pytest.fixture(scope="module")
def documents(site):
    """The collection, and a site with its pages."""
    found = RealDocuments(site)
    with site.usual_site(DJANGO_SETTINGS_MODULE="tests.items.live_settings"):
        yield found
    found.empty()
    found.close()


@pytest.fixture
def customer(make_customer):
    return make_customer(first_name="Ada")


def choose(page, name, content, file="IMG_0001.JPG", kind="image/jpeg"):
    found = {"name": file, "mimeType": kind, "buffer": content}
    page.locator(f"[name={name}]").set_input_files(found)


def save(page):
    follow(page.get_by_role("button", name="Save"))


def keep(page, name):
    if PICTURES:
        path = Path(PICTURES) / f"{name}.png"
        page.screenshot(path=path, full_page=True)


def open_form(page, customer):
    sign_in(page, customer.email, customer.password)
    page.goto("/documents/new/")
    page.locator("[name=title]").fill("Broken pump")


def test_a_photo_from_a_phone_is_shown_replaced_and_removed(
    new_browser, customer, documents
):
    page = new_browser(viewport=PHONE, is_mobile=True, has_touch=True)
    open_form(page, customer)
    keep(page, "form-new-360")

    choose(page, "photo", with_place())
    choose(page, "paper", PDF, "Bill.pdf", "application/pdf")
    save(page)

    shown = page.locator(".item-picture img")
    expect(shown).to_be_visible()
    expect(shown).to_have_js_property("naturalWidth", 300)
    assert violations(page) == []
    assert not is_wider_than_the_screen(page)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download Paper").click()
    assert download.value.suggested_filename == "Bill.pdf"

    follow_edit(page)
    expect(shown).to_have_js_property("naturalWidth", 64)
    assert violations(page) == []
    assert not is_wider_than_the_screen(page)
    choose(page, "photo", picture("PNG", (800, 400)), "b.png", "image/png")
    save(page)
    expect(shown).to_have_js_property("naturalHeight", 150)

    follow_edit(page)
    page.get_by_label("Remove “Photo”").check()
    save(page)
    expect(shown).to_have_count(0)


def follow_edit(page):
    page.goto(page.url.rstrip("/") + "/edit/")


def test_it_works_without_scripts_and_by_keyboard(new_browser, customer, documents):
    page = new_browser(java_script_enabled=False)
    open_form(page, customer)
    choose(page, "photo", picture())

    page.locator("[name=paper]").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    expect(page.locator(".item-picture img")).to_be_visible()


def test_a_refused_file_is_told_at_its_field(new_browser, customer, documents):
    page = new_browser(viewport=SMALL_PHONE)
    open_form(page, customer)

    choose(page, "photo", SVG, "me.png", "image/png")
    choose(page, "paper", PDF, "Bill.pdf", "application/pdf")
    save(page)

    expect(page.locator(".invalid-feedback").first).to_contain_text("PNG, JPEG, WebP")
    expect(page.locator("[name=title]")).to_have_value("Broken pump")
    expect(page.get_by_text("Choose the file again").first).to_be_visible()
    assert violations(page) == []
    assert not is_wider_than_the_screen(page)


def test_a_file_that_is_too_large_is_not_even_sent(new_browser, customer, documents):
    page = new_browser()
    open_form(page, customer)

    choose(page, "paper", PDF + b"x" * 5_300_000, "big.pdf", "application/pdf")

    text = page.locator("[name=paper]").evaluate("field => field.validationMessage")
    assert text == "Choose a file of at most 5.0\xa0MB."


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_pages_have_no_barrier(new_browser, customer, documents, scheme):
    page = new_browser(color_scheme=scheme)
    open_form(page, customer)
    choose(page, "photo", picture("JPEG", (1600, 1000)))
    choose(page, "paper", PDF, "Bill.pdf", "application/pdf")
    save(page)

    expect(page.locator(".item-picture img")).to_be_visible()
    detail = page.url
    found = violations(page)
    keep(page, f"detail-{scheme}")
    for name, address in (("form", f"{detail}edit/"), ("list", "/documents/")):
        page.goto(address)
        page.wait_for_load_state("networkidle")
        found += violations(page)
        keep(page, f"{name}-{scheme}")
        page.set_viewport_size(PHONE)
        assert not is_wider_than_the_screen(page)
        keep(page, f"{name}-{scheme}-360")
        page.set_viewport_size({"width": 1280, "height": 720})
    assert found == []


@pytest.fixture
def album(documents, customer):
    """The address of a row with lists of files."""
    pk = documents.add_item("documents", owner=customer.id, title="Broken pump")
    photos = [
        documents.add_file(picture("JPEG", size), name, "image/jpeg", title=title)
        for size, name, title in (
            ((1600, 1000), "IMG_0001.jpg", "The pump from the left"),
            ((600, 1400), "IMG_0002.jpg", "The label with the number of the series"),
        )
    ]
    long = "Report_of_the_technician_about_the_broken_pump_in_the_cellar_2026-11-30"
    papers = [
        documents.add_file(PDF * 4000, f"{long}.pdf", "application/pdf"),
        documents.add_file(b"a;b", "Measurements.csv", "text/csv"),
    ]
    documents.link("photos", pk, *photos, papers[0])
    documents.link("records", pk, *papers)
    return f"/documents/{pk}/"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_lists_of_files_have_no_barrier(new_browser, customer, album, scheme):
    page = new_browser(color_scheme=scheme)
    sign_in(page, customer.email, customer.password)
    page.goto(album)
    shown = page.locator(".files img")
    expect(shown).to_have_count(5)
    expect(shown.first).to_have_js_property("naturalWidth", 300)

    found = violations(page)
    keep(page, f"files-{scheme}")
    page.set_viewport_size(PHONE)
    assert not is_wider_than_the_screen(page)
    found += violations(page)
    keep(page, f"files-{scheme}-360")
    page.goto("/documents/")
    expect(page.get_by_text("3 files")).to_be_visible()
    assert not is_wider_than_the_screen(page)
    found += violations(page)
    keep(page, f"files-list-{scheme}-360")
    assert found == []


def test_a_listed_file_is_saved_by_keyboard(new_browser, customer, album):
    page = new_browser()
    sign_in(page, customer.email, customer.password)
    page.goto(album)

    page.get_by_role("link", name="Measurements.csv CSV").focus()
    with page.expect_download() as download:
        page.keyboard.press("Enter")

    assert download.value.suggested_filename == "Measurements.csv"
    page.get_by_role("link", name="The pump from the left").click()
    page.wait_for_url("**/files/photos/*/")
    assert page.evaluate("document.contentType") == "image/jpeg"


def test_the_file_is_no_page_of_the_site(new_browser, customer, documents):
    page = new_browser()
    open_form(page, customer)
    choose(page, "photo", picture())
    save(page)

    page.goto(re.sub(r"/$", "/files/photo/", page.url))

    assert page.evaluate("document.contentType") == "image/webp"
    # A sandbox has an origin of its own.
    assert page.evaluate("window.origin") == "null"
