"""List and end the sessions of the signed-in user, here and at Directus."""

from django.db.models import QuerySet
from django.utils import timezone

from config.request import AuthenticatedRequest

from ..core import audit
from ..models import Session, User
from ..sessions import ending


def live_sessions(user: User) -> QuerySet[Session]:
    """Return the live sessions of a user, the last active first."""
    rows = Session.objects.filter(user=user, expire_date__gt=timezone.now())
    return rows.order_by("-last_seen_at", "-pk")


def end_one(request: AuthenticatedRequest, pk: int) -> bool:
    """End another session of the signed-in user; return whether there was one."""
    others = request.user.sessions.exclude(pk=request.session.row_id)
    return bool(_note(request, ending.end(others.filter(pk=pk))))


def end_others(request: AuthenticatedRequest) -> int:
    """End all other sessions of the signed-in user; return their number."""
    ended = ending.end_sessions_of(request.user, but=request.session)
    return _note(request, ended)


def _note(request: AuthenticatedRequest, ended: int) -> int:
    if ended:
        audit.record(
            "session.ended_by_user", request, user=request.user, sessions=ended
        )
    return ended
