"""How pages show a value: by the type, the choices and the interface of its field."""

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

from django.template.defaultfilters import linebreaks_filter
from django.utils import formats, timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.own_data import Description

from .labels import filled
from .rich_text import from_html, from_markdown, plain

EMPTY = "\N{EN DASH}"
RICH = {"input-rich-text-md": from_markdown, "input-rich-text-html": from_html}
TEXTS = {"string", "text"}
LONGEST_IN_LIST = 80


def shown(
    description: Description | None, value: Any, *, template: str = ""
) -> str | SafeString:
    """Return a value for the page of one row; text, or harmless HTML.

    Args:
        description: of the field; None if Directus does not describe it.
        value: as Directus sent it.
        template: the label of a related row, such as `{{name}}`.
    """
    if description and description.is_file_list:
        return text(description, value)
    if description and isinstance(value, str) and value.strip():
        render = RICH.get(description.interface)
        if render and not description.is_concealed:
            return format_html('<div class="formatted">{}</div>', render(value))
    if isinstance(value, list) and len(value) > 1 and not _is_deep(value):
        texts = [(text(description, each, template=template),) for each in value]
        items = format_html_join("", "<li>{}</li>", texts)
        return format_html('<ul class="values">{}</ul>', items)
    found = text(description, value, template=template)
    if description and description.type == "timestamp" and found != EMPTY:
        moment = _in_utc(value).isoformat()
        return format_html('<time datetime="{}">{}</time>', moment, found)
    return linebreaks_filter(found) if "\n" in found else found


def cell(
    description: Description | None, value: Any, *, template: str = ""
) -> str | SafeString:
    """Return a value for a table: in one line, short, and a choice as a badge."""
    found = text(description, value, template=template)
    if description is None or found == EMPTY:
        return _in_one_line(found)
    if isinstance(value, (str, int)) and str(value) in description.choice_texts:
        return format_html('<span class="badge-plain">{}</span>', found)
    if description.type == "timestamp":
        # site.js shows it in the reader's time zone.
        return format_html(
            '<time datetime="{}" data-date-style="medium">{}</time>',
            _in_utc(value).isoformat(timespec="seconds"),
            formats.date_format(_local(value), "SHORT_DATETIME_FORMAT"),
        )
    return _in_one_line(found)


def _in_one_line(found: str) -> str:
    return Truncator(" ".join(found.split())).chars(LONGEST_IN_LIST)


def text(description: Description | None, value: Any, *, template: str = "") -> str:
    """Return a value as plain text."""
    if value is None or value in ("", [], {}):
        return EMPTY
    if description is None:
        return _undescribed(value, template)
    if description.is_concealed:
        return EMPTY
    if description.is_file:
        return _("File")
    if description.is_file_list:
        return _number_of_files(value)
    if isinstance(value, list) and not _is_deep(value):
        each = [text(description, one, template=template) for one in value]
        return ", ".join(each)
    choices = description.choice_texts
    if not isinstance(value, (dict, list)) and str(value) in choices:
        return choices[str(value)]
    if isinstance(value, Mapping) and (description.target or template):
        return filled(template or description.options.get("template"), value) or EMPTY
    if description.interface in RICH:
        return plain(RICH[description.interface](str(value))) or EMPTY
    return _by_type(description, value)


def _number_of_files(ids: list[Any]) -> str:
    count = len(ids)
    return ngettext("%(count)d file", "%(count)d files", count) % {"count": count}


def _undescribed(value: Any, template: str = "") -> str:
    if isinstance(value, list):
        return ", ".join(_undescribed(each, template) for each in value)
    if isinstance(value, Mapping):
        return filled(template, value) or EMPTY
    if isinstance(value, bool):
        return _yes_or_no(value)
    return value if isinstance(value, str) else str(formats.localize(value))


def _by_type(description: Description, value: Any) -> str:
    show = SHOWN.get(description.type)
    if show is None:
        return EMPTY
    try:
        return show(description, value)
    except (ArithmeticError, TypeError, ValueError):
        return EMPTY


def _is_deep(value: list[Any]) -> bool:
    """Return whether a list has parts that are no plain values or related rows."""
    return any(isinstance(each, list) for each in value)


def _yes_or_no(value: Any) -> str:
    return _("Yes") if value else _("No")


def _decimal(description: Description, value: Any) -> str:
    return formats.number_format(Decimal(str(value)), description.scale)


def _whole(description: Description, value: Any) -> str:
    return str(formats.localize(int(value)))


def _float(description: Description, value: Any) -> str:
    return str(formats.localize(float(value)))


def _moment(description: Description, value: Any) -> str:
    return formats.date_format(_local(value), "DATETIME_FORMAT")


def _local(value: str) -> datetime:
    """Return a moment in the time zone of the page, in its own where that is none."""
    moment = _in_utc(value)
    try:
        return timezone.localtime(moment)
    except OverflowError:
        # At the end of the calendar.
        return moment


def _in_utc(value: str) -> datetime:
    moment = datetime.fromisoformat(value)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _date_and_time(description: Description, value: Any) -> str:
    moment = datetime.fromisoformat(value).replace(tzinfo=None)
    return formats.date_format(moment, "DATETIME_FORMAT")


def _date(description: Description, value: Any) -> str:
    return formats.date_format(date.fromisoformat(value), "DATE_FORMAT")


def _time(description: Description, value: Any) -> str:
    return formats.time_format(time.fromisoformat(value), "TIME_FORMAT")


def _json(description: Description, value: Any) -> str:
    if isinstance(value, (str, int, float, bool)):
        return _undescribed(value)
    return json.dumps(value, ensure_ascii=False, indent=2)


def _as_it_is(description: Description, value: Any) -> str:
    return str(value)


# Types that are missing here, such as hash and geometry, are not shown.
SHOWN = {
    "string": _as_it_is,
    "text": _as_it_is,
    "uuid": _as_it_is,
    "integer": _whole,
    "bigInteger": _whole,
    "float": _float,
    "decimal": _decimal,
    "boolean": lambda description, value: _yes_or_no(value),
    "timestamp": _moment,
    "dateTime": _date_and_time,
    "date": _date,
    "time": _time,
    "json": _json,
    "csv": _as_it_is,
}
