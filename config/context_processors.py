"""What every page may show."""

from django.conf import settings


def site(request):
    """Return the site's name, its address for help, and the request's id."""
    return {
        "site_name": settings.SITE_NAME,
        "support_email": settings.SUPPORT_EMAIL,
        "request_id": getattr(request, "request_id", ""),
    }
