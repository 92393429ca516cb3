"""Sign people out everywhere: here, and at Directus as far as it can be made to.

The sessions here end first, then the refresh tokens that they held, all of them, then
what Directus has beside them. An access token that was handed out lives until it
expires: Directus has no way to end one.
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
from ..sessions.store import delete_sessions
from ..sessions.tokens import holds_tokens, tokens_in
from .directus_sessions import DirectusSessions, patiently
from .lookup import UserRef

BATCH = 200
# Calls to Directus at once: an incident should not take its processor from everybody.
WORKERS = 4


@dataclass(frozen=True)
class Left:
    """What could not be ended of a user, and why."""

    user: UserRef
    reason: str


@dataclass
class RevokeSummary:
    """What was ended, or would be, and what lives on."""

    people: int = 0
    sessions_ended: int = 0
    tokens_held: int = 0
    tokens_revoked: int = 0
    # Users who may have sessions at Directus beside these; counted with everybody only.
    elsewhere: int = 0
    left: list[Left] = field(default_factory=list)
    directus_failed: bool = False
    # Why it went no further with everybody.
    stopped_by: str = ""
    # The last access token of a session that ended here.
    access_tokens_until: datetime | None = None

    def as_dict(self) -> dict[str, object]:
        """Return it as JSON has it."""
        until = self.access_tokens_until
        left = [{**one.user.as_dict(), "reason": one.reason} for one in self.left]
        return vars(self) | {
            "left": left,
            "access_tokens_until": until and until.isoformat(),
        }


@dataclass
class Ended:
    """What one user had here, and what Directus said."""

    user: UserRef
    sessions: int = 0
    tokens: list[TokenPair] = field(default_factory=list)
    unreadable: int = 0
    revoked: int = 0
    errors: list[DirectusError] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)

    @property
    def lost(self) -> int:
        """How many tokens live on, as far as is known."""
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
        dry_run: count, end nothing.
        on_user: called for each of them once it is done.
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
    """Return what was ended of everybody together."""
    summary = RevokeSummary()
    for one in ended:
        _add(summary, one)
    return summary


# Here


def count_here(users: Iterable[UserRef]) -> Iterator[Ended]:
    """Yield what end_here would end."""
    for batch in _batches(users):
        yield from _by_user(batch, _sessions_of(batch).defer("session_data"))


def end_here(users: Iterable[UserRef], *, are_named: bool) -> Iterator[Ended]:
    """End the sessions here, some users at a time; yield what they had.

    Args:
        users: each once.
        are_named: whether the audit trail shall have those without a session too.
    """
    for batch in _batches(users):
        ended = _by_user(batch, delete_sessions(_sessions_of(batch)))
        for one in ended:
            if are_named or one.sessions:
                _note(one)
        yield from ended


def _batches(users: Iterable[UserRef]) -> Iterator[list[UserRef]]:
    users = iter(users)
    while batch := list(islice(users, BATCH)):
        yield batch


def _sessions_of(batch: list[UserRef]) -> QuerySet[Session]:
    return Session.objects.filter(user__in=[one.pk for one in batch if one.pk])


def _note(one: Ended) -> None:
    audit.record(
        "session.revoked",
        user_id=one.user.pk,
        directus_id=str(one.user.directus_id or ""),
        sessions=one.sessions,
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
    """Revoke what sessions here held; yield everybody once it was tried.

    Args:
        patience: how often to ask again.
    """
    with ThreadPoolExecutor(WORKERS) as pool:
        yield from pool.map(lambda one: _revoke_held(one, patience), ended)


def _revoke_held(one: Ended, patience: int) -> Ended:
    client = clients.anonymous_client()
    for tokens in one.tokens:
        logout = partial(client.logout, tokens.refresh_token)
        try:
            # While Directus is away it is away for all of them.
            patiently(logout, patience, RateLimited)
            one.revoked += 1
        except DirectusError as error:
            one.errors.append(error)
    return one


def _end_elsewhere(
    one: Ended, directus_id: UUID, at_directus: DirectusSessions | None
) -> str:
    """Return why something lives on, or an empty string."""
    if at_directus is None:
        return without_token()
    try:
        return at_directus.end(directus_id)
    except DirectusError as error:
        one.errors.append(error)
        return _("Directus: %(error)s") % {"error": error}


def without_token() -> str:
    """Return why nothing ends at Directus beside what was held here."""
    return _("Sessions elsewhere were not ended: DIRECTUS_SERVICE_TOKEN is not set.")


def settle(one: Ended, reason: str) -> None:
    """Note why something lives on elsewhere; an empty reason: nothing does."""
    if reason:
        one.reasons = [reason, *_lost(one)]
    else:
        # Whatever failed before: all of it has ended now.
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
    """Return when the last access token is dead, or None when all are by now."""
    ends = [datetime.fromtimestamp(pair.dead_at, UTC) for pair in tokens]
    alive = [end for end in [until, *ends] if end and end > timezone.now()]
    return max(alive, default=None)
