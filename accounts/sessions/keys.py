"""The digest of a session key, which the database and the cache store.

A copy of either opens no session. A plain SHA-256 without a secret is enough, because a
key has 165 random bits. The first 160 bits of the digest are stored.
"""

import hashlib

DIGITS = 40


def digest(key: str) -> str:
    """Return the stored digest of the session key in a cookie."""
    return hashlib.sha256(key.encode()).hexdigest()[:DIGITS]


def stored_forms(key: str | None) -> list[str]:
    """Return the stored values that match a key.

    The key itself is one of them: rows of an older version have it until a migration
    converts them. A digest cannot be used as a key, because it is longer.
    """
    return [digest(key), key] if key else []
