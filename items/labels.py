"""Labels of related rows, from templates such as `{{name}} ({{size}})`."""

import re
from collections.abc import Mapping
from typing import Any

PLACE = re.compile(r"\{\{\s*([A-Za-z_][\w.]*)\s*\}\}")
Row = Mapping[str, Any]


def places(template: Any) -> list[str]:
    """Return the paths in a template."""
    found = PLACE.findall(template) if isinstance(template, str) else []
    return list(dict.fromkeys(found))


def filled(template: Any, row: Row) -> str:
    """Return the label of a row; without a template, its first text."""
    if not places(template):
        texts = (each for name, each in row.items() if name != "id")
        return next((_text(each) for each in texts if _text(each)), "")
    return PLACE.sub(lambda place: _text(_value(row, place[1])), template).strip()


def _value(row: Row, path: str) -> Any:
    found: Any = row
    for name in path.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def _text(value: Any) -> str:
    is_plain = isinstance(value, (str, int, float)) and not isinstance(value, bool)
    return str(value) if is_plain else ""
