"""End the sessions of a user: all, or all except the current one."""

from functools import partial
from typing import TYPE_CHECKING

from django.db.models import QuerySet

from ..core import background
from ..directus import TokenPair
from .store import delete_sessions
from .tokens import revoke, tokens_in

if TYPE_CHECKING:
    from ..models import Session, User
    from .store import SessionStore


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
    """End the sessions of a queryset, as `end_sessions_of` does."""
    ended = delete_sessions(rows)
    tokens = [pair for pair in map(tokens_in, ended) if pair is not None]
    background.run(partial(_revoke, tokens))
    return len(ended)


def _revoke(tokens: list[TokenPair]) -> None:
    for pair in tokens:
        revoke(pair)
