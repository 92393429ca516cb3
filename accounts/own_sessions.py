"""Where a user is signed in, and how the user ends that: here, and at Directus."""

import logging
from functools import partial

from django.db.models import QuerySet
from django.utils import timezone

from . import audit, background, clients
from .directus import DirectusClient, DirectusError
from .models import Session
from .sessions import take_out
from .token_store import tokens_in

logger = logging.getLogger(__name__)


def live_sessions(user) -> QuerySet[Session]:
    """Return the sessions of a user that have not ended, the last seen first."""
    rows = Session.objects.filter(user=user, expire_date__gt=timezone.now())
    return rows.order_by("-last_seen_at", "-pk")


def end_one(request, pk: int) -> bool:
    """End another session of whoever asks; return whether there was one."""
    return bool(_end(request, _others(request).filter(pk=pk)))


def end_others(request) -> int:
    """End all sessions of whoever asks but this one; return how many there were."""
    return _end(request, _others(request))


def _others(request) -> QuerySet[Session]:
    # Ended ones too: their tokens may live on at Directus.
    rows = Session.objects.filter(user=request.user)
    return rows.exclude(pk=request.session.row.pk)


def _end(request, rows: QuerySet[Session]) -> int:
    ended = take_out(rows)
    # Here they have ended by now; nobody need wait until Directus knows.
    client = clients.anonymous_client(request)
    for row in ended:
        tokens = tokens_in(row)
        if tokens is not None:
            background.run(partial(_revoke, client, tokens.refresh_token))
    if ended:
        audit.record(
            "session.ended_by_user", request, user=request.user, sessions=len(ended)
        )
    return len(ended)


def _revoke(client: DirectusClient, refresh_token: str) -> None:
    try:
        client.logout(refresh_token)
    except DirectusError as error:
        logger.warning("Directus was not told about a sign-out: %s", error)
