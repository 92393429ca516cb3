"""Sign all users out, after a leak of keys or of the database.

The most urgent comes first: all sessions of the site, then their refresh tokens, then
other sessions at Directus. The last needs one write per user, which takes long, and
causes an entry in Directus' log and a webhook for each. So only users with a sign-in or
renewed tokens within the lifetime of a refresh token are written, some in one call. An
interrupted run can be resumed.
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

# Users in one transaction of Directus; on SQLite it blocks all sign-ins meanwhile.
AT_ONCE = 10
WORKERS = 2
PATIENCE = 3
# Measured on two cores, shared by the site and Directus with its Flow.
SECONDS_EACH = 0.03
# The error of the last access: SQLite stores it without a zone.
MARGIN = timedelta(days=1)
# Older runs are not resumed.
LONGEST = timedelta(days=1)
# A run without progress for this long has ended.
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
    """End all sessions of all users.

    Args:
        refresh_days: the lifetime of Directus' refresh tokens, in days.
        bar: returns a progress bar for a label and a total.
        say: receives a message with the expected duration.
        dry_run: count only.
        resume: continue the last run, if it was interrupted within a day.
    """
    ended = _here(bar, dry_run)
    service = clients.service_client()
    if service is None:
        return _summed_up_here(ended)
    at_directus = DirectusSessions(service, patience=PATIENCE)
    run = None if dry_run else _begin(resume)
    reasons = {UUID(key): reason for key, reason in ((run and run.left) or {}).items()}
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
    """End the sessions of the site, then revoke their tokens."""
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
    """Return the summary without a service token: nothing ends at Directus."""
    for one in ended:
        if one.user.directus_id is not None:
            settle(one, without_token())
    return summed_up(ended)


def _waiting(
    at_directus: DirectusSessions, refresh_days: float, run: Revocation | None
) -> list[UUID]:
    """Return the users with possible sessions at Directus that remain to be done."""
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
        f"{number} users have used Directus within the lifetime of a refresh token, "
        f"and may have further sessions there. Ending them takes about {minutes} min."
    )


def _end(
    at_directus: DirectusSessions, waiting: list[UUID], run: Revocation, bar: Bar
) -> Iterator[dict[UUID, str]]:
    """Yield the results of users in batches, and store the progress."""
    batches = [waiting[at : at + AT_ONCE] for at in range(0, len(waiting), AT_ONCE)]
    with (
        bar("at Directus", len(waiting)) as done,
        ThreadPoolExecutor(WORKERS) as pool,
    ):
        for found in pool.map(at_directus.end_of_some, batches):
            yield found
            run.last_id = max(found)
            run.noted_at = clock().now()
            failed = {str(key): reason for key, reason in found.items() if reason}
            run.left = (run.left or {}) | failed
            # Deleted if another run has begun meanwhile.
            Revocation.objects.filter(pk=run.pk).update(
                last_id=run.last_id, noted_at=run.noted_at, left=run.left
            )
            done.update(len(found))


def _end_lost(
    ended: list[Ended], reasons: dict[UUID, str], at_directus: DirectusSessions
) -> None:
    """End lost tokens of users without recent use of Directus."""
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
    # Users that are not in the database.
    summary.left += [
        Left(UserRef(None, directus_id), reason)
        for directus_id, reason in reasons.items()
        if reason
    ]
    return summary


# Progress


def _begin(resume: bool) -> Revocation:
    """Return the run to resume, or a new one; older runs cannot be resumed then."""
    now = clock().now()
    if resume:
        run = Revocation.objects.filter(started_at__gt=now - LONGEST).first()
        if run is not None:
            return run
    Revocation.objects.all().delete()
    return Revocation.objects.create(started_at=now, noted_at=now)


def is_under_way() -> bool:
    """Return whether a run is writing addresses at Directus now."""
    since = clock().now() - SILENCE
    return Revocation.objects.filter(noted_at__gt=since).exists()
