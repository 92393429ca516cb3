"""The options in the query of DATABASE_URL.

With an unknown option or a wrong value each connection fails, and so would each query.
The options are tried here, without a connection to a server.
"""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from typing import Any
from urllib.parse import parse_qsl

from django.core.exceptions import ImproperlyConfigured

# Django's own of a database; django-environ accepts them in any case.
FLAGS = (
    "ATOMIC_REQUESTS",
    "AUTOCOMMIT",
    "CONN_HEALTH_CHECKS",
    "DISABLE_SERVER_SIDE_CURSORS",
)
OF_DATABASE = {*FLAGS, "CONN_MAX_AGE"}
TRANSACTION_MODES = {"DEFERRED", "EXCLUSIVE", "IMMEDIATE"}
# Of Django and psycopg, not of libpq.
OF_CONNECTION = {"assume_role", "isolation_level", "prepare_threshold"}
# libpq reads these numbers only after it has connected.
NUMBERS = {
    "connect_timeout",
    "keepalives",
    "keepalives_count",
    "keepalives_idle",
    "keepalives_interval",
    "tcp_user_timeout",
}
# libpq looks at the options first, then finds no socket in this folder. The address
# is empty, or else the environment could give one.
NO_SERVER = {"host": "/nonexistent", "hostaddr": ""}
# Its messages about options; others are about the server.
REFUSALS = (b"invalid ", b"weak ")
WRONG = (KeyError, TypeError, ValueError, sqlite3.Error)
UNKNOWN = (
    "DATABASE_URL: option {number} is unknown, or its value is wrong; a `?` in a "
    "password is written %3F."
)
REFUSED = "DATABASE_URL: PostgreSQL's client does not accept these values: {names}."
NO_POOL = (
    "DATABASE_URL cannot have the option `pool`: use PgBouncer, as docs/scale.md says."
)


def checked(query: str, options: Mapping[str, Any], is_sqlite: bool) -> dict[str, Any]:
    """Return the options for settings.DATABASES, with their types.

    Args:
        query: the query of the address.
        options: what django-environ has read there, without Django's own.
        is_sqlite: whether the database is SQLite; otherwise it is PostgreSQL.

    Raises:
        ImproperlyConfigured: an option is unknown or has a wrong value.
    """
    if "pool" in options and not is_sqlite:
        raise ImproperlyConfigured(NO_POOL)
    convert = _of_sqlite if is_sqlite else _of_postgresql
    found = {}
    for number, (name, value) in enumerate(parse_qsl(query, keep_blank_values=True), 1):
        if value and name.upper() in OF_DATABASE:
            continue
        try:
            found[name] = convert(name, options[name])
        except WRONG:
            raise ImproperlyConfigured(UNKNOWN.format(number=number)) from None
    if found and not is_sqlite and _refused_by_libpq(found):
        raise ImproperlyConfigured(REFUSED.format(names=", ".join(found)))
    return found


def _of_sqlite(name: str, value: Any) -> Any:
    if name == "transaction_mode" and str(value).upper() in TRANSACTION_MODES:
        return value
    is_command = name == "init_command"
    options = {} if is_command else {name: value}
    with closing(sqlite3.connect(":memory:", **options)) as connection:
        if is_command:
            connection.executescript(value)
    return value


def _of_postgresql(name: str, value: Any) -> Any:
    """Return the value of an option of Django, psycopg or libpq."""
    from psycopg import IsolationLevel, pq

    if name == "isolation_level":
        return IsolationLevel(value)
    if name in NUMBERS or name == "prepare_threshold":
        return int(value)
    known = {option.keyword.decode() for option in pq.Conninfo.get_defaults()}
    if name not in known | OF_CONNECTION:
        raise KeyError(name)
    return value


def _refused_by_libpq(options: Mapping[str, Any]) -> bool:
    from psycopg import pq
    from psycopg.conninfo import make_conninfo

    of_libpq = {name: options[name] for name in options.keys() - OF_CONNECTION}
    connection = pq.PGconn.connect_start(make_conninfo(**of_libpq | NO_SERVER).encode())
    message = connection.error_message
    connection.finish()
    return message.startswith(REFUSALS)
