"""A cookie that names the accounts to which a browser has signed in before.

It gives no access: the browser has its own count of failures (throttling.attempts),
and causes no mail about a new device. An account is named by its address, because a
sign-in form has nothing else, and by its user, because the address may change.
"""

import secrets
from typing import TYPE_CHECKING

from django.core import signing
from django.http.response import HttpResponseBase
from django.utils.crypto import salted_hmac

from config.request import Request

from . import cookies

if TYPE_CHECKING:
    from ..models import User

COOKIE = "device"
COOKIE_AGE = 180 * 24 * 3600
SALT = "accounts.devices"
MOST_ACCOUNTS = 5
DIGITS = 16


def device_of(request: Request | None, account: str) -> str:
    """Return the id of a browser that knows the account, or an empty string."""
    known = _read(request)
    return known["id"] if account in known["accounts"] else ""


def remember(
    request: Request,
    response: HttpResponseBase,
    account: str,
    user: "User | None" = None,
) -> None:
    """Note in the browser that it knows the account.

    Args:
        account: digest of the address; empty for a sign-in without a password.
        user: the user that has just signed in, if any.
    """
    value = _read(request)
    if account and (user is None or user.is_mirrored):
        # The failures of a local user have a count of their own.
        value["accounts"] = _first(account, value["accounts"])
    if user is not None:
        value["users"] = _first(_user_digest(user), value["users"])
    signed = signing.dumps(value, salt=SALT, compress=True)
    cookies.write(response, COOKIE, signed, COOKIE_AGE)


def knows_user(request: Request, user: "User") -> bool:
    """Return whether the user has signed in with this browser before."""
    return _user_digest(user) in _read(request)["users"]


def _first(account: str, others: list[str]) -> list[str]:
    return [account, *(one for one in others if one != account)][:MOST_ACCOUNTS]


def _user_digest(user: "User") -> str:
    return salted_hmac(SALT, str(user.pk), algorithm="sha256").hexdigest()[:DIGITS]


def _read(request: Request | None) -> dict:
    new = {"id": secrets.token_hex(8), "accounts": [], "users": []}
    cookie = cookies.read(request, COOKIE) if request else ""
    if not cookie:
        return new
    try:
        return new | signing.loads(cookie, salt=SALT, max_age=COOKIE_AGE)
    except (signing.BadSignature, ValueError, TypeError):
        return new
