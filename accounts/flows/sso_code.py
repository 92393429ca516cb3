"""The question for the one-time code, after a provider has signed a user in.

It gives no access and holds no secret: the browser goes through the provider once more,
and Directus is given the code at the beginning of that second round.
"""

import secrets
import time
from dataclasses import asdict, dataclass

from config.request import Request

from .sso_attempts import Waiting

SECONDS = 300
KEY = "sso_code"


@dataclass(frozen=True)
class CodeQuestion:
    """A sign-in, or a re-authentication, that lacks the one-time code.

    Attributes:
        id: the subject of the limit of answers.
        provider, next, user, is_kept: as in `sso_attempts.Waiting`.
        is_wrong: whether the code was wrong, not missing.
    """

    id: str
    provider: str
    next: str
    user: int
    until: float
    is_wrong: bool = False
    is_kept: bool = False


def ask(request: Request, waiting: Waiting) -> None:
    """Note that Directus wants a code, or did not accept the one it was given."""
    question = CodeQuestion(
        id=waiting.code_id or secrets.token_hex(8),
        provider=waiting.provider,
        next=waiting.next,
        user=waiting.user,
        until=time.time() + SECONDS,
        is_wrong=bool(waiting.otp),
        is_kept=waiting.is_kept,
    )
    request.session[KEY] = asdict(question)


def read(request: Request) -> CodeQuestion | None:
    """Return the open question of this browser; None if there is none."""
    stored = request.session.get(KEY)
    if stored is None or stored["until"] < time.time():
        return None
    return CodeQuestion(**stored)


def was_asked(request: Request) -> bool:
    """Return whether there is a question, even if it has expired."""
    return KEY in request.session


def end(request: Request) -> None:
    """Delete the question."""
    request.session.pop(KEY, None)
