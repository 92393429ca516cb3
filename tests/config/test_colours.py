"""Colours: any accent leads to readable buttons and links, light and dark."""

import re

import pytest
from django.conf import settings
from hypothesis import given
from hypothesis import strategies as st

from config import colours
from config.colours import BLACK, DARK_PAGE, PAGE, READABLE, WHITE, contrast

STATIC = settings.BASE_DIR / "static"
accents = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [
        (BLACK, WHITE, 21.0),
        (WHITE, BLACK, 21.0),
        ("#777777", WHITE, 4.48),
        ("#ff0000", WHITE, 4.0),
        ("#ffff00", WHITE, 1.07),
        ("#0b57d0", "#0b57d0", 1.0),
    ],
)
def test_contrast_is_measured_as_wcag_says(one, other, ratio):
    assert contrast(one, other) == pytest.approx(ratio, abs=0.01)


@pytest.mark.parametrize(
    ("text", "found"),
    [("#0B57D0", "#0b57d0"), ("#abc", "#aabbcc"), ("#FFF", "#ffffff")],
)
def test_a_colour_is_written_in_one_way(text, found):
    assert colours.normal(text) == found


@pytest.mark.parametrize(
    "text", ["", "red", "0b57d0", "#12", "#1234", "#12345g", "#0b57d0 ", "#0b57d0;x"]
)
def test_other_texts_are_no_colours(text):
    with pytest.raises(ValueError, match="not a colour"):
        colours.normal(text)


@given(accents)
def test_every_accent_is_readable_everywhere(accent):
    for palette, pages in (
        (colours.light(accent), (PAGE, "#f4f7f5", WHITE)),
        (colours.dark(accent), (DARK_PAGE, "#121816", "#1b2220")),
    ):
        assert contrast(palette.on_accent, palette.accent) >= READABLE
        assert contrast(palette.on_accent, palette.strong) >= READABLE
        assert palette.strong != palette.accent
        for page in pages:
            assert contrast(palette.link, page) >= READABLE
            assert contrast(palette.link_hover, page) >= READABLE


@given(accents)
def test_the_operators_colour_is_kept_where_it_is_readable(accent):
    assert colours.light(accent).accent == accent
    if contrast(accent, PAGE) >= READABLE:
        assert colours.light(accent).link == accent
    if contrast(accent, DARK_PAGE) >= READABLE:
        assert colours.dark(accent).accent == accent


# The style sheets


def properties(path):
    """Return the values of each custom property, in the order of the file."""
    found = {}
    for name, value in re.findall(r"--([\w-]+): ([^;]+);", path.read_text()):
        found.setdefault(name, []).append(value.strip())
    return found


@pytest.mark.parametrize("name", ["site.css", "admin_site.css"])
def test_the_default_colours_are_those_of_the_style_sheets(name):
    found = properties(STATIC / name)
    light, dark = colours.LIGHT, colours.DARK

    for key, values in {
        "accent": [light.accent, dark.accent],
        "accent-strong": [light.strong, dark.strong],
        "on-accent": ["#fff", dark.on_accent],
        "bs-link-color": [light.link, dark.link],
        "bs-link-hover-color": [light.link_hover, dark.link_hover],
    }.items():
        assert list(dict.fromkeys(found[key])) == values, key


def test_the_pages_are_those_of_the_style_sheet():
    found = properties(STATIC / "site.css")

    assert found["bs-secondary-bg"] == [PAGE, DARK_PAGE]


def test_the_default_look_is_readable():
    for palette, page in ((colours.LIGHT, PAGE), (colours.DARK, DARK_PAGE)):
        assert contrast(palette.on_accent, palette.accent) >= READABLE
        assert contrast(palette.link, page) >= READABLE
