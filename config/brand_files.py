"""The files of the operator's look, in memory: logos, a style sheet, the tab's icon.

An address contains a digest of its file, so that browsers may keep the file.
"""

import hashlib
import re
import struct
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse

from .colours import Palette, rgb

MOST_BYTES = 2 * 1024 * 1024
PNG = b"\x89PNG\r\n\x1a\n"
# What may stand before the root element: a byte order mark, comments, a doctype.
SVG = re.compile(
    rb"\A(?:\xef\xbb\xbf)?(?:\s+|<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^>]*>)*<svg[\s>]",
    re.DOTALL | re.IGNORECASE,
)
VIEW_BOX = re.compile(
    rb"<svg\b[^>]*?\bviewBox=[\"']\s*\S+[\s,]+\S+[\s,]+([\d.]+)[\s,]+([\d.]+)\s*[\"']"
)
TYPES = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "webp": "image/webp",
    "svg": "image/svg+xml",
    "css": "text/css; charset=utf-8",
}


class UnusableLogo(Exception):
    """A logo cannot be shown; the text says why, after the name of the setting."""


@dataclass(frozen=True)
class BrandFile:
    """A file in memory.

    Attributes:
        stem: the name in its address, without digest and ending.
        kind: the ending of its address; a key of TYPES.
    """

    stem: str
    kind: str
    content: bytes

    @cached_property
    def name(self) -> str:
        """The last part of its address."""
        digest = hashlib.sha256(self.content).hexdigest()[:16]
        return f"{self.stem}.{digest}.{self.kind}"

    @property
    def address(self) -> str:
        """The path on this site."""
        return reverse("brand", args=[self.name])

    @property
    def is_for_mails(self) -> bool:
        """Whether mail programs show it; they show no SVG."""
        return self.kind in {"png", "jpg", "webp"}

    @property
    def is_icon(self) -> bool:
        """Whether it is square, as the icon of a browser tab has to be."""
        if self.kind == "png":
            width, height = struct.unpack(">II", self.content[16:24])
            return width == height
        box = VIEW_BOX.search(self.content) if self.kind == "svg" else None
        return box is not None and box[1] == box[2]


def read_logo(stem: str, path: str) -> BrandFile:
    """Read a logo from disk; its type follows from its content.

    Args:
        path: absolute, or relative to the folder of manage.py.

    Raises:
        UnusableLogo: it cannot be read, or is no picture that browsers show.
    """
    content = _read(Path(settings.BASE_DIR) / path)
    if len(content) > MOST_BYTES:
        raise UnusableLogo(f"is larger than {MOST_BYTES // 1024} KB")
    kind = _kind(content)
    if not kind:
        raise UnusableLogo("is no SVG, PNG, JPEG or WebP")
    return BrandFile(stem, kind, content)


def style_sheet(light: Palette, dark: Palette) -> BrandFile:
    """Return the style sheet that puts the accent in place of the default one."""
    shades = {"light": _properties(light), "dark": _properties(dark)}
    text = render_to_string("brand/site.css", shades)
    return BrandFile("site", "css", text.encode())


def icon(name: str, palette: Palette) -> BrandFile:
    """Return an icon with the first letter of the site's name."""
    letter = next((one for one in name if one.isalnum()), "•").upper()[:1]
    text = render_to_string("brand/icon.svg", {"letter": letter, "palette": palette})
    return BrandFile("icon", "svg", text.encode())


def _read(path: Path) -> bytes:
    try:
        # Not a pipe, which could keep the process waiting.
        if path.exists() and not path.is_file():
            raise UnusableLogo("is no file")
        with path.open("rb") as file:
            return file.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "is no path"
        raise UnusableLogo(f"cannot be read: {reason}") from None


def _kind(content: bytes) -> str:
    if content.startswith(PNG) and len(content) > 24:
        return "png"
    if content.startswith(b"\xff\xd8\xff"):
        return "jpg"
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        return "webp"
    return "svg" if SVG.match(content) else ""


def _properties(palette: Palette) -> dict[str, str]:
    return {
        "accent": palette.accent,
        "accent-strong": palette.strong,
        "on-accent": palette.on_accent,
        "focus": palette.link,
        "bs-link-color": palette.link,
        "bs-link-color-rgb": _channels(palette.link),
        "bs-link-hover-color": palette.link_hover,
        "bs-link-hover-color-rgb": _channels(palette.link_hover),
    }


def _channels(colour: str) -> str:
    return ", ".join(map(str, rgb(colour)))
