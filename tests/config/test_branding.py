"""The operator's look: what pages link to, which files are served, what is refused."""

import ast
import logging
import os

import pytest
from django.conf import settings as django_settings
from django.db import OperationalError
from django.urls import reverse

from accounts.core import memory
from config import brand_files
from config.branding import branding
from config.checks import check_branding
from tests.fake_directus import ADMINISTRATOR

from .looks import LINKS, SQUARE_SVG, SVG, picture


@pytest.fixture
def logo(settings, tmp_path):
    """Return a function that writes a logo and names it in the settings."""

    def write(content, setting="BRAND_LOGO", name="logo"):
        path = tmp_path / f"{setting}-{name}"
        path.write_bytes(content)
        setattr(settings, setting, str(path))
        memory.clear()
        return path

    return write


@pytest.fixture
def links(settings):
    """All links of the footer."""
    for name, value in LINKS.items():
        setattr(settings, name, value)


def get(client, address):
    response = client.get(address)
    assert response.status_code == 200
    return response


# Without any of the settings


def test_without_settings_pages_load_nothing_more(client, db):
    page = client.get("/login/").text

    assert "/brand/" not in page
    assert "favicon.svg" in page
    assert "brand-mark" in page
    assert "mailto:" not in page


def test_one_module_reads_the_settings_of_the_look():
    readers = {
        path.name
        for folder in ("accounts", "config", "dashboard")
        for path in (django_settings.BASE_DIR / folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr.startswith("BRAND_")
    }

    assert readers == {"branding.py"}


# Files


@pytest.mark.parametrize(
    ("content", "ending", "content_type", "is_in_mails"),
    [
        (picture("PNG"), "png", "image/png", True),
        (picture("JPEG"), "jpg", "image/jpeg", True),
        (picture("WEBP"), "webp", "image/webp", True),
        (SVG, "svg", "image/svg+xml", False),
        (b"\xef\xbb\xbf" + SVG, "svg", "image/svg+xml", False),
    ],
    ids=["png", "jpeg", "webp", "svg", "svg-bom"],
)
def test_a_logo_is_served_for_a_year_by_its_content(
    client, logo, content, ending, content_type, is_in_mails
):
    logo(content, name="logo.bin")

    address = branding().logo
    response = get(client, address)

    assert address.startswith("/brand/logo.")
    assert address.endswith(f".{ending}")
    assert response.content == content
    assert response["Content-Type"] == content_type
    assert response["Cache-Control"] == "public, max-age=31536000, immutable"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Security-Policy"] == (
        "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    )
    # Or webmail could not show it.
    assert response["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert "Vary" not in response
    assert "Set-Cookie" not in response
    absolute = f"http://testserver{address}"
    assert branding().logo_url == (absolute if is_in_mails else "")


def test_another_content_has_another_address(logo):
    logo(picture(size=(4, 2)))
    first = branding().logo
    logo(picture(size=(5, 2)))

    assert branding().logo != first


def test_an_older_address_shows_the_present_logo_for_a_moment(client, logo):
    logo(picture())

    response = get(client, "/brand/logo.0123456789abcdef.png")

    assert response.content == picture()
    assert response["Cache-Control"] == "public, max-age=300"


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["logo", "logo-dark.0.png", "other.0.css", "..%2Fx"])
def test_other_names_are_not_found(client, logo, name):
    logo(picture())

    assert client.get(f"/brand/{name}").status_code == 404


def test_a_logo_is_read_once(client, logo):
    path = logo(picture())
    address = branding().logo

    path.unlink()

    assert branding().logo == address
    get(client, address)


def test_no_session_is_read_for_a_logo(client, logo):
    """This test may not use the database at all."""
    logo(picture())
    client.cookies["session"] = "a" * 32

    response = get(client, branding().logo)

    assert not response.cookies


def test_a_form_is_not_sent_to_a_logo(client, logo, db):
    logo(picture())

    assert client.post(branding().logo).status_code == 405


# Logos that cannot be shown


def is_a_folder(path):
    path.unlink()
    path.mkdir()


def is_a_pipe(path):
    path.unlink()
    os.mkfifo(path)


def is_a_circle(path):
    path.unlink()
    path.symlink_to(path)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.unlink(),
        is_a_folder,
        is_a_pipe,
        is_a_circle,
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(b"<html><svg></svg></html>"),
        lambda path: path.write_bytes(b"GIF89a" + b"\0" * 40),
        lambda path: path.write_bytes(picture()[:20]),
        lambda path: path.write_bytes(picture() + b"\0" * brand_files.MOST_BYTES),
    ],
)
def test_without_a_usable_logo_pages_have_the_name_and_the_log_a_line(
    client, db, logo, spoil, caplog
):
    path = logo(picture())
    spoil(path)

    pages = [client.get("/login/"), client.get("/login/")]

    assert all(page.status_code == 200 for page in pages)
    assert all("brand-logo" not in page.text for page in pages)
    assert all("brand-mark" in page.text for page in pages)
    assert branding().logo_url == ""
    [line] = [each for each in caplog.records if each.name == "config.branding"]
    assert line.levelno == logging.ERROR
    assert line.getMessage().startswith("BRAND_LOGO ")
    assert str(path) not in line.getMessage()
    [found] = check_branding(None)
    assert found.id == "branding.W002"


