"""Values for the templates of all pages."""

from functools import partial

from django.conf import settings

from .branding import branding
from .navigation import sections


def site(request):
    """Return the site's name, links and look, and the request's id."""
    return {
        "site_name": settings.SITE_NAME,
        "navigation": partial(sections, request),
        # Before the middleware that sets the user, a form would have no valid token.
        "site_languages": settings.LANGUAGES if hasattr(request, "user") else (),
        "branding": branding(),
        "request_id": getattr(request, "request_id", ""),
    }
