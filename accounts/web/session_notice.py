"""Say on the sign-in page that the session was ended elsewhere.

Every session key without a row gets the same answer. The site makes no row for it: a
cookie of one minute carries the message to the next page.
"""

from django.contrib import messages
from django.contrib.auth import SESSION_KEY
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _

from config.request import Request

from . import cookies

COOKIE = "ended"
SECONDS = 60
SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
READ, WROTE = "read", "wrote"


def is_part_of_a_page(request: Request) -> bool:
    """Return whether the browser loads the address as a part of a page, as a photo.

    The sign-in page must not answer it: the browser would show no message of that page.
    """
    return request.headers.get("Sec-Fetch-Dest", "") in {"image", "script", "style"}


def look(request: Request, needs_sign_in: bool) -> None:
    """Note an ended session, and show the message on the sign-in page.

    Args:
        request: the request before its view.
        needs_sign_in: whether its page is for signed-in users.
    """
    match = request.resolver_match
    if needs_sign_in:
        if not request.user.is_authenticated and _has_ended(request):
            request.ended_session = READ if request.method in SAFE_METHODS else WROTE
    elif match and match.view_name == "accounts:login":
        said = cookies.read(request, COOKIE)
        if said in {READ, WROTE} and request.method == "GET":
            say(request, wrote=said == WROTE)
            request.ended_session = ""


def _has_ended(request: Request) -> bool:
    """Return whether there was a session, or its user was deactivated just now."""
    return request.session.has_ended or SESSION_KEY in request.session


def pass_on(request: Request, response: HttpResponseBase) -> None:
    """Set or delete the cookie for the next page."""
    said = getattr(request, "ended_session", None)
    if said:
        cookies.write(response, COOKIE, said, SECONDS)
    elif said is not None:
        cookies.delete(response, COOKIE)


def say(request: Request, *, wrote: bool) -> None:
    """Show the message on the page of this request or the next one."""
    text = _("You've been signed out. Sign in to continue.")
    advice = format_html(
        _('Not expected? <a href="{}">Reset your password</a>.'),
        reverse("accounts:password_reset"),
    )
    _show(request, format_html("{} {}", text, advice), wrote=wrote)


def say_provider_ended_it(request: Request, label: str, *, wrote: bool) -> None:
    """Show that the provider with this label no longer signs the user in."""
    text = _("Your sign-in with %(provider)s has ended. Sign in again.")
    _show(request, text % {"provider": label}, wrote=wrote)


def _show(request: Request, text: str, *, wrote: bool) -> None:
    messages.info(request, text)
    if wrote:
        messages.warning(request, _("Your last change wasn't saved."))
