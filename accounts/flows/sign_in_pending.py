"""A sign-in that waits for its second step. Nobody is signed in by it.

The password is needed again with the code.
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
    """What was typed in the first step, and where to go after the second."""

    id: str
    email: str
    password: str = field(repr=False)
    next: str


@sensitive_variables("password")
def start(
    request: Request,
    response: HttpResponseBase,
    *,
    email: str,
    password: str,
    next: str,
) -> None:
    """Remember the first step."""
    request.session.cycle_key()
    _PASSWORD.start(
        request, response, password, id=secrets.token_hex(8), email=email, next=next
    )


@sensitive_variables("password", "found")
def read(request: Request) -> PendingSignIn | None:
    """Return the first step, unless it is too old or of another browser."""
    found = _PASSWORD.read(request)
    if found is None:
        return None
    password, facts = found
    return PendingSignIn(
        id=facts["id"], email=facts["email"], password=password, next=facts["next"]
    )


def was_started(request: Request) -> bool:
    """Tell whether this browser began to sign in, however long ago."""
    return _PASSWORD.was_started(request)


def end(request: Request, response: HttpResponseBase) -> None:
    """Delete what the first step left behind."""
    _PASSWORD.end(request, response)
