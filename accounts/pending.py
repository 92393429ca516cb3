"""A sign-in that waits for its one-time code. Nobody is signed in by it.

The password is needed again with the code. The session keeps it sealed; the key is
only in a cookie of this browser, for five minutes.
"""

import secrets
import time
from dataclasses import dataclass, field

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from django.views.decorators.debug import sensitive_variables

SESSION_KEY = "pending_sign_in"
SECONDS = 300


@dataclass(frozen=True)
class PendingSignIn:
    """What was typed in the first step, and where to go after the second."""

    id: str
    email: str
    password: str = field(repr=False)
    next: str


@sensitive_variables("password", "key")
def start(request, response, *, email: str, password: str, next: str) -> None:
    """Remember the first step."""
    key = Fernet.generate_key()
    request.session.cycle_key()
    request.session[SESSION_KEY] = {
        "id": secrets.token_hex(8),
        "email": email,
        "sealed": Fernet(key).encrypt(password.encode()).decode(),
        "next": next,
        "until": time.time() + SECONDS,
    }
    response.set_cookie(
        _cookie_name(),
        key.decode(),
        max_age=SECONDS,
        secure=settings.HTTPS,
        httponly=True,
        samesite="Lax",
    )


@sensitive_variables("key")
def read(request) -> PendingSignIn | None:
    """Return the first step, unless it is too old or of another browser."""
    stored = request.session.get(SESSION_KEY)
    key = request.COOKIES.get(_cookie_name(), "")
    if not stored or not key or stored["until"] < time.time():
        return None
    try:
        password = Fernet(key).decrypt(stored["sealed"]).decode()
    except (InvalidToken, ValueError):
        return None
    return PendingSignIn(
        id=stored["id"], email=stored["email"], password=password, next=stored["next"]
    )


def was_started(request) -> bool:
    """Tell whether this browser began to sign in, however long ago."""
    return SESSION_KEY in request.session


def end(request, response) -> None:
    """Forget the first step."""
    request.session.pop(SESSION_KEY, None)
    response.delete_cookie(_cookie_name(), samesite="Lax")


def _cookie_name() -> str:
    return "__Host-pending" if settings.HTTPS else "pending"
