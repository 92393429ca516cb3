"""Tokens that came in a mail, looked at before they are sent on."""

import re
from time import time

from .exceptions import InvalidToken, TokenExpired
from .tokens import claims_of

# Longer ones would be cut off by a server or a proxy, in words of its own.
MAX_TOKEN = 4096
_JWT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")


def checked(token: str, *, scope: str = "") -> str:
    """Return a token that may be good; version 10 answers any other with 500.

    Args:
        scope: what it must be good for, as it says itself; empty: anything.

    Raises:
        InvalidToken: it is none, or good for something else.
        TokenExpired: it has ended, as it says itself.
    """
    if len(token) > MAX_TOKEN or not _JWT.fullmatch(token):
        raise InvalidToken(403, "INVALID_TOKEN")
    claims = claims_of(token)
    if scope and claims.get("scope") != scope:
        raise InvalidToken(403, "INVALID_TOKEN")
    end = claims.get("exp")
    if isinstance(end, int) and end <= time():
        raise TokenExpired(401, "TOKEN_EXPIRED")
    return token