def test_a_path_may_be_relative_to_the_project(settings):
    settings.BRAND_LOGO = "static/favicon.svg"

    assert branding().logo.endswith(".svg")


# Pages


def test_the_header_shows_the_logo_by_the_name_of_the_site(client, db, logo):
    logo(SVG)
    page = client.get("/login/").text
    assert f'src="{branding().logo}" alt="Directus site"' in " ".join(page.split())
    assert "<source" not in page

    logo(picture(), "BRAND_LOGO_DARK")
    page = " ".join(client.get("/login/").text.split())
    assert (
        f'media="(prefers-color-scheme: dark)" srcset="{branding().logo_dark}"' in page
    )
    assert "/brand/logo-dark." in branding().logo_dark
    assert "brand-mark" not in page


def test_a_dark_logo_alone_is_no_logo(client, logo):
    logo(picture(), "BRAND_LOGO_DARK")

    assert branding().logo_dark == ""
    assert [found.id for found in check_branding(None)] == ["branding.W001"]


def test_the_accent_comes_in_a_style_sheet(client, db, settings):
    settings.BRAND_ACCENT = "#ffd400"
    page = client.get("/login/").text

    address = branding().style_sheet
    sheet = get(client, address)

    assert page.index("site.css") < page.index(address)
    assert sheet["Content-Type"] == "text/css; charset=utf-8"
    assert "immutable" in sheet["Cache-Control"]
    assert "--accent: #ffd400;" in sheet.text
    assert "--on-accent: #000000;" in sheet.text
    assert "--bs-link-color-rgb: 122, 102, 0;" in sheet.text
    assert sheet.text.count("{") == sheet.text.count("}") == 4
    assert "prefers-color-scheme: dark" in sheet.text


def test_mails_and_pages_have_the_same_colours(settings):
    settings.BRAND_ACCENT = "#1d4ed8"

    look = branding()

    assert (look.accent, look.on_accent, look.link) == ("#1d4ed8", "#ffffff", "#1d4ed8")
    assert look.accent_dark in brand_text(look)
    assert look.on_accent_dark == "#000000"


def brand_text(look):
    return look.files["site"].content.decode()


@pytest.mark.parametrize(
    ("name", "letter"),
    [("Lantern", "L"), ("  «été» ", "É"), ("日本", "日"), ("ßeta", "S"), ("!!", "•")],
)
def test_the_icon_is_a_letter_in_the_accent(client, db, settings, name, letter):
    settings.BRAND_ACCENT, settings.SITE_NAME = "#6d28d9", name

    icon = get(client, branding().icon)

    assert f">{letter}</text>" in icon.text
    assert 'fill="#6d28d9"' in icon.text
    assert icon["Content-Type"] == "image/svg+xml"
    assert f'<link rel="icon" href="{branding().icon}">' in client.get("/login/").text


