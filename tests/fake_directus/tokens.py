"""Tokens and one-time codes as Directus makes them."""

import base64
import binascii
import hashlib
import hmac
import json
import struct
import time
from typing import Any

from .answers import invalid_token, token_expired

SECRET = b"the secret of the fake"
HEADER = {"alg": "HS256", "typ": "JWT"}
ISSUER = "directus"
CODE_SECONDS = 30


def make_jwt(now: float, seconds: float, **claims: Any) -> str:
    """Return a signed token that lives for so many seconds."""
    claims |= {"iat": int(now), "exp": int(now + seconds), "iss": ISSUER}
    text = f"{_encode(HEADER)}.{_encode(claims)}"
    return f"{text}.{_signature(text)}"


def read_jwt(now: float, token: str) -> dict[str, Any]:
    """Return the claims of one of our tokens; refuse any other and an old one."""
    text, _, signature = token.rpartition(".")
    claims = claims_of(token)
    if not claims or not hmac.compare_digest(signature, _signature(text)):
        raise invalid_token()
    if claims["exp"] <= now:
        raise token_expired()
    return claims


def claims_of(token: str) -> dict[str, Any]:
    """Return the claims of a token without checking its signature; {} if it is none."""
    try:
        _, payload, _ = token.split(".")
        claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    except (ValueError, binascii.Error):
        return {}
    return claims if isinstance(claims, dict) else {}


def one_time_code(secret: str, at: float | None = None) -> str:
    """Return the six digits of RFC 6238 for a base32 secret."""
    step = int((time.time() if at is None else at) // CODE_SECONDS)
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.digest(key, struct.pack(">Q", step), "sha1")
    offset = digest[-1] & 15
    number = struct.unpack(">I", digest[offset : offset + 4])[0] & 0x7FFFFFFF
    return f"{number % 10**6:06}"


def is_one_time_code(otp: str, secret: str, at: float) -> bool:
    """Return whether a code is valid at this time.

    The code of two seconds ago is, too: a test computes a code before it sends it.
    """
    return otp in {one_time_code(secret, moment) for moment in (at, at - 2)}


def _encode(value: dict[str, Any]) -> str:
    data = json.dumps(value, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _signature(text: str) -> str:
    digest = hmac.digest(SECRET, text.encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
