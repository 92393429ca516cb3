"""Where a user is signed in, and how the user ends that: here, and at Directus."""

from django.db.models import QuerySet
from django.utils import timezone

from ..core import audit
from ..models import Session
from ..sessions import ending


def live_sessions(user) -> QuerySet[Session]:
    """Return the sessions of a user that have not ended, the last seen first."""
    rows = Session.objects.filter(user=user, expire_date__gt=timezone.now())
    return rows.order_by("-last_seen_at", "-pk")


def end_one(request, pk: int) -> bool:
    """End another session of whoever asks; return whether there was one."""
    others = request.user.sessions.exclude(pk=request.session.row_id)
    return bool(_note(request, ending.end(others.filter(pk=pk))))


def end_others(request) -> int:
    """End all sessions of whoever asks but this one; return how many there were."""
    ended = ending.end_sessions_of(request.user, but=request.session)
    return _note(request, ended)


def _note(request, ended: int) -> int:
    if ended:
        audit.record(
            "session.ended_by_user", request, user=request.user, sessions=ended
        )
    return ended
