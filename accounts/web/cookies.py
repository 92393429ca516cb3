"""Cookies of the site's own pages: prefixed, and closed to scripts."""

from django.conf import settings
from django.http import HttpResponseBase

from config.request import Request


def read(request: Request, name: str) -> str:
    """Return the value of a cookie, or an empty string.

    Args:
        name: the cookie's name without settings.COOKIE_PREFIX.
    """
    return request.COOKIES.get(settings.COOKIE_PREFIX + name, "")


def write(response: HttpResponseBase, name: str, value: str, seconds: int) -> None:
    """Set a cookie for some seconds."""
    response.set_cookie(
        settings.COOKIE_PREFIX + name,
        value,
        max_age=seconds,
        secure=settings.HTTPS,
        httponly=True,
        samesite="Lax",
    )


def delete(response: HttpResponseBase, name: str) -> None:
    """Delete a cookie."""
    response.delete_cookie(settings.COOKIE_PREFIX + name, samesite="Lax")
