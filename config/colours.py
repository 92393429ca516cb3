"""Colours as browsers write them, and whether a text is readable on one (WCAG 2)."""

import re
from dataclasses import dataclass

READABLE = 4.5
WHITE, BLACK = "#ffffff", "#000000"
# Backgrounds of static/site.css on which a link is hardest to read; mails have lighter
# and darker ones.
PAGE, DARK_PAGE = "#e9eeec", "#27302d"
COLOUR = re.compile("#(?:[0-9a-f]{3}|[0-9a-f]{6})", re.IGNORECASE)
STEPS = 50


@dataclass(frozen=True)
class Palette:
    """The colours that follow from an accent, for light or for dark screens.

    Attributes:
        accent, on_accent: a button, and the text on it.
        strong: the button under the pointer.
        link, link_hover: text and lines on the page.
    """

    accent: str
    on_accent: str
    strong: str
    link: str
    link_hover: str


LIGHT = Palette("#1f6b58", WHITE, "#17533f", "#1f6b58", "#17533f")
DARK = Palette("#64ba9e", "#0b201a", "#7ccdb2", "#7ccdb2", "#97dcc5")


def light(accent: str) -> Palette:
    """Return the colours for light screens; links are darkened until readable."""
    return _palette(accent, readable(accent, PAGE, BLACK), BLACK)


def dark(accent: str) -> Palette:
    """Return the colours for dark screens: lighter, until readable as a link."""
    lighter = readable(accent, DARK_PAGE, WHITE)
    return _palette(lighter, lighter, WHITE)


def normal(text: str) -> str:
    """Return a colour as `#rrggbb` in lower case.

    Raises:
        ValueError: it is neither `#rgb` nor `#rrggbb`.
    """
    if not COLOUR.fullmatch(text):
        raise ValueError("not a colour")
    digits = text[1:].lower()
    return "#" + (digits if len(digits) == 6 else "".join(2 * one for one in digits))


def rgb(colour: str) -> tuple[int, int, int]:
    """Return red, green and blue, each from 0 to 255."""
    red, green, blue = bytes.fromhex(colour[1:])
    return red, green, blue


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours, from 1 to 21."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def readable(colour: str, background: str, towards: str) -> str:
    """Return the nearest readable colour on the way to black or white."""
    for step in range(STEPS):
        mixed = mix(colour, towards, step / STEPS)
        if contrast(mixed, background) >= READABLE:
            return mixed
    return towards


def mix(colour: str, other: str, share: float) -> str:
    """Return a colour with a share of another one, from 0 to 1."""
    pairs = zip(rgb(colour), rgb(other), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)


def text_on(colour: str) -> str:
    """Return white or black, whichever is readable on a colour; white if both are."""
    return WHITE if contrast(colour, WHITE) >= READABLE else BLACK


def _palette(accent: str, link: str, link_towards: str) -> Palette:
    on_accent = text_on(accent)
    return Palette(
        accent=accent,
        on_accent=on_accent,
        strong=_pressed(accent, on_accent),
        link=link,
        link_hover=mix(link, link_towards, 0.25),
    )


def _pressed(accent: str, on_accent: str) -> str:
    """Return a button's colour under the pointer: other than before, and readable."""
    shades = (mix(accent, BLACK, 0.2), mix(accent, WHITE, 0.2))
    able = [shade for shade in shades if contrast(shade, on_accent) >= READABLE]
    return max(able, key=lambda shade: contrast(shade, accent))


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(part / 255) for part in rgb(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
