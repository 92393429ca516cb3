"""Whether this process lives, and whether it can serve; booleans only."""

import ipaddress

from django.contrib.auth.decorators import login_not_required
from django.db import Error, connection
from django.http import Http404, HttpResponse, JsonResponse

from accounts.clients import anonymous_client
from accounts.directus import DirectusError


def for_machines(view):
    """Mark a view that shows nobody a page: nobody's language is looked up for it."""
    view.for_machines = True
    return view


@for_machines
@login_not_required
def healthz(request):
    """Answer without asking anybody: the process lives."""
    return HttpResponse("ok", content_type="text/plain")


@for_machines
@login_not_required
def readyz(request):
    """Tell a private address whether the database and Directus answer."""
    address = ipaddress.ip_address(request.client_address)
    if address.is_unspecified or not address.is_private:
        raise Http404
    answers = {"database": _database_answers(), "directus": _directus_answers()}
    # Signed-in people can read while Directus is away: only the database decides.
    return JsonResponse(answers, status=200 if answers["database"] else 503)


def _database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error:
        return False
    return True


def _directus_answers() -> bool:
    try:
        anonymous_client().ping()
    except DirectusError:
        return False
    return True
