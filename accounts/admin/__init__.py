"""The admin of users and sessions, and its actions."""

from . import sessions, users

__all__ = ["sessions", "users"]
