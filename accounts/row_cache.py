"""Session rows in a shared cache, in front of the database.

An ended session leaves a mark, and readers only *add*: a slow reader cannot bring a
row back that was ended while it read. The cache may be away or empty at any time.
"""

import logging
from typing import Any

from django.conf import settings
from django.core.cache import cache

logger = logging.getLogger(__name__)

PREFIX = "session-row:"
SECONDS = 60
ENDED = {"ended": True}


def get(model, session_key: str | None):
    """Return the cached row, or None when the database must be asked."""
    values = _try(cache.get, session_key) if session_key else None
    names = [field.attname for field in model._meta.concrete_fields]
    if not isinstance(values, dict) or set(values) != set(names):
        return None
    try:
        fields = model._meta.concrete_fields
        return model.from_db(
            "default",
            names,
            [field.to_python(values[field.attname]) for field in fields],
        )
    except (ValueError, TypeError) as error:
        logger.warning("An unreadable session row in the cache: %s", type(error))
        return None


def remember(row) -> None:
    """Keep a row that was just read."""
    values = {field.attname: _plain(field, row) for field in row._meta.concrete_fields}
    _try(cache.add, row.session_key, values, SECONDS)


def _plain(field, row) -> Any:
    value = getattr(row, field.attname)
    return (
        value if value is None or isinstance(value, int) else field.value_to_string(row)
    )


def forget(session_key: str | None) -> None:
    """Let the next request read the database."""
    _try(cache.delete, session_key)


def end(session_key: str | None) -> None:
    """Mark a session as ended."""
    _try(cache.set, session_key, ENDED, SECONDS)


def _try(action, session_key, *args):
    if not settings.SESSION_ROW_CACHE or not session_key:
        return None
    try:
        return action(PREFIX + session_key, *args)
    except Exception as error:  # noqa: BLE001 - each driver has its own
        logger.warning("The cache is away: %s", type(error).__name__)
        return None
