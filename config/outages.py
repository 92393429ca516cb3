"""Errors that mean that the database is away or read-only, and no fault of the site."""

from django.db.utils import InterfaceError, InternalError, OperationalError

# A server of PostgreSQL that takes no writes says so.
READ_ONLY = "25006"


def is_database_away(error: BaseException | None) -> bool:
    """Return whether an error means that the database does not take the query now."""
    if isinstance(error, InternalError):
        return getattr(error.__cause__, "sqlstate", None) == READ_ONLY
    return isinstance(error, (OperationalError, InterfaceError))
