"""What every page may show."""

from django.conf import settings


def site(request):
    """Return the site's name and, for error pages, the request's id."""
    return {
        "site_name": settings.SITE_NAME,
        "request_id": getattr(request, "request_id", ""),
    }
