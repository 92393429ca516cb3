"""What every page may show."""

from django.conf import settings


def site(request):
    """Return the site's name and links and, for error pages, the request's id."""
    return {
        "site_name": settings.SITE_NAME,
        "navigation": settings.NAVIGATION,
        "request_id": getattr(request, "request_id", ""),
    }
