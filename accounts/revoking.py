"""Sign people out everywhere: here, and at Directus as far as it can be made to.

The sessions here end first, then the refresh tokens that they held, then what Directus
has beside them. An access token that was handed out lives until it expires: Directus
has no way to end one.
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice

from django.contrib.auth import get_user_model
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from . import audit, clients
from .directus import DirectusError, DirectusUnavailable, RateLimited, TokenPair
from .directus_sessions import DirectusSessions
from .models import Session
from .people import Person
from .sessions import take_out
from .token_store import holds_tokens, tokens_in

BATCH = 200
# Calls to Directus at once: an incident should not take its processor from everybody.
WORKERS = 4


@dataclass(frozen=True)
class Left:
    """What could not be ended of somebody, and why."""

    person: Person
    reason: str


@dataclass
class Outcome:
    """What was ended, or would be, and what lives on."""

    people: int = 0
    sessions_ended: int = 0
    tokens_held: int = 0
    tokens_revoked: int = 0
    left: list[Left] = field(default_factory=list)
    directus_failed: bool = False
    # The last access token of a session that ended here.
    access_tokens_until: datetime | None = None

    def as_dict(self) -> dict[str, object]:
        """Return it as JSON has it."""
        until = self.access_tokens_until
        left = [{**one.person.as_dict(), "reason": one.reason} for one in self.left]
        return vars(self) | {
            "left": left,
            "access_tokens_until": until and until.isoformat(),
        }


@dataclass
class _Ended:
    """What one person had here, and what Directus said."""

    person: Person
    sessions: int = 0
    tokens: list[TokenPair] = field(default_factory=list)
    unreadable: int = 0
    revoked: int = 0
    errors: list[DirectusError] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)


def everybody() -> Iterator[Person]:
    """Yield all users, in batches of queries."""
    users = get_user_model().objects.order_by("pk")
    last = 0
    while rows := list(
        users.filter(pk__gt=last).values_list("pk", "directus_id")[:BATCH]
    ):
        yield from (Person(*row) for row in rows)
        last = rows[-1][0]


def revoke(
    people: Iterable[Person],
    *,
    dry_run: bool = False,
    on_person: Callable[[], object] = lambda: None,
) -> Outcome:
    """End all sessions of people.

    Args:
        people: whom; each once.
        dry_run: count, end nothing.
        on_person: called for each of them once it is done.
    """
    outcome = Outcome()
    people = iter(people)
    ended: list[_Ended] = []
    # Everybody's here before anybody's there: Directus may take its time.
    while batch := list(islice(people, BATCH)):
        ended += _count(batch) if dry_run else _end_here(batch)
    for one in ended if dry_run else _ended_there(ended):
        _add(outcome, one)
        on_person()
    return outcome


# Here


def _count(batch: list[Person]) -> list[_Ended]:
    return _by_person(batch, _sessions_of(batch).defer("session_data"))


def _end_here(batch: list[Person]) -> list[_Ended]:
    ended = _by_person(batch, take_out(_sessions_of(batch)))
    for one in ended:
        _note(one)
    return ended


def _sessions_of(batch: list[Person]):
    return Session.objects.filter(user__in=[one.pk for one in batch if one.pk])


def _note(one: _Ended) -> None:
    audit.record(
        "session.revoked",
        user_id=one.person.pk,
        directus_id=str(one.person.directus_id or ""),
        sessions=one.sessions,
    )


def _by_person(batch: list[Person], rows: Iterable[Session]) -> list[_Ended]:
    ended = [_Ended(person) for person in batch]
    by_key = {one.person.pk: one for one in ended}
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


def _ended_there(ended: list[_Ended]) -> Iterator[_Ended]:
    """Yield them when Directus was told, some at a time."""
    service = clients.service_client()
    at_directus = DirectusSessions(service) if service else None
    with ThreadPoolExecutor(WORKERS) as pool:
        yield from pool.map(lambda one: _end_there(one, at_directus), ended)


def _end_there(one: _Ended, at_directus: DirectusSessions | None) -> _Ended:
    """Revoke what was held here, then what was not; note what lives on."""
    for tokens in one.tokens:
        try:
            clients.anonymous_client().logout(tokens.refresh_token)
            one.revoked += 1
        except DirectusError as error:
            one.errors.append(error)
    if one.person.directus_id is None:
        return one
    reason = _end_elsewhere(one, at_directus)
    if reason:
        one.reasons = [reason, *_lost(one)]
    else:
        # Whatever failed before: all of it has ended now.
        one.errors.clear()
    return one


def _end_elsewhere(one: _Ended, at_directus: DirectusSessions | None) -> str:
    """Return why something lives on, or an empty string."""
    if at_directus is None:
        return _("Sessions elsewhere need DIRECTUS_SERVICE_TOKEN to be ended.")
    try:
        return at_directus.end(one.person.directus_id)
    except DirectusError as error:
        one.errors.append(error)
        return _("Directus: %s") % error


def _lost(one: _Ended) -> list[str]:
    lost = len(one.tokens) - one.revoked + one.unreadable
    if not lost:
        return []
    text = ngettext(
        "%(n)d refresh token that was held here lives on.",
        "%(n)d refresh tokens that were held here live on.",
        lost,
    )
    return [text % {"n": lost}]


def _add(outcome: Outcome, one: _Ended) -> None:
    outcome.people += 1
    outcome.sessions_ended += one.sessions
    outcome.tokens_held += len(one.tokens) + one.unreadable
    outcome.tokens_revoked += one.revoked
    outcome.directus_failed |= any(map(_is_silence, one.errors))
    outcome.access_tokens_until = _latest(outcome.access_tokens_until, one.tokens)
    if one.reasons:
        outcome.left.append(Left(one.person, " ".join(one.reasons)))


def _is_silence(error: DirectusError) -> bool:
    return isinstance(error, DirectusUnavailable | RateLimited)


def _latest(until: datetime | None, tokens: list[TokenPair]) -> datetime | None:
    """Return when the last access token is dead, or None when all are by now."""
    ends = [datetime.fromtimestamp(pair.dead_at, UTC) for pair in tokens]
    alive = [end for end in [until, *ends] if end and end > timezone.now()]
    return max(alive, default=None)
