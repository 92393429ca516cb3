"""Read a session's row and its user, which every page needs.

They come from the shared cache, or from the database by one query. That query is
compiled once: Django's ORM takes ten times as long to write it, and to put its models
together, as the database takes to answer it.
"""

import threading
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django.db import connections, router
from django.db.models import Model

from ..core import row_cache
from .keys import digest, stored_forms

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

    from ..models import Session

# Converters belong to a connection, and connections to threads.
_compiled = threading.local()


def read(model: type["Session"], key: str) -> "Session | None":
    """Return the row of a session, with its user; None without one.

    Args:
        model: the model of the rows.
        key: the key in the browser's cookie.
    """
    row = _cached(model, digest(key))
    if row is not None:
        return row
    began = time.monotonic()
    row = _query(model).read(stored_forms(key))
    # A row of an older version has the key itself, which no cache shall hold.
    if row is not None and row.session_key != key:
        _remember(row, began)
    return row


def _cached(model: type["Session"], stored: str) -> "Session | None":
    row = row_cache.get(model, stored)
    if row is None or row.user_id is None:
        return row
    user = row_cache.get(_user_model(model), row.user_id)
    if user is None:
        return None
    row.user = user
    return row


def _remember(row: "Session", began: float) -> None:
    row_cache.remember(row, row.session_key, began)
    # The hash of a local user's password stays in the database.
    if row.user is not None and row.user.is_mirrored:
        row_cache.remember(row.user, row.user_id, began)


def _user_model(model: type["Session"]) -> Any:
    return model._meta.get_field("user").related_model


def _query(model: type["Session"]) -> "_Query":
    connection = connections[router.db_for_read(model)]
    query = getattr(_compiled, "query", None)
    if query is None or query.connection is not connection:
        query = _compiled.query = _Query(model, connection)
    return query


class _Query:
    """The compiled query of one connection."""

    def __init__(self, model: type["Session"], connection: "BaseDatabaseWrapper"):
        self.connection = connection
        self._model = model
        self._names = [field.attname for field in model._meta.concrete_fields]
        # The values are placeholders: only their number is part of the statement.
        rows = model.objects.filter(session_key__in=stored_forms("key"))
        compiler = rows.select_related("user").query.get_compiler(connection=connection)
        self._sql, _values = compiler.as_sql()
        columns = [column for column, *_ in compiler.select or []]
        self._converters = compiler.get_converters(columns)
        self._compiler = compiler

    def read(self, stored: Sequence[str]) -> "Session | None":
        with self.connection.cursor() as cursor:
            cursor.execute(self._sql, stored)
            found = cursor.fetchone()
        if found is None:
            return None
        (values,) = self._compiler.apply_converters([found], self._converters)
        end = len(self._names)
        row = self._model.from_db(self.connection.alias, self._names, values[:end])
        # A visitor's session has no user.
        if row.user_id is not None:
            row.user = self._user(values[end:])
        return row

    def _user(self, values: Sequence[Any]) -> Any:
        model: type[Model] = _user_model(self._model)
        names = [field.attname for field in model._meta.concrete_fields]
        return model.from_db(self.connection.alias, names, values)
