"""What the database and the cache hold of a session's key: a digest.

A copy of either opens nothing. A plain SHA-256 is enough, without a secret that could
change: a key is 165 random bits, which nobody guesses. Its first 160 bits are kept.
"""

import hashlib

DIGITS = 40


def digest(key: str) -> str:
    """Return what is stored of the key that a browser's cookie holds."""
    return hashlib.sha256(key.encode()).hexdigest()[:DIGITS]


def stored_forms(key: str | None) -> list[str]:
    """Return by which values the row of a key is found.

    Also the key itself: so stand the rows there that an older version of this site
    made, until a migration has converted them. No digest is a key: it is longer.
    """
    return [digest(key), key] if key else []
