"""Mirror all users: read pages, write batches, then deactivate missing users.

Rows are found by Directus id, never by email. No user is deactivated before the whole
list has been read and the limit was checked: an incomplete list, or a token that sees
half of the users, must not sign out the other half.

A run notes its progress. A resumed run also reads the users that were changed since
the first run began, and the limit applies to both together.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from uuid import UUID

from django.db.models import QuerySet

from ..core import clients
from ..directus import DirectusClient, DirectusUser
from ..mirror import policies
from ..mirror.policies import with_policies
from ..mirror.users import clock
from ..models import SyncPosition
from . import checkpoint
from .bulk import (
    active_users,
    deactivate,
    difference,
    suspended_users,
    unseen_users,
    write,
)
from .changes import NoDelta, changed_since
from .pages import SyncRefused, batches, gone_users, require_status

BATCH = 1000
# Ids in one request: the filter has to fit into a URL.
ASKED_AT_ONCE = 100


@dataclass
class SyncResult:
    """The result of a run, or of a dry run."""

    seen: int = 0
    created: int = 0
    updated: int = 0
    deactivated: int = 0
    reactivated: int = 0
    sessions_ended: int = 0
    # The number of users that an interrupted run had read.
    resumed: int = 0


def sync_users(
    client: DirectusClient,
    *,
    dry_run: bool = False,
    max_deactivate: float = 20.0,
    resume: bool = False,
    on_batch: Callable[[int], None] = lambda size: None,
) -> SyncResult:
    """Bring every mirrored user up to date with Directus.

    Args:
        client: may read all users.
        dry_run: write nothing.
        max_deactivate: the highest percentage of active users to deactivate.
        resume: continue the last run if it was interrupted within a day and Directus
            can list the users that were changed since; not for a dry run.
        on_batch: called with the size of each finished batch.

    Raises:
        SyncRefused: too many users would be deactivated; users were updated, none was
            deactivated.
        DirectusError: Directus did not answer; all written rows are right and stay.
    """
    sync = _Sync(client, dry_run, max_deactivate)
    position = checkpoint.left_behind() if resume else None
    if position is not None:
        try:
            changed = changed_since(client, position.started_at)
        except NoDelta:
            # Only a run of its own finds the users that left since.
            pass
        else:
            return sync.go_on(position, changed, on_batch)
    return sync.run(on_batch)


def sync_some(
    client: DirectusClient,
    directus_ids: Iterable[UUID],
    *,
    dry_run: bool = False,
    max_deactivate: float = 20.0,
    on_batch: Callable[[int], None] = lambda size: None,
) -> SyncResult:
    """Bring some users up to date, requested by id; otherwise as sync_users."""
    return _Sync(client, dry_run, max_deactivate).run_some(directus_ids, on_batch)


class _Sync:
    """One run over all users, or some."""

    def __init__(self, client: DirectusClient, dry_run: bool, percent: float) -> None:
        self._client = client
        self._dry_run = dry_run
        self._percent = percent
        self._clock = clock()
        self._started = self._clock.now()
        self._active_before = active_users().count()
        self._active_and_listed = 0
        self._result = SyncResult()
        # Users that the interrupted run listed and that left since.
        self._left_since = _Leaving()
        self._page = clients.page_size(client)
        # Directus would truncate a longer answer, and users would seem missing.
        self._asked_at_once = min(ASKED_AT_ONCE, self._page)

    def run(self, on_batch: Callable[[int], None]) -> SyncResult:
        """Read, write, then deactivate."""
        if not self._dry_run:
            checkpoint.delete_others(self._started)
        return self._run(self._client.count_users(), None, on_batch)

    def go_on(
        self,
        position: SyncPosition,
        changed: Iterable[UUID],
        on_batch: Callable[[int], None],
    ) -> SyncResult:
        """Finish an interrupted run.

        Args:
            position: the progress of that run.
            changed: ids of users that were changed since it began.
            on_batch: as for sync_users.
        """
        self._started = position.started_at
        self._active_before = position.active_before
        for name in ("seen", "created", "updated", "reactivated"):
            setattr(self._result, name, getattr(position, name))
        self._result.resumed = position.seen
        on_batch(position.seen)
        for asked_at, ids, batch in self._asked(changed):
            self._mirror(batch, listed=False)
            gone = set(ids) - {profile.id for profile in batch}
            listed = active_users().filter(synced_at__gte=self._started)
            self._left_since.add(listed.filter(directus_id__in=gone), asked_at)
        return self._run(position.fewest, position.last_id, on_batch)

    def _run(
        self, fewest: int, after: UUID | None, on_batch: Callable[[int], None]
    ) -> SyncResult:
        listing = self._client.list_users(
            page_size=self._page, after=after, passed=self._result.seen
        )
        for batch in batches(listing, BATCH):
            require_status(batch)
            self._mirror(batch)
            self._note(fewest, batch[-1].id)
            on_batch(len(batch))
        # From here on a failure means that the whole list must be read again.
        checkpoint.delete(self._started)
        fewest = min(fewest, self._client.count_users())
        self._brake(fewest)
        if not self._dry_run:
            self._deactivate(suspended_users(self._started))
            for asked_at, gone in self._left_since.users():
                self._deactivate(gone, asked_at)
            for asked_at, gone in gone_users(
                self._client, self._clock, self._started, self._asked_at_once
            ):
                self._deactivate(gone, asked_at)
            checkpoint.note_end()
        return self._result

    def _note(self, fewest: int, last_id: UUID) -> None:
        if self._dry_run:
            return
        checkpoint.note(
            self._started,
            last_id=last_id,
            fewest=fewest,
            active_before=self._active_before,
            seen=self._result.seen,
            created=self._result.created,
            updated=self._result.updated,
            reactivated=self._result.reactivated,
        )

    def run_some(
        self, directus_ids: Iterable[UUID], on_batch: Callable[[int], None]
    ) -> SyncResult:
        """Read, write, then deactivate missing and inactive users."""
        gone, suspended = _Leaving(), _Leaving()
        for asked_at, ids, batch in self._asked(directus_ids):
            self._mirror(batch)
            there = {profile.id for profile in batch}
            barred = {profile.id for profile in batch if not profile.is_active}
            gone.add(active_users().filter(directus_id__in=set(ids) - there), asked_at)
            suspended.add(active_users().filter(directus_id__in=barred), asked_at)
            on_batch(len(ids))
        self._refuse_too_many(len(gone) + len(suspended))
        if not self._dry_run:
            for asked_at, users in gone.users():
                self._deactivate(users, asked_at)
            for _asked_at, users in suspended.users():
                # The row may be newer by now.
                self._deactivate(users.exclude(status="active"))
        return self._result

    def _asked(
        self, directus_ids: Iterable[UUID]
    ) -> Iterator[tuple[datetime, list[UUID], list[DirectusUser]]]:
        """Yield the time of each request, and the profiles that it returned."""
        remaining = iter(directus_ids)
        while ids := list(islice(remaining, self._asked_at_once)):
            asked_at = self._clock.now()
            batch = self._client.get_users(ids)
            require_status(batch)
            yield asked_at, ids, batch

    # Present users

    def _mirror(self, batch: list[DirectusUser], *, listed: bool = True) -> None:
        # Read again: policies must not be older than the users.
        policies.forget()
        batch = with_policies(batch)
        mirror = difference if self._dry_run else write
        found = mirror(batch, self._clock)
        if listed:
            # The limit compares the list with Directus' own count.
            self._result.seen += len(batch)
        self._result.created += len(found.new)
        self._result.updated += len(found.stale)
        self._result.reactivated += len(found.back)
        self._active_and_listed += found.were_active

    # Missing and inactive users

    def _brake(self, fewest: int) -> None:
        """Refuse to deactivate too many users; in a dry run count them."""
        if self._result.seen < fewest:
            raise SyncRefused(
                f"Directus counts {fewest} users and lists {self._result.seen}; "
                "run it again."
            )
        if not self._result.seen:
            # Even without customers, Directus has the service user.
            raise SyncRefused(
                "Directus lists no user, not even the service user: the service "
                "token may not see users."
            )
        self._refuse_too_many(self._leaving())

    def _refuse_too_many(self, leaving: int) -> None:
        allowed = int(self._active_before * self._percent / 100)
        if self._percent:
            # One missing user is always accepted.
            allowed = max(1, allowed)
        if leaving > allowed:
            raise SyncRefused(
                f"{leaving} of {self._active_before} active users are gone from "
                "Directus or not active there. If that is right, pass "
                "--max-deactivate 100."
            )
        if self._dry_run:
            self._result.deactivated = leaving

    def _leaving(self) -> int:
        if self._dry_run:
            return max(0, self._active_before - self._active_and_listed)
        return (
            suspended_users(self._started).count()
            + unseen_users(self._started).count()
            + len(self._left_since)
        )

    def _deactivate(self, users: QuerySet, asked_at: datetime | None = None) -> None:
        deactivated, ended = deactivate(users, asked_at)
        self._result.deactivated += deactivated
        self._result.sessions_ended += ended


class _Leaving:
    """Users to deactivate within the limit, with the times of the requests."""

    def __init__(self) -> None:
        self._found: list[tuple[datetime, list[int]]] = []

    def __len__(self) -> int:
        return sum(len(pks) for _asked_at, pks in self._found)

    def add(self, users: QuerySet, asked_at: datetime) -> None:
        """Note users of the database."""
        self._found.append((asked_at, list(users.values_list("pk", flat=True))))

    def users(self) -> Iterator[tuple[datetime, QuerySet]]:
        """Yield the time of the request, and the users that are still active."""
        for asked_at, pks in self._found:
            yield asked_at, active_users().filter(pk__in=pks)
