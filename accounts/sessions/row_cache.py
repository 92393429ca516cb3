"""Session rows in a shared cache, in front of the database.

A request that changes or ends a session puts a mark in place of its row for some
seconds. Readers only *add* rows that they have just read, so a slow reader cannot
restore a row that was changed or ended meanwhile.

If a mark does not reach the cache, an old row stays there for at most a minute.
"""

import logging
import time
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import Field

from ..core import cache

if TYPE_CHECKING:
    from ..models import Session

logger = logging.getLogger(__name__)

PREFIX = "session-row:"
SECONDS = 60
MARK = {"changed": True}
MARK_SECONDS = 10


def get(model: type["Session"], session_key: str | None) -> "Session | None":
    """Return the cached row, or None if the database must be read.

    Args:
        session_key: the digest in the row.
    """
    if not settings.SESSION_ROW_CACHE or not session_key:
        return None
    values = cache.get(PREFIX + session_key)
    fields = model._meta.concrete_fields
    names = [field.attname for field in fields]
    # A mark, or a row of another version with other columns.
    if not isinstance(values, dict) or set(values) != set(names):
        return None
    try:
        row = [field.to_python(values[field.attname]) for field in fields]
    except (ValueError, TypeError, ValidationError) as error:
        logger.warning("An unreadable session row in the cache: %s", type(error))
        return None
    return model.from_db("default", names, row)


def remember(row: "Session", read_at: float) -> None:
    """Store a row that was read from the database.

    Args:
        row: the row.
        read_at: the time before the read, by the monotonic clock.
    """
    if not settings.SESSION_ROW_CACHE:
        return
    if time.monotonic() - read_at > MARK_SECONDS / 2:
        # A mark that was set meanwhile may have expired.
        return
    values = {field.attname: _plain(field, row) for field in row._meta.concrete_fields}
    cache.add(PREFIX + row.session_key, values, SECONDS)


def _plain(field: Field, row: "Session") -> Any:
    value = getattr(row, field.attname)
    return (
        value if value is None or isinstance(value, int) else field.value_to_string(row)
    )


def invalidate(session_key: str | None) -> None:
    """Let the next requests read the database: the row was changed or ended."""
    if settings.SESSION_ROW_CACHE and session_key:
        cache.set(PREFIX + session_key, MARK, MARK_SECONDS)
