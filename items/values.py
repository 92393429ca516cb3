"""How pages show a value: by the type, the choices and the interface of its field."""

from datetime import UTC, date, datetime, time
from typing import Any

from django.utils import formats, timezone
from django.utils.html import format_html
from django.utils.text import Truncator
from django.utils.translation import gettext as _

from accounts.own_data import Description

EMPTY = "\N{EN DASH}"
# Characters of a text in a table.
LONGEST_IN_CELL = 120


def shown(description: Description | None, value: Any) -> Any:
    """Return the text of a value, for templates.

    Args:
        description: of the field; None if Directus does not describe it.
        value: as Directus sent it.
    """
    if value in (None, "", []):
        return EMPTY
    if description is None:
        return str(value) if isinstance(value, (str, int, float)) else EMPTY
    texts = description.choice_texts
    if isinstance(value, list):
        return ", ".join(str(texts.get(str(one), one)) for one in value)
    if str(value) in texts:
        return texts[str(value)]
    return _by_type(description.type, value)


def cell(description: Description | None, value: Any) -> Any:
    """Return a value for a table: short, and a choice as a badge.

    Args:
        description: of the field; None if Directus does not describe it.
        value: as Directus sent it.
    """
    if value in (None, "", []) or description is None:
        return shown(description, value)
    if str(value) in description.choice_texts:
        text = description.choice_texts[str(value)]
        return format_html('<span class="badge-plain">{}</span>', text)
    if description.type in {"date", "dateTime", "timestamp"}:
        return _short(description.type, value)
    text = str(shown(description, value))
    if len(text) <= LONGEST_IN_CELL:
        return text
    return Truncator(text).chars(LONGEST_IN_CELL)


def _short(kind: str, value: Any) -> str:
    text = _by_type(kind, value, short="SHORT_")
    return _element(value, text) if kind == "timestamp" and text != EMPTY else text


def _element(value: str, text: str) -> str:
    # site.js shows it in the reader's time zone.
    moment = _moment(value).isoformat(timespec="seconds")
    element = '<time datetime="{}" data-date-style="medium">{}</time>'
    return format_html(element, moment, text)


def _moment(value: str) -> datetime:
    moment = datetime.fromisoformat(value)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _by_type(kind: str, value: Any, short: str = "") -> Any:
    if kind == "boolean":
        return _("Yes") if value else _("No")
    try:
        if kind == "timestamp":
            moment = timezone.localtime(_moment(value))
            return formats.date_format(moment, f"{short}DATETIME_FORMAT")
        if kind == "dateTime":
            naive = datetime.fromisoformat(value).replace(tzinfo=None)
            return formats.date_format(naive, f"{short}DATETIME_FORMAT")
        if kind == "date":
            return formats.date_format(date.fromisoformat(value), f"{short}DATE_FORMAT")
        if kind == "time":
            return formats.time_format(time.fromisoformat(value), "TIME_FORMAT")
    except (TypeError, ValueError):
        return EMPTY
    return formats.localize(value)
