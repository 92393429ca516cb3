"""Tokens that came in a mail, looked at before they are sent on."""

import binascii
import json
import re
from base64 import urlsafe_b64decode
from time import time
from typing import Any

from .exceptions import InvalidToken, TokenExpired

# Longer ones would be cut off by a server or a proxy, in words of its own.
MAX_TOKEN = 4096
_JWT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")


def checked(token: str) -> str:
    """Return a token that may be good; version 10 answers any other with 500.

    Raises:
        InvalidToken: it is none.
        TokenExpired: it has ended, as it says itself.
    """
    if len(token) > MAX_TOKEN or not _JWT.fullmatch(token):
        raise InvalidToken(403, "INVALID_TOKEN")
    end = _claims(token).get("exp")
    if isinstance(end, int) and end <= time():
        raise TokenExpired(401, "TOKEN_EXPIRED")
    return token


def _claims(token: str) -> dict[str, Any]:
    """Return what the token claims; whether that is true, Directus decides."""
    payload = token.split(".")[1]
    try:
        claims = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (ValueError, binascii.Error, RecursionError):
        return {}
    return claims if isinstance(claims, dict) else {}
