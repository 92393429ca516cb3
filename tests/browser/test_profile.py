"""The profile's page in a browser: names, language, picture, and added fields."""

import re

import pytest
from playwright.sync_api import expect

from accounts.directus import ids
from tests.accounts.samples import HTML, SVG, picture

from .conftest import follow, is_sent_form, sign_in, until
from .test_looks import SMALL_PHONE, is_wider_than_the_screen, violations

pytestmark = pytest.mark.browser

FIELDS = {
    "company": {
        "type": "string",
        "meta": {
            "interface": "input",
            "note": "Where you work.",
            "translations": [{"language": "de-DE", "translation": "Firma"}],
        },
        "schema": {"max_length": 40},
    },
    "about": {"type": "text", "meta": {"interface": "input-multiline"}, "schema": {}},
    "newsletter": {
        "type": "boolean",
        "meta": {"interface": "boolean", "special": ["cast-boolean"]},
        "schema": {"default_value": False},
    },
    "topics": {
        "type": "json",
        "meta": {
            "interface": "select-multiple-checkbox",
            "special": ["cast-json"],
            "options": {
                "choices": [
                    {"text": "Gardens", "value": "gardens"},
                    {"text": "Boats", "value": "boats"},
                ]
            },
        },
        "schema": {},
    },
    "size": {
        "type": "string",
        "meta": {
            "interface": "select-radio",
            "options": {
                "choices": [
                    {"text": "Small", "value": "s"},
                    {"text": "Large", "value": "l"},
                ]
            },
        },
        "schema": {},
    },
    "phone": {
        "type": "string",
        "meta": {
            "interface": "input",
            "validation": {"phone": {"_regex": "^\\+"}},
            "validation_message": "Start with a plus sign.",
        },
        "schema": {},
    },
    "visit_on": {"type": "date", "meta": {"interface": "datetime"}, "schema": {}},
}


@pytest.fixture(scope="module")
def added_fields(site):
    """Fields in Directus, and a site that knows of them."""
    admin = site.admin
    for name, described in FIELDS.items():
        admin.call("POST", "/fields/directus_users", {"field": name, **described})
    names = ",".join(FIELDS)
    rights = admin.call(
        "GET", "/permissions?limit=-1&filter[collection][_eq]=directus_users"
    )
    site.site.manage(
        "directus_setup",
        "--yes",
        "--env-file",
        str(site.state.site_env),
        DIRECTUS_ADMIN_TOKEN=site.state.secrets()["admin_token"],
        DIRECTUS_PROFILE_FIELDS=names,
    )
    with site.usual_site(DIRECTUS_PROFILE_FIELDS=names):
        yield
    for row in rights:
        if row.get("id"):
            path = f"/permissions/{row['id']}"
            admin.call("PATCH", path, {"fields": row["fields"]})
    for name in FIELDS:
        admin.call("DELETE", f"/fields/directus_users/{name}")


@pytest.fixture
def customer(added_fields, make_customer):
    return make_customer(first_name="Ada", last_name="Lovelace")


@pytest.fixture
def row(site, customer):
    """A function that returns what Directus has of the customer."""
    names = ",".join(["first_name", "language", "avatar", *FIELDS])
    return lambda: site.admin.call("GET", f"/users/{customer.id}?fields={names}")


def choose(page, content, name="me.png", mime="image/png"):
    file = {"name": name, "mimeType": mime, "buffer": content}
    page.locator("[name=picture]").set_input_files(file)


def save_picture(page):
    page.get_by_role("button", name="Save photo").click()


def save(page):
    follow(page.get_by_role("button", name="Save", exact=True))


def open_profile(page, customer):
    sign_in(page, customer.email, customer.password)
    page.goto("/account/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Profile")


def test_a_profile_is_changed_with_the_keyboard_alone(page, customer, row):
    open_profile(page, customer)

    page.locator("[name=first_name]").focus()
    page.keyboard.press("Control+A")
    page.keyboard.type("Augusta")
    for _ in range(4):
        page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_attribute("name", "company")
    page.keyboard.type("Engines")
    page.keyboard.press("Enter")

    expect(page.get_by_text("Profile saved.")).to_be_visible()
    expect(page.locator(".account-menu-name")).to_have_text("Augusta Lovelace")
    assert row()["first_name"] == "Augusta"
    assert row()["company"] == "Engines"


def test_every_added_field_is_kept_in_directus(page, customer, row):
    open_profile(page, customer)

    page.locator("[name=about]").fill("One line\nand another")
    page.get_by_label("Newsletter").check()
    page.get_by_label("Boats").check()
    page.get_by_label("Large").check()
    page.get_by_label("Phone").fill("030")
    page.get_by_label("Visit on").fill("2026-12-24")
    save(page)
    expect(page.get_by_text("Start with a plus sign.").first).to_be_visible()
    page.get_by_label("Phone").fill("+4930")
    save(page)

    expect(page.get_by_text("Profile saved.")).to_be_visible()
    kept = row()
    assert kept["about"].split() == ["One", "line", "and", "another"]
    assert kept["newsletter"]
    assert (kept["topics"], kept["size"]) == (["boats"], "l")
    assert (kept["phone"], kept["visit_on"]) == ("+4930", "2026-12-24")


