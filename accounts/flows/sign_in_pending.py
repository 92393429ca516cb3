"""A sign-in that waits for its second step, and gives no access.

It keeps the password, which is needed again together with the code.
"""

import secrets
from dataclasses import dataclass, field

from django.http.response import HttpResponseBase
from django.views.decorators.debug import sensitive_variables

from config.request import Request

from ..web.sealed_cookie import ShortSecret

SECONDS = 300
_PASSWORD = ShortSecret("pending_sign_in", "pending", SECONDS)


@dataclass(frozen=True)
class PendingSignIn:
    """The typed values of the first step, and the page after the second."""

    id: str
    email: str
    password: str = field(repr=False)
    next: str
    is_kept: bool


@sensitive_variables("password")
def start(
    request: Request,
    response: HttpResponseBase,
    *,
    email: str,
    password: str,
    next: str,
    is_kept: bool,
) -> None:
    """Store the first step."""
    request.session.cycle_key()
    facts = {"email": email, "next": next, "is_kept": is_kept}
    _PASSWORD.start(request, response, password, id=secrets.token_hex(8), **facts)


@sensitive_variables("password", "found")
def read(request: Request) -> PendingSignIn | None:
    """Return the first step; None if expired or of another browser."""
    found = _PASSWORD.read(request)
    if found is None:
        return None
    password, facts = found
    return PendingSignIn(
        id=facts["id"],
        email=facts["email"],
        password=password,
        next=facts["next"],
        is_kept=facts.get("is_kept", False),
    )


def was_started(request: Request) -> bool:
    """Return whether this browser began to sign in, even if that has expired."""
    return _PASSWORD.was_started(request)


def end(request: Request, response: HttpResponseBase) -> None:
    """Delete the first step."""
    _PASSWORD.end(request, response)
