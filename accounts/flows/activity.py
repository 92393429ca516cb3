"""Recent activity of a user: the site's own events, and sign-ins at other apps.

Directus' log has all sign-ins. Those of this site made an event here at the same time;
the others were at another app of the same Directus.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from config.request import AuthenticatedRequest

from ..core import clients
from ..core.account_events import KEPT, SIGN_INS
from ..core.batches import delete_in_batches
from ..core.service_token import ServiceTokenRefused, service_call
from ..directus import LoggedSignIn, TryLater, Visitor
from ..models import AccountEvent, User
from ..web import client_address

DAYS = 90
MOST_EVENTS = 1000
ELSEWHERE = "sign_in.elsewhere"
# Passwords are asked for often, and the events only explain entries of Directus' log.
HIDDEN = frozenset({"password.confirmed", "sso.confirmed"})
NEAR = timedelta(seconds=60)


def recent(request: AuthenticatedRequest) -> tuple[list[AccountEvent], bool]:
    """Return the events of the signed-in user, the newest first.

    Returns:
        The events, and whether sign-ins at other apps are among them.
    """
    events = list(_own_events(request.user))
    logged = _logged(request, _since(events))
    shown = [event for event in events if event.event not in HIDDEN]
    if logged is None:
        return shown, False
    shown += _elsewhere(logged, events)
    return sorted(shown, key=lambda event: event.at, reverse=True), True


def clear_old() -> int:
    """Delete events that are older than AUDIT_DAYS; return their number."""
    begin = timezone.now() - timedelta(days=settings.AUDIT_DAYS)
    return delete_in_batches(AccountEvent.objects.filter(at__lt=begin))


def _begin() -> datetime:
    return timezone.now() - timedelta(days=DAYS)


def _own_events(user: User) -> QuerySet[AccountEvent]:
    rows = AccountEvent.objects.filter(user=user, at__gte=_begin(), event__in=KEPT)
    return rows.order_by("-at", "-pk")[:MOST_EVENTS]


def _since(events: list[AccountEvent]) -> datetime | None:
    """Return the time from which the site knows its own sign-ins; None if it does not.

    An older version stored none, and they all would seem to be at another app.
    """
    if len(events) == MOST_EVENTS:
        return events[-1].at
    first = AccountEvent.objects.order_by("at").values_list("at", flat=True).first()
    return max(first, _begin()) if first else None


def _logged(
    request: AuthenticatedRequest, since: datetime | None
) -> list[LoggedSignIn] | None:
    """Return the sign-ins in Directus' log; None if it is not told."""
    service = clients.service_client(clients.visitor_of(request))
    if service is None:
        return None
    if since is None:
        return []
    try:
        with service_call():
            size = clients.page_size(service)
            own_id = request.user.mirrored_id
            return service.list_sign_ins(own_id, since, page_size=size)
    except (ServiceTokenRefused, TryLater):
        return None


def _elsewhere(
    logged: list[LoggedSignIn], events: list[AccountEvent]
) -> list[AccountEvent]:
    """Return the sign-ins that no event explains; an event explains one."""
    free = [event for event in events if event.event in SIGN_INS]
    found = []
    for sign_in in logged:
        fits = [event for event in free if _is_same(sign_in, event)]
        if fits:
            free.remove(min(fits, key=lambda event: abs(event.at - sign_in.at)))
        else:
            found.append(_as_event(sign_in))
    return found


def _is_same(sign_in: LoggedSignIn, event: AccountEvent) -> bool:
    """Return whether an event is about a sign-in in the log.

    A Directus that does not believe the site logs the address of the site's server, but
    the browser that the site names.
    """
    if abs(sign_in.at - event.at) > NEAR:
        return False
    told = Visitor("", event.user_agent).headers()["User-Agent"]
    return event.client_address == _address(sign_in) or told == sign_in.user_agent


def _address(sign_in: LoggedSignIn) -> str | None:
    address = client_address.parse(sign_in.address)
    return str(address) if address else None


def _as_event(sign_in: LoggedSignIn) -> AccountEvent:
    return AccountEvent(
        event=ELSEWHERE,
        at=sign_in.at,
        client_address=_address(sign_in),
        user_agent=sign_in.user_agent,
    )
