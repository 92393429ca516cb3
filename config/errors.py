"""The site's error pages, in the site's dress.

An outage of Directus or of the database is 503 with Retry-After, never 500.
"""

import logging
import sys
from typing import Any

from django.http import HttpResponse, HttpResponseServerError
from django.shortcuts import render
from django.template import TemplateDoesNotExist, loader

from accounts.directus import TryLater
from accounts.web import languages
from accounts.web.next_page import page_again

from .context_processors import site
from .outages import is_database_away
from .request import Request

logger = logging.getLogger(__name__)

DEFAULT_RETRY_SECONDS = 10


def bad_request(request, exception=None):
    """Answer 400."""
    return _page(request, 400)


def permission_denied(request, exception=None):
    """Answer 403."""
    return _page(request, 403)


def csrf_failure(request, reason=""):
    """Answer 403 to a form that did not come from this site's page."""
    return _page(request, 403, template="403_csrf.html")


def page_not_found(request, exception=None):
    """Answer 404."""
    return _page(request, 404)


def server_error(request):
    """Answer 500, or 503 when the cause is that something is away."""
    error = sys.exc_info()[1]
    if isinstance(error, TryLater) or is_database_away(error):
        return unavailable(request, getattr(error, "retry_after", None), error)
    # Without the request: the same fault could break this page, too. Nor with the form
    # for a language, which needs a token of the request.
    context = site(request) | {"site_languages": ()}
    try:
        page = loader.get_template("500.html").render(context)
    except TemplateDoesNotExist:
        page = "Server error"
    return HttpResponseServerError(page)


def not_allowed(request: Request, methods: str) -> HttpResponse:
    """Answer 405: the address accepts forms only."""
    response = _page(request, 405)
    response["Allow"] = methods
    return response


def too_large(request: Request, most: int) -> HttpResponse:
    """Answer 413: this address accepts no larger body."""
    return _page(request, 413, most=most)


def unavailable(
    request: Request,
    retry_after: int | None = None,
    cause: BaseException | None = None,
) -> HttpResponse:
    """Answer 503: come back in so many seconds.

    Args:
        cause: the error, for the log.
    """
    request.outage = cause
    return _page(request, 503, retry_after or DEFAULT_RETRY_SECONDS)


def too_many_requests(request: Request, retry_after: int | None = None) -> HttpResponse:
    """Answer 429: come back in so many seconds."""
    return _page(request, 429, retry_after or DEFAULT_RETRY_SECONDS)


def _page(
    request: Request,
    status: int,
    retry_after: int | None = None,
    template: str | None = None,
    **facts: Any,
) -> HttpResponse:
    context = {
        "retry_after": retry_after,
        "status": status,
        "page_again": page_again(request),
        **facts,
    }
    # The user behind a broken session or database must not be asked for again.
    if status >= 500:
        context |= {"user": None, "messages": []}
    else:
        # If no view was found, the user has not been loaded yet.
        languages.follow_profile(getattr(request, "user", None))
    response = render(request, template or f"{status}.html", context, status=status)
    if retry_after is not None:
        response["Retry-After"] = str(retry_after)
    return response
