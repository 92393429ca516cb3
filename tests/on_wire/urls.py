"""The site's addresses, and views that do slowly what a view may do."""

import time

from django.http import HttpResponse
from django.urls import path

from config.urls import *  # noqa: F403
from config.urls import urlpatterns as site_urls


def profile(request):
    """Ask Directus for the signed-in user."""
    return HttpResponse(request.directus.get_current_user().email)


def slow_save(request):
    """Read the session, take some time, and save it."""
    assert "word" not in request.session
    time.sleep(1)
    request.session["word"] = "saved"
    return HttpResponse("saved")


urlpatterns = [
    *site_urls,
    path("profile/", profile),
    path("slow-save/", slow_save),
]
