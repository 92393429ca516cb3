"""Values for the templates of all pages."""

from django.conf import settings

from .branding import branding


def site(request):
    """Return the site's name, links and look, and the request's id."""
    return {
        "site_name": settings.SITE_NAME,
        "navigation": settings.NAVIGATION,
        "branding": branding(),
        "request_id": getattr(request, "request_id", ""),
    }
