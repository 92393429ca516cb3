"""The admin of users, sessions and the audit trail, and its actions."""

from . import audited, events, sessions, users

__all__ = ["audited", "events", "sessions", "users"]
