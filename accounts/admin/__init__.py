"""The admin over people and their sessions, and what staff can do to them."""

from . import sessions, users

__all__ = ["sessions", "users"]
