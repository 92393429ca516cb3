"""Liveness and readiness of this process, as booleans, and the site's version."""

import ipaddress
import threading
import time

from django.contrib.auth.decorators import login_not_required
from django.db import Error, connection
from django.http import Http404, HttpResponse, JsonResponse

from accounts.core.clients import anonymous_client
from accounts.core.memory import on_clear
from accounts.directus import DirectusError

from . import __version__

# Seconds for which an answer is reused, and after which an answer that could not be
# renewed counts as none.
KEPT_SECONDS = 2.0
OLD_SECONDS = 10.0
PING_SECONDS = 2.0
# Until another thread has asked both.
ASK_SECONDS = 3.0


def for_machines(view):
    """Mark a view for machines: no user's language is looked up for it."""
    view.for_machines = True
    return view


@for_machines
@login_not_required
def healthz(request):
    """Answer without a call or a query: the process lives."""
    return HttpResponse("ok", content_type="text/plain")


@for_machines
@login_not_required
def readyz(request):
    """Tell a private address whether the database and Directus answer."""
    require_private_address(request)
    found = answers()
    # Signed-in people can read while Directus is away: only the database decides.
    status = 200 if found["database"] else 503
    return JsonResponse(found | {"version": __version__}, status=status)


def require_private_address(request):
    """Raise Http404 for a request from a public address."""
    address = ipaddress.ip_address(request.client_address)
    if address.is_unspecified or not address.is_private:
        raise Http404


def answers() -> dict[str, bool]:
    """Return which of `database` and `directus` answer, as of a moment ago."""
    return _probe.answers()


class _Probe:
    """Asks for one thread at a time; the others get the answer of the last one."""

    NOTHING = {"database": False, "directus": False}

    def __init__(self) -> None:
        self._asking = threading.Lock()
        self.forget()
        on_clear(self.forget)

    def forget(self) -> None:
        """Ask anew at the next request."""
        self._kept = self.NOTHING
        self._asked_at = -OLD_SECONDS

    def answers(self) -> dict[str, bool]:
        """Return which of them answer, as of a moment ago."""
        # An answer that is too old is worth waiting for the thread that asks.
        patience = ASK_SECONDS if self._age() > OLD_SECONDS else 0
        if self._age() > KEPT_SECONDS and self._asking.acquire(timeout=patience):
            try:
                if self._age() > KEPT_SECONDS:
                    self._ask()
            finally:
                self._asking.release()
        return self._kept if self._age() <= OLD_SECONDS else self.NOTHING

    def _ask(self) -> None:
        self._kept = {"database": _database_answers(), "directus": _directus_answers()}
        self._asked_at = time.monotonic()

    def _age(self) -> float:
        return time.monotonic() - self._asked_at


_probe = _Probe()


def _database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error:
        return False
    return True


def _directus_answers() -> bool:
    try:
        anonymous_client().ping(timeout=PING_SECONDS)
    except DirectusError:
        return False
    return True
