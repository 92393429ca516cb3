"""Tell a browser, on the sign-in page, that its session was ended elsewhere.

Whatever key a browser shows that has no row gets the same answer. No row is made for
it: a cookie of a minute says it to the next page.
"""

from django.conf import settings
from django.contrib import messages
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _

SECONDS = 60
SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
READ, WROTE = "read", "wrote"


def look(request, needs_sign_in: bool) -> None:
    """Note who has to sign in because of that; tell who is asked to.

    Args:
        request: before its view.
        needs_sign_in: whether its page is for people who are signed in.
    """
    if needs_sign_in:
        if not request.user.is_authenticated and request.session.has_ended:
            request.ended_session = READ if request.method in SAFE_METHODS else WROTE
    elif request.resolver_match.view_name == "accounts:login":
        said = request.COOKIES.get(_cookie_name())
        if said in {READ, WROTE} and request.method == "GET":
            say(request, wrote=said == WROTE)
            request.ended_session = ""


def pass_on(request, response) -> None:
    """Let the next page say it, or no other one any more."""
    said = getattr(request, "ended_session", None)
    if said:
        response.set_cookie(
            _cookie_name(),
            said,
            max_age=SECONDS,
            secure=settings.HTTPS,
            httponly=True,
            samesite="Lax",
        )
    elif said is not None:
        response.delete_cookie(_cookie_name(), samesite="Lax")


def say(request, *, wrote: bool) -> None:
    """Say it on the page that this request, or the next one, shows."""
    text = _("Your session has ended. Please sign in again.")
    advice = format_html(
        _('If you did not expect this, <a href="{}">reset your password</a>.'),
        reverse("accounts:password_reset"),
    )
    messages.info(request, format_html("{} {}", text, advice))
    if wrote:
        messages.warning(request, _("What you sent last was not saved."))


def _cookie_name() -> str:
    return f"{settings.COOKIE_PREFIX}ended"
