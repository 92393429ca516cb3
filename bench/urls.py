"""The site's addresses, and pages that ask Directus each time they are opened."""

from django.http import JsonResponse
from django.urls import path

from config.urls import *  # noqa: F403
from config.urls import urlpatterns as urls_of_the_site

from .item_pages import urlpatterns as item_pages
from .storm import ASKING_PAGE


def profile(request):
    """Read the own profile with the session's tokens."""
    return JsonResponse({"id": str(request.directus.get_current_user().id)})


urlpatterns = [
    *urls_of_the_site,
    *item_pages,
    path(ASKING_PAGE.lstrip("/"), profile),
]
