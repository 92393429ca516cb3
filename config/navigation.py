"""The apps' sections in the header."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse


@dataclass(frozen=True)
class Section:
    """A link in the header.

    Attributes:
        address: of the section's first page.
        label: the text of the link.
        current: the value of `aria-current`: `page` on this page, `true` on one below
            it, else empty.
    """

    address: str
    label: Any
    current: str


def sections(request: HttpRequest) -> list[Section]:
    """Return the links that settings.NAVIGATION names."""
    links: Iterable[tuple[str, Any]] = settings.NAVIGATION
    addresses = [(reverse(name), label) for name, label in links]
    return [
        Section(address, label, _current(request.path, address))
        for address, label in addresses
    ]


def _current(path: str, address: str) -> str:
    if path == address:
        return "page"
    is_below = address != "/" and path.startswith(address)
    return "true" if is_below else ""
