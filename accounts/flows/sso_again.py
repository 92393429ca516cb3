"""A provider's answer that did not reach Directus, for another try in this browser."""

from django.http.response import HttpResponseBase
from django.views.decorators.debug import sensitive_variables

from config.request import Request

from ..web.sealed_cookie import ShortSecret
from .sso_attempts import SECONDS

_ANSWER = ShortSecret("sso_again", "sso-again", SECONDS)


@sensitive_variables("answer")
def keep(request: Request, response: HttpResponseBase, answer: str) -> None:
    """Keep the answer."""
    _ANSWER.start(request, response, answer)


def read(request: Request) -> str:
    """Return the answer; empty if there is none."""
    found = _ANSWER.read(request)
    return found[0] if found else ""


def end(request: Request, response: HttpResponseBase) -> None:
    """Delete the answer."""
    _ANSWER.end(request, response)