def test_the_next_page_is_in_the_chosen_language_and_time_zone(page, customer, row):
    open_profile(page, customer)

    page.locator("[name=language]").select_option("de")
    page.locator("[name=time_zone]").select_option("Asia/Tokyo")
    save(page)

    expect(page.locator("html")).to_have_attribute("lang", "de")
    expect(page.get_by_label("Firma")).to_be_visible()
    assert row()["language"] == "de-DE"
    page.goto("/account/overview/")
    shown = page.locator("time").first
    expected = page.evaluate(
        "([moment]) => new Date(moment).toLocaleString('de', "
        "{dateStyle: 'long', timeStyle: 'short', timeZone: 'Asia/Tokyo'})",
        [shown.get_attribute("datetime")],
    )
    expect(shown).to_have_text(expected)


def test_a_picture_is_put_replaced_and_removed(page, customer, row, site):
    open_profile(page, customer)

    choose(page, picture("JPEG", (400, 200)), "photo.jpg", "image/jpeg")
    save_picture(page)
    expect(page.get_by_text("Photo saved.")).to_be_visible()
    first = row()["avatar"]
    assert shown_size(page, ".picture-large") == [400, 200]
    choose(page, picture("PNG", (100, 100)))
    save_picture(page)
    expect(page.get_by_text("Photo saved.")).to_be_visible()
    assert shown_size(page, ".picture-large") == [100, 100]
    assert shown_size(page, ".account-menu summary .picture") == [100, 100]
    second = row()["avatar"]
    assert second != first
    page.get_by_role("button", name="Remove photo").click()
    expect(page.get_by_text("Photo removed.")).to_be_visible()

    assert row()["avatar"] is None
    left = f"/files?filter[folder][_eq]={ids.PICTURE_FOLDER}&fields=id,title"
    titles = [file["title"] for file in site.admin.call("GET", left)]
    assert customer.id not in titles


def shown_size(page, selector):
    """Return the size of the picture itself, once it has come."""
    image = page.locator(f"{selector}[src*='/account/picture/']")
    expect(image).to_be_visible()
    return image.evaluate(
        "async image => { await image.decode();"
        " return [image.naturalWidth, image.naturalHeight]; }"
    )


def test_no_other_user_can_open_a_picture(page, new_browser, customer, row, site):
    open_profile(page, customer)
    choose(page, picture())
    save_picture(page)
    expect(page.get_by_text("Photo saved.")).to_be_visible()
    avatar = row()["avatar"]

    stranger = new_browser()
    there = stranger.request.get(f"{site.directus.url}/assets/{avatar}")
    here = stranger.request.get("/account/picture/", max_redirects=0)

    assert there.status == 403
    assert here.status == 302


@pytest.mark.parametrize(
    ("content", "name", "text"),
    [
        (SVG, "me.svg", "Choose a PNG, JPEG or WebP image"),
        (SVG, "me.png", "Choose a PNG, JPEG or WebP image"),
        (HTML, "me.jpg", "Choose a PNG, JPEG or WebP image"),
        (picture("PNG", (300, 300))[:500], "me.png", "This image is damaged"),
    ],
)
def test_what_is_no_picture_is_refused_at_the_field(
    page, customer, row, content, name, text
):
    open_profile(page, customer)

    choose(page, content, name)
    save_picture(page)

    expect(
        page.locator("#error_1_id_picture, .invalid-feedback").first
    ).to_contain_text(text)
    assert page.title().startswith("Error:")
    assert row()["avatar"] is None


def test_a_picture_that_is_too_large_is_not_even_sent(page, customer):
    open_profile(page, customer)

    choose(page, b"\x89PNG" + b"\x00" * 3_000_000)
    save_picture(page)

    field = page.locator("[name=picture]")
    assert "at most" in field.evaluate("field => field.validationMessage")
    expect(page).to_have_url(re.compile("/account/$"))


def test_fifty_megabytes_get_a_page_that_says_so(new_browser, customer, tmp_path):
    page = new_browser(java_script_enabled=False)
    open_profile(page, customer)
    large = tmp_path / "me.png"
    large.write_bytes(b"\x89PNG" + b"\x00" * 50_000_000)

    # By its name: the content would take a minute through the test's own channel.
    page.locator("[name=picture]").set_input_files(large)
    save_picture(page)

    expect(page.get_by_role("heading", level=1)).to_have_text("That's too large")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_has_no_barrier(new_browser, customer, scheme):
    page = new_browser(color_scheme=scheme, viewport=SMALL_PHONE)
    open_profile(page, customer)
    found = violations(page)
    sideways = is_wider_than_the_screen(page)
    choose(page, SVG, "me.svg")
    follow(page.get_by_role("button", name="Save photo"))
    found += violations(page)
    page.goto("/account/")
    page.get_by_label("Phone").fill("030")
    save(page)
    expect(page.get_by_text("Start with a plus sign.").first).to_be_visible()
    found += violations(page)

    assert found == []
    assert not sideways
    assert not is_wider_than_the_screen(page)


def test_while_directus_is_away_what_was_typed_stays(page, customer, site):
    open_profile(page, customer)
    site.stop_directus()

    page.locator("[name=first_name]").fill("Augusta")
    page.get_by_label("Company").fill("Engines")
    save(page)

    expect(page.get_by_role("alert").first).to_be_visible()
    expect(page.locator("[name=first_name]")).to_have_value("Augusta")
    expect(page.get_by_label("Company")).to_have_value("Engines")
    site.start_directus()

    def is_saved():
        with page.expect_response(is_sent_form) as answer:
            save(page)
        return answer.value.status == 302

    until(is_saved)
    expect(page.get_by_text("Profile saved.")).to_be_visible()
