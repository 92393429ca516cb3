"""Sign users out: on this site, and at Directus as far as possible.

First the sessions of the site end, then their refresh tokens, then other sessions at
Directus. An issued access token stays valid until it expires: Directus cannot end it.
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from ..core import audit, clients
from ..directus import DirectusError, RateLimited, TokenPair, TryLater
from ..models import Session
from ..sessions.ending import delete_sessions
from ..sessions.tokens import holds_tokens, tokens_in
from .directus_sessions import DirectusSessions, patiently
from .lookup import UserRef

BATCH = 200
# Parallel calls: even in an emergency, Directus must keep serving its users.
WORKERS = 4


@dataclass(frozen=True)
class Left:
    """A user with remaining sessions, and the reason."""

    user: UserRef
    reason: str


@dataclass
class RevokeSummary:
    """The numbers of ended sessions and tokens, and the remaining ones.

    In a dry run, the numbers that would end.
    """

    people: int = 0
    sessions_ended: int = 0
    tokens_held: int = 0
    tokens_revoked: int = 0
    # Users with possible further sessions at Directus; only counted for all users.
    elsewhere: int = 0
    left: list[Left] = field(default_factory=list)
    directus_failed: bool = False
    # The error that stopped a run over all users.
    stopped_by: str = ""
    # When the last access token of the ended sessions expires.
    access_tokens_until: datetime | None = None

    def as_dict(self) -> dict[str, object]:
        """Return the summary for JSON."""
        until = self.access_tokens_until
        left = [{**one.user.as_dict(), "reason": one.reason} for one in self.left]
        return vars(self) | {
            "left": left,
            "access_tokens_until": until and until.isoformat(),
        }


@dataclass
class Ended:
    """The ended sessions and tokens of one user, and Directus' answers."""

    user: UserRef
    sessions: int = 0
    tokens: list[TokenPair] = field(default_factory=list)
    unreadable: int = 0
    revoked: int = 0
    errors: list[DirectusError] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)

    @property
    def lost(self) -> int:
        """The number of tokens that were not revoked."""
        return len(self.tokens) - self.revoked + self.unreadable


def end_all_sessions(
    users: Iterable[UserRef],
    *,
    dry_run: bool = False,
    on_user: Callable[[], object] = lambda: None,
) -> RevokeSummary:
    """End all sessions of users; accounts.operations.revoke_all is for many.

    Args:
        users: each once.
        dry_run: count only.
        on_user: called after each user.
    """
    if dry_run:
        return summed_up(count_here(users))
    ended = list(end_here(users, are_named=True))
    for _one in revoke_held(ended):
        pass
    service = clients.service_client()
    at_directus = DirectusSessions(service) if service else None
    for one in ended:
        directus_id = one.user.directus_id
        if directus_id is not None:
            settle(one, _end_elsewhere(one, directus_id, at_directus))
        on_user()
    return summed_up(ended)


def summed_up(ended: Iterable[Ended]) -> RevokeSummary:
    """Return the sum over all users."""
    summary = RevokeSummary()
    for one in ended:
        _add(summary, one)
    return summary


# On this site


def count_here(users: Iterable[UserRef]) -> Iterator[Ended]:
    """Yield the sessions and tokens that `end_here` would end."""
    for batch in _batches(users):
        yield from _by_user(batch, _sessions_of(batch).defer("session_data"))


def end_here(users: Iterable[UserRef], *, are_named: bool) -> Iterator[Ended]:
    """End the sessions of users in batches; yield their sessions and tokens.

    Args:
        users: each once.
        are_named: whether the audit log lists users without sessions, too.
    """
    for batch in _batches(users):
        ended = _by_user(batch, delete_sessions(_sessions_of(batch)))
        _note(one for one in ended if are_named or one.sessions)
        yield from ended


def _batches(users: Iterable[UserRef]) -> Iterator[list[UserRef]]:
    users = iter(users)
    while batch := list(islice(users, BATCH)):
        yield batch


def _sessions_of(batch: list[UserRef]) -> QuerySet[Session]:
    return Session.objects.filter(user__in=[one.pk for one in batch if one.pk])


def _note(ended: Iterable[Ended]) -> None:
    """Write the audit trail with one statement: there may be many users."""
    users = ((one.user, one.sessions) for one in ended)
    audit.record_each(
        "session.revoked",
        (
            (user.pk, {"directus_id": user.directus_id, "sessions": sessions})
            for user, sessions in users
        ),
    )


def _by_user(batch: list[UserRef], rows: Iterable[Session]) -> list[Ended]:
    ended = [Ended(user) for user in batch]
    by_key = {one.user.pk: one for one in ended}
    for row in rows:
        one = by_key[row.user_id]
        one.sessions += 1
        tokens = tokens_in(row)
        if tokens is not None:
            one.tokens.append(tokens)
        elif holds_tokens(row):
            one.unreadable += 1
    return ended


# At Directus


def revoke_held(ended: Iterable[Ended], *, patience: int = 0) -> Iterator[Ended]:
    """Revoke the tokens of ended sessions; yield each user afterwards.

    Args:
        patience: number of retries.
    """
    with ThreadPoolExecutor(WORKERS) as pool:
        yield from pool.map(lambda one: _revoke_held(one, patience), ended)


def _revoke_held(one: Ended, patience: int) -> Ended:
    client = clients.anonymous_client()
    for tokens in one.tokens:
        logout = partial(client.logout, tokens.refresh_token)
        try:
            # Not retried after an outage, which concerns all calls.
            patiently(logout, patience, RateLimited)
            one.revoked += 1
        except DirectusError as error:
            one.errors.append(error)
    return one


def _end_elsewhere(
    one: Ended, directus_id: UUID, at_directus: DirectusSessions | None
) -> str:
    """Return why sessions remain, or an empty string."""
    if at_directus is None:
        return without_token()
    try:
        return at_directus.end(directus_id)
    except DirectusError as error:
        one.errors.append(error)
        return _("Directus: %(error)s") % {"error": error}


def without_token() -> str:
    """Return why no further sessions end at Directus."""
    return _("Sessions elsewhere were not ended: DIRECTUS_SERVICE_TOKEN is not set.")


def settle(one: Ended, reason: str) -> None:
    """Store why sessions remain at Directus; an empty reason means that none does."""
    if reason:
        one.reasons = [reason, *_lost(one)]
    else:
        # Earlier errors do not matter: all sessions have ended.
        one.errors.clear()


def _lost(one: Ended) -> list[str]:
    if not one.lost:
        return []
    text = ngettext(
        "%(n)d refresh token held here was not revoked.",
        "%(n)d refresh tokens held here were not revoked.",
        one.lost,
    )
    return [text % {"n": one.lost}]


def _add(summary: RevokeSummary, one: Ended) -> None:
    summary.people += 1
    summary.sessions_ended += one.sessions
    summary.tokens_held += len(one.tokens) + one.unreadable
    summary.tokens_revoked += one.revoked
    summary.directus_failed |= any(map(_is_silence, one.errors))
    summary.access_tokens_until = _latest(summary.access_tokens_until, one.tokens)
    if one.reasons:
        summary.left.append(Left(one.user, " ".join(one.reasons)))


def _is_silence(error: DirectusError) -> bool:
    return isinstance(error, TryLater)


def _latest(until: datetime | None, tokens: list[TokenPair]) -> datetime | None:
    """Return when the last access token expires; None if all have expired."""
    ends = [datetime.fromtimestamp(pair.dead_at, UTC) for pair in tokens]
    alive = [end for end in [until, *ends] if end and end > timezone.now()]
    return max(alive, default=None)
