"""A cookie with the browser's last choice under "Keep me signed in"."""

from django.http.response import HttpResponseBase

from config.request import Request

from . import cookies

COOKIE = "keep"
COOKIE_AGE = 180 * 24 * 3600
YES, NO = "1", "0"


def was_chosen(request: Request) -> bool:
    """Return whether this browser stayed signed in last; not on its first visit."""
    return cookies.read(request, COOKIE) == YES


def note(response: HttpResponseBase, *, is_kept: bool) -> None:
    """Note the choice for the next visit."""
    cookies.write(response, COOKIE, YES if is_kept else NO, COOKIE_AGE)
