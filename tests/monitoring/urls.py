"""The site's addresses, and a view with a fault."""

import logging

from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from accounts.core import clients
from config.urls import *  # noqa: F403
from config.urls import urlpatterns as site_urls

logger = logging.getLogger("tests.monitoring")


@csrf_exempt
@login_not_required
def faulty(request):
    """Fail with everything secret in reach of a report."""
    password = request.POST["password"]
    token = request.GET["token"]
    session = dict(request.COOKIES)
    authorization = request.headers["Authorization"]
    service_token = clients.service_token()
    everything = {**request.POST.dict(), **request.GET.dict(), **session}
    extra = {**everything, "service": service_token, "header": authorization}
    logger.error(
        "A line with %s, %s and %s",
        password,
        service_token,
        authorization,
        extra={"secrets": extra},
    )
    try:
        raise LookupError(f"inner {password} {token}")
    except LookupError as error:
        raise ZeroDivisionError(
            f"outer {password} {token} {session} {authorization} {service_token} "
            f"{request.POST['email']} {request.POST['note']}"
        ) from error


@login_not_required
def fine(request):
    """Say which parts of Sentry's library are loaded."""
    import sys

    return HttpResponse(str(sorted(name for name in sys.modules if "sentry" in name)))


urlpatterns = [*site_urls, path("faulty/", faulty), path("fine/", fine)]
