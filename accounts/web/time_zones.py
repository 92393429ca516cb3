"""The time zones of the profile."""

import re
import zoneinfo
from functools import cache
from itertools import groupby

from django.utils import timezone

AREAS = frozenset(
    {
        "Africa",
        "America",
        "Antarctica",
        "Arctic",
        "Asia",
        "Atlantic",
        "Australia",
        "Europe",
        "Indian",
        "Pacific",
    }
)
_PLACE = re.compile(r"[A-Za-z]+/[A-Za-z0-9_+/-]+")


def zone(name: str) -> zoneinfo.ZoneInfo | None:
    """Return a time zone by its name; None if this machine does not have it."""
    try:
        return zoneinfo.ZoneInfo(name) if name in _names() else None
    except (zoneinfo.ZoneInfoNotFoundError, OSError):
        return None


def follow_profile(user: object) -> None:
    """Activate a user's time zone until the end of the request."""
    chosen = zone(getattr(user, "time_zone", ""))
    if chosen:
        timezone.activate(chosen)


@cache
def choices() -> list[tuple[str, list[tuple[str, str]] | str]]:
    """Return the zones for a field: UTC, then the places of each area."""
    places = sorted(name for name in _names() if name.partition("/")[0] in AREAS)
    groups = groupby(places, key=lambda name: name.partition("/")[0])
    return [("UTC", "UTC")] + [
        (area, [(name, _readable(name)) for name in names]) for area, names in groups
    ]


@cache
def _names() -> frozenset[str]:
    names = zoneinfo.available_timezones()
    return frozenset(name for name in names if _PLACE.fullmatch(name) or name == "UTC")


def _readable(name: str) -> str:
    """Return `Argentina: Buenos Aires` for `America/Argentina/Buenos_Aires`."""
    return name.partition("/")[2].replace("_", " ").replace("/", ": ")