@pytest.mark.parametrize(
    "content", [SQUARE_SVG, picture(size=(4, 4))], ids=["svg", "png"]
)
def test_a_square_logo_is_the_icon(settings, logo, content):
    settings.BRAND_ACCENT = "#6d28d9"
    logo(content)

    assert branding().icon == branding().logo


@pytest.mark.parametrize(
    "content", [SVG, picture(), picture("JPEG", (4, 4))], ids=["svg", "png", "jpeg"]
)
def test_any_other_logo_is_not(logo, content):
    logo(content)

    assert branding().icon == ""


def test_the_footer_links_to_what_is_set(client, db, links):
    page = client.get("/login/").text

    assert page.count('href="https://www.example.com/"') == 2
    assert "Back to www.example.com" in page
    assert 'href="https://www.example.com/legal?a=1&amp;b=2#terms"' in page
    assert 'href="https://www.example.com/privacy"' in page
    assert 'href="https://www.example.com/imprint"' in page
    assert 'href="mailto:help@example.com"' in page


def test_a_host_is_shown_as_people_read_it(settings):
    settings.HOME_URL = "https://xn--bcher-kva.example/x"

    assert branding().home_host == "bücher.example"


def raising(error):
    def fail(*args, **kwargs):
        raise error

    return fail


@pytest.mark.parametrize("status", [400, 404, 500, 503])
def test_error_pages_have_the_look_without_database_and_directus(
    client, directus, settings, logo, links, monkeypatch, status
):
    """This test may not use the database at all."""
    directus.is_down()
    client.raise_request_exception = False
    settings.BRAND_ACCENT = "#6d28d9"
    logo(SVG)
    fault = ValueError() if status == 500 else OperationalError("away")
    load = "accounts.sessions.store.SessionStore.load"
    monkeypatch.setattr(load, raising(fault))
    if status not in {404, 400}:
        client.cookies["session"] = "a" * 32
    path = {404: "/nowhere/", 400: "/login/"}.get(status, "/")
    host = "evil.example" if status == 400 else "testserver"

    page = client.get(path, headers={"host": host})

    assert page.status_code == status
    assert branding().logo in page.text
    assert branding().style_sheet in page.text
    assert branding().icon in page.text
    assert "Imprint" in page.text
    directus.was_not_asked()


def test_the_admin_has_the_look(client, directus, settings, sign_in, db, logo, links):
    settings.DIRECTUS_STAFF_ROLES = [ADMINISTRATOR]
    settings.DIRECTUS_SUPERUSER_ROLES = [ADMINISTRATOR]
    settings.BRAND_ACCENT = "#6d28d9"
    sign_in(directus.add_user("root@example.com", role=ADMINISTRATOR))
    assert "Directus site" in client.get(reverse("admin:index")).text

    logo(picture())
    page = client.get(reverse("admin:index")).text

    assert branding().logo in page
    assert page.index("admin_site.css") < page.index(branding().style_sheet)
    assert "Terms of use" in page


# Checks


@pytest.mark.parametrize("accent", ["", "#1f6b58", "#0b57d0", "#000000", "#6d28d9"])
def test_a_readable_accent_is_no_finding(settings, accent):
    settings.BRAND_ACCENT = accent

    assert check_branding(None) == []


def test_a_pale_accent_is_told_with_the_ratio_and_a_better_one(settings):
    settings.BRAND_ACCENT = "#ffd400"

    [found] = check_branding(None)

    assert found.id == "branding.W004"
    assert "1.2:1" in found.msg
    assert branding().link in found.hint
    settings.BRAND_ACCENT = branding().link
    assert check_branding(None) == []


def test_a_large_logo_is_told(logo):
    logo(SVG + b" " * 300_000)

    [found] = check_branding(None)

    assert found.id == "branding.W003"
    assert "293 KB" in found.msg
