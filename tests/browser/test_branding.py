"""The operator's look in a browser: contrast with several accents, logo, colours."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from local.made_up_look import LINKS, NAME, draw_logos

from .conftest import sign_in
from .test_looks import is_wider_than_the_screen, violations

pytestmark = pytest.mark.browser

ACCENTS = {"yellow": "#ffd400", "red": "#d5001c", "blue": "#0a1f5c"}
PHONE = {"width": 360, "height": 640}
# The frame around them is Django's.
OURS_IN_ADMIN = {"include": [["#header"], ["#footer"]]}


@pytest.fixture(params=ACCENTS)
def accent(request, site, tmp_path):
    """An operator's accent, with which the site runs."""
    colour = ACCENTS[request.param]
    site.restart_site(BRAND_ACCENT=colour, **LINKS, **draw_logos(tmp_path, colour))
    return colour


def colour_of(locator, name="background-color"):
    return locator.evaluate("(one, name) => getComputedStyle(one)[name]", name)


def hexadecimal(text):
    return "#" + "".join(f"{int(part):02x}" for part in re.findall(r"\d+", text)[:3])


def test_every_accent_is_readable_in_all_states(new_browser, make_customer, accent):
    customer = make_customer(first_name="Ada", last_name="Lovelace")
    found = []
    for scheme in ("light", "dark"):
        page = new_browser(color_scheme=scheme, viewport=PHONE)
        page.goto("/login/")
        expect(page.get_by_role("img", name=NAME)).to_be_visible()
        found += violations(page)
        button = page.locator("main .btn-primary")
        if scheme == "light":
            assert hexadecimal(colour_of(button)) == accent
        before = colour_of(button)
        button.hover()
        expect(button).not_to_have_css("background-color", before)
        page.wait_for_timeout(300)
        found += violations(page)
        sign_in(page, customer.email, customer.password)
        page.goto("/account/")
        found += violations(page)
        page.locator(".account-nav a").nth(1).hover()
        found += violations(page)
        assert not is_wider_than_the_screen(page)

    assert found == []


def test_logo_and_icon_follow_the_screen(site, new_browser, tmp_path):
    colour = ACCENTS["blue"]
    site.restart_site(BRAND_ACCENT=colour, **LINKS, **draw_logos(tmp_path, colour))
    for scheme, name in (("light", "/brand/logo."), ("dark", "/brand/logo-dark.")):
        page = new_browser(color_scheme=scheme)
        page.goto("/login/")
        logo = page.locator(".brand-logo")
        assert name in logo.evaluate("image => image.currentSrc")
        assert logo.evaluate("image => image.naturalWidth") > 0
        icon = page.locator("link[rel=icon]").get_attribute("href")
        assert page.request.get(icon).ok


def test_forced_colours_win_over_the_accent(site, new_browser):
    buttons = []
    for colour in ("", ACCENTS["yellow"]):
        site.restart_site(BRAND_ACCENT=colour)
        page = new_browser(forced_colors="active")
        page.goto("/login/")
        buttons.append(colour_of(page.locator("main .btn-primary")))
        assert violations(page) == []

    assert buttons[0] == buttons[1]


def test_the_admin_shows_the_logo_for_its_own_theme(
    site, new_browser, make_customer, tmp_path
):
    colour = ACCENTS["red"]
    site.restart_site(BRAND_ACCENT=colour, **LINKS, **draw_logos(tmp_path, colour))
    root = make_customer(role=site.admin.role_id("Administrator"), first_name="Root")
    try:
        page = new_browser(viewport=PHONE)
        sign_in(page, root.email, root.password)
        page.goto("/admin/")
        found = axe_in_admin(page)
        dark, light = page.locator(".brand-logo").all()
        expect(light).to_be_visible()
        expect(dark).to_be_hidden()
        page.get_by_role("button", name="Toggle theme").click()
        expect(dark).to_be_visible()
        expect(light).to_be_hidden()
        found += axe_in_admin(page)
        assert found == []
        assert not is_wider_than_the_screen(page)
    finally:
        site.admin.delete_user(root.id)


def axe_in_admin(page):
    rules = Axe().run(page, OURS_IN_ADMIN).response["violations"]
    return [
        f"{rule['id']}: {node['target']}" for rule in rules for node in rule["nodes"]
    ]
