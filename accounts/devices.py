"""The cookie by which a browser is known to have signed in to an account before.

It gives no access: only a count of failures of its own (accounts.attempts).
"""

import secrets

from django.conf import settings
from django.core import signing

COOKIE_AGE = 180 * 24 * 3600
SALT = "accounts.devices"
MOST_ACCOUNTS = 5


def device_of(request, account: str) -> str:
    """Return the id of a browser that knows the account, else an empty string."""
    known = _read(request)
    return known["id"] if account in known["accounts"] else ""


def remember(request, response, account: str) -> None:
    """Note in the browser that it signed in to the account."""
    known = _read(request)
    accounts = [account, *(a for a in known["accounts"] if a != account)]
    value = {"id": known["id"], "accounts": accounts[:MOST_ACCOUNTS]}
    response.set_cookie(
        _cookie_name(),
        signing.dumps(value, salt=SALT, compress=True),
        max_age=COOKIE_AGE,
        secure=settings.HTTPS,
        httponly=True,
        samesite="Lax",
    )


def _read(request) -> dict:
    new = {"id": secrets.token_hex(8), "accounts": []}
    cookie = request.COOKIES.get(_cookie_name(), "") if request else ""
    if not cookie:
        return new
    try:
        return new | signing.loads(cookie, salt=SALT, max_age=COOKIE_AGE)
    except (signing.BadSignature, ValueError, TypeError):
        return new


def _cookie_name() -> str:
    return "__Host-device" if settings.HTTPS else "device"
