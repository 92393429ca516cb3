"""Check mailed tokens before they are sent to Directus."""

import re
from time import time

from .exceptions import InvalidToken, TokenExpired
from .tokens import claims_of

# A server or a proxy refuses longer ones, with its own error.
MAX_TOKEN = 4096
_JWT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")


def checked(token: str, *, scope: str = "") -> str:
    """Return the token if it may be valid; version 10 answers any other with 500.

    Args:
        scope: the scope that the token must claim; empty for any.

    Raises:
        InvalidToken: it is not a token, or has another scope.
        TokenExpired: it claims to have expired.
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
