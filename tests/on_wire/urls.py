"""The site's addresses, and views that do slowly what a view may do."""

import time

from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse, StreamingHttpResponse
from django.urls import path

from config.urls import *  # noqa: F403
from config.urls import urlpatterns as site_urls

STREAMED_LINES = 20_000


def profile(request):
    """Ask Directus for the signed-in user."""
    return HttpResponse(request.directus.get_current_user().email)


def slow_save(request):
    """Read the session, take some time, and save it."""
    assert "word" not in request.session
    time.sleep(1)
    request.session["word"] = "saved"
    return HttpResponse("saved")


@login_not_required
def stream(request):
    """Send a file that takes its time; with `?broken` it ends too early."""

    def lines():
        for number in range(STREAMED_LINES):
            if number % 1000 == 0:
                time.sleep(0.1)
            yield f"{number:019}\n"
            if number == STREAMED_LINES // 2 and "broken" in request.GET:
                raise OSError("a stream that breaks off")

    return StreamingHttpResponse(lines(), content_type="text/csv")


urlpatterns = [
    *site_urls,
    path("profile/", profile),
    path("slow-save/", slow_save),
    path("stream/", stream),
]
