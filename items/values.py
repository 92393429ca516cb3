"""How pages show a value: by the type, the choices and the interface of its field."""

from datetime import UTC, date, datetime, time
from typing import Any

from django.utils import formats, timezone
from django.utils.translation import gettext as _

from accounts.own_data import Description

EMPTY = "\N{EN DASH}"


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
    texts = {str(key): text for key, text in description.choices}
    if isinstance(value, list):
        return ", ".join(str(texts.get(str(one), one)) for one in value)
    if str(value) in texts:
        return texts[str(value)]
    return _by_type(description.type, value)


def _by_type(kind: str, value: Any) -> Any:
    if kind == "boolean":
        return _("Yes") if value else _("No")
    try:
        if kind == "timestamp":
            moment = datetime.fromisoformat(value)
            moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
            return formats.date_format(timezone.localtime(moment), "DATETIME_FORMAT")
        if kind == "dateTime":
            naive = datetime.fromisoformat(value).replace(tzinfo=None)
            return formats.date_format(naive, "DATETIME_FORMAT")
        if kind == "date":
            return formats.date_format(date.fromisoformat(value), "DATE_FORMAT")
        if kind == "time":
            return formats.time_format(time.fromisoformat(value), "TIME_FORMAT")
    except (TypeError, ValueError):
        return EMPTY
    return formats.localize(value)
