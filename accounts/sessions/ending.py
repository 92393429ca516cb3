"""End sessions: those of a user, all except the current one, or those of a queryset."""

import time
from functools import partial
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import QuerySet

from ..core import background, row_cache
from ..directus import TokenPair
from .tokens import revoke, tokens_in

if TYPE_CHECKING:
    from ..models import Session, User
    from .store import SessionStore

MOST_AT_ONCE = 1000


def end_sessions_of(user: "User", *, but: "SessionStore | None" = None) -> int:
    """End the sessions of a user now, and revoke their tokens in the background.

    Args:
        but: the session (`request.session`) that stays.

    Returns:
        The number of ended sessions.
    """
    rows = user.sessions.all()
    if but is not None and but.row is not None:
        rows = rows.exclude(pk=but.row.pk)
    return end(rows)


def end(rows: "QuerySet[Session]") -> int:
    """End the sessions of a queryset, and revoke their tokens in the background."""
    ended = delete_sessions(rows)
    tokens = [pair for pair in map(tokens_in, ended) if pair is not None]
    background.run(partial(_revoke, tokens))
    return len(ended)


def end_sessions(sessions: "QuerySet[Session]") -> int:
    """End the sessions of a queryset in Django alone; return their number."""
    return len(delete_sessions(sessions))


def delete_sessions(sessions: "QuerySet[Session]") -> list:
    """End the sessions of a queryset in Django alone; return their last rows.

    A request that renews tokens of such a row cannot store them, and revokes them.
    """
    ended = []
    pause = 0.0
    for ids in _batches(list(sessions.values_list("pk", flat=True))):
        # Other requests can write between two batches.
        time.sleep(pause)
        began = time.monotonic()
        # Locked and deleted by id: a parallel sign-in may change the key.
        with transaction.atomic():
            # In this order, so that two requests do not lock each other's rows.
            found = sessions.filter(pk__in=ids).order_by("pk")
            locked = found.select_for_update(of=("self",))
            rows = list(locked.defer("session_data", "user_agent"))
            ids = [row.pk for row in rows]
            sessions.model.objects.filter(pk__in=ids).delete()
        pause = time.monotonic() - began
        ended += rows
        row_cache.invalidate(sessions.model, [row.session_key for row in rows])
    return ended


def _batches(ids: list[int]) -> list[list[int]]:
    return [ids[i : i + MOST_AT_ONCE] for i in range(0, len(ids), MOST_AT_ONCE)]


def _revoke(tokens: list[TokenPair]) -> None:
    for pair in tokens:
        revoke(pair)
