"""The session engine, and the tokens of Directus that a session keeps."""

from .store import SessionStore

__all__ = ["SessionStore"]
