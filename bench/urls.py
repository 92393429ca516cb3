"""The site's addresses, and a page that asks Directus each time it is opened."""

from django.http import JsonResponse
from django.urls import path

from config.urls import *  # noqa: F403
from config.urls import urlpatterns as urls_of_the_site

from .storm import ASKING_PAGE


def profile(request):
    """Read the own profile with the session's tokens."""
    return JsonResponse({"id": str(request.directus.get_current_user().id)})


urlpatterns = [*urls_of_the_site, path(ASKING_PAGE.lstrip("/"), profile)]
