"""Rows of sessions and of their users in a shared cache, in front of the database.

A request that changes or deletes a row puts a mark in its place for some seconds.
Readers only *add* rows that they have just read, so a slow reader cannot restore a row
that was changed or deleted meanwhile.

If a mark does not reach the cache, an old row stays there for at most a minute.
"""

import logging
import time
from collections.abc import Iterable
from typing import Any, TypeVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import Field, Model

from . import cache

logger = logging.getLogger(__name__)

SECONDS = 60
MARK = {"changed": True}
MARK_SECONDS = 10
M = TypeVar("M", bound=Model)


def key(model: type[Model], name: object) -> str:
    """Return the key of a row in the cache.

    Args:
        model: the model of the row.
        name: the digest of a session's key, or the primary key of a user.
    """
    return f"{model._meta.model_name}-row:{name}"


def get(model: type[M], name: object) -> M | None:
    """Return the cached row, or None if the database must be read."""
    if not settings.SESSION_ROW_CACHE or not name:
        return None
    values = cache.get(key(model, name))
    fields = model._meta.concrete_fields
    names = [field.attname for field in fields]
    # A mark, or a row of another version with other columns.
    if not isinstance(values, dict) or set(values) != set(names):
        return None
    try:
        row = [field.to_python(values[field.attname]) for field in fields]
    except (ValueError, TypeError, ValidationError) as error:
        logger.warning("An unreadable row in the cache: %s", type(error))
        return None
    return model.from_db("default", names, row)


def remember(row: Model, name: object, read_at: float) -> None:
    """Store a row that was read from the database.

    Args:
        row: the row.
        name: as in `key`.
        read_at: the time before the read, by the monotonic clock.
    """
    if not settings.SESSION_ROW_CACHE:
        return
    if time.monotonic() - read_at > MARK_SECONDS / 2:
        # A mark that was set meanwhile may have expired.
        return
    values = {field.attname: _plain(field, row) for field in row._meta.concrete_fields}
    cache.add(key(type(row), name), values, SECONDS)


def _plain(field: Field, row: Model) -> Any:
    value = getattr(row, field.attname)
    return (
        value if value is None or isinstance(value, int) else field.value_to_string(row)
    )


def invalidate(model: type[Model], names: Iterable[object]) -> None:
    """Let the next requests read the database: these rows were changed or deleted."""
    if settings.SESSION_ROW_CACHE:
        marks = {key(model, name): MARK for name in names if name}
        if marks:
            cache.set_many(marks, MARK_SECONDS)
