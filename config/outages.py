"""Errors that mean that the database is away or read-only, and no fault of the site."""

from django.db.utils import InterfaceError, InternalError, OperationalError

# A server of PostgreSQL that takes no writes raises InternalError.
DATABASE_AWAY = (OperationalError, InterfaceError, InternalError)
