"""Sign everybody out, when keys or a copy of the database are in other hands.

In the order of what is most urgent: all sessions here, all refresh tokens that they
held, and then what Directus may have beside them. For that it can only write the users
one by one, which takes long and leaves a line in its log and a call of the webhook for
each. So it is done for those alone who have signed in or renewed tokens within the life
of a refresh token, some in one request, and goes on where it was interrupted.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model

from ..core import clients
from ..directus import DirectusError
from ..mirror.users import clock
from ..models import Revocation
from .directus_sessions import DirectusSessions
from .lookup import UserRef
from .revoke import (
    BATCH,
    Ended,
    Left,
    RevokeSummary,
    count_here,
    end_here,
    revoke_held,
    settle,
    summed_up,
    without_token,
)

# Directus writes so many users in one transaction, while SQLite lets nobody sign in.
AT_ONCE = 10
WORKERS = 2
PATIENCE = 3
# Measured on two cores that Directus, with its Flow, shares with the site.
SECONDS_EACH = 0.03
# How wrong the time of the last access may be: SQLite keeps it without a zone.
MARGIN = timedelta(days=1)
# What is older is no run that goes on.
LONGEST = timedelta(days=1)
# A run that says nothing for so long is not under way any more.
SILENCE = timedelta(minutes=1)

Bar = Callable[[str, int], AbstractContextManager[Any]]


def end_sessions_of_everybody(
    *,
    refresh_days: float,
    bar: Bar,
    say: Callable[[str], object],
    dry_run: bool = False,
    resume: bool = False,
) -> RevokeSummary:
    """End all sessions of everybody.

    Args:
        refresh_days: how long Directus' refresh tokens live.
        bar: makes a bar for so many of something, which is updated.
        say: is told how long it takes.
        dry_run: count, end nothing.
        resume: go on where the last run was interrupted, if one was within a day.
    """
    ended = _here(bar, dry_run)
    service = clients.service_client()
    if service is None:
        return _summed_up_here(ended)
    at_directus = DirectusSessions(service, patience=PATIENCE)
    run = None if dry_run else _begin(resume)
    reasons: dict[UUID, str] = {}
    try:
        waiting = _waiting(at_directus, refresh_days, run)
        say(_how_long(len(waiting)))
        if run:
            for found in _end(at_directus, waiting, run, bar):
                reasons |= found
            run.delete()
            _end_lost(ended, reasons, at_directus)
    except DirectusError as error:
        summary = _summed_up(ended, reasons)
        return replace(summary, directus_failed=True, stopped_by=str(error))
    return replace(_summed_up(ended, reasons), elsewhere=len(waiting))


def _here(bar: Bar, dry_run: bool) -> list[Ended]:
    """End the sessions here, then revoke what all of them held."""
    ended = []
    look = count_here if dry_run else partial(end_here, are_named=False)
    with bar("here", get_user_model().objects.count()) as done:
        for one in look(_everybody()):
            ended.append(one)
            done.update()
    if not dry_run:
        holders = [one for one in ended if one.tokens]
        with bar("tokens", len(holders)) as done:
            for _one in revoke_held(holders, patience=PATIENCE):
                done.update()
    return ended


def _summed_up_here(ended: list[Ended]) -> RevokeSummary:
    """Return what was ended; nothing ends at Directus without a service token."""
    for one in ended:
        if one.user.directus_id is not None:
            settle(one, without_token())
    return summed_up(ended)


def _waiting(
    at_directus: DirectusSessions, refresh_days: float, run: Revocation | None
) -> list[UUID]:
    """Return the users who may have sessions at Directus and are still to be done."""
    since = clock().now() - timedelta(days=refresh_days) - MARGIN
    users = at_directus.users_seen_since(since)
    if run and run.last_id:
        return [one for one in users if one > run.last_id]
    return users


def _everybody() -> Iterator[UserRef]:
    users = get_user_model().objects.order_by("pk")
    last = 0
    while rows := list(
        users.filter(pk__gt=last).values_list("pk", "directus_id")[:BATCH]
    ):
        yield from (UserRef(*row) for row in rows)
        last = rows[-1][0]


def _how_long(number: int) -> str:
    minutes = max(1, round(number * SECONDS_EACH / 60))
    return (
        f"{number} users have used Directus within the life of a refresh token and may "
        "have sessions there that this site does not hold. To end them takes about "
        f"{minutes} min."
    )


def _end(
    at_directus: DirectusSessions, waiting: list[UUID], run: Revocation, bar: Bar
) -> Iterator[dict[UUID, str]]:
    """Yield what came of users, some at a time, and note how far it is."""
    batches = [waiting[at : at + AT_ONCE] for at in range(0, len(waiting), AT_ONCE)]
    with (
        bar("at Directus", len(waiting)) as done,
        ThreadPoolExecutor(WORKERS) as pool,
    ):
        for found in pool.map(at_directus.end_of_some, batches):
            yield found
            run.last_id = max(found)
            run.noted_at = clock().now()
            # Gone, if a later run has begun beside it.
            Revocation.objects.filter(pk=run.pk).update(
                last_id=run.last_id, noted_at=run.noted_at
            )
            done.update(len(found))


def _end_lost(
    ended: list[Ended], reasons: dict[UUID, str], at_directus: DirectusSessions
) -> None:
    """End what could not be revoked of users who seemed to have nothing at Directus."""
    lost = (one.user.directus_id for one in ended if one.lost)
    remaining = sorted({id_ for id_ in lost if id_} - reasons.keys())
    for at in range(0, len(remaining), AT_ONCE):
        reasons |= at_directus.end_of_some(remaining[at : at + AT_ONCE])


def _summed_up(ended: list[Ended], reasons: dict[UUID, str]) -> RevokeSummary:
    for one in ended:
        directus_id = one.user.directus_id
        reason = reasons.pop(directus_id, None) if directus_id else None
        if reason is not None:
            settle(one, reason)
    summary = summed_up(ended)
    # Who is not known here.
    summary.left += [
        Left(UserRef(None, directus_id), reason)
        for directus_id, reason in reasons.items()
        if reason
    ]
    return summary


# How far a run is


def _begin(resume: bool) -> Revocation:
    """Return the run that goes on, or a new one; no run before it will go on."""
    now = clock().now()
    if resume:
        run = Revocation.objects.filter(started_at__gt=now - LONGEST).first()
        if run is not None:
            return run
    Revocation.objects.all().delete()
    return Revocation.objects.create(started_at=now, noted_at=now)


def is_under_way() -> bool:
    """Tell whether a run is writing the addresses of users at Directus just now."""
    since = clock().now() - SILENCE
    return Revocation.objects.filter(noted_at__gt=since).exists()
