"""Mirror everybody: page through Directus, write in batches, then look who is gone.

Rows are found by Directus id and never by e-mail. Nobody is deactivated before the
whole list has been read and the brake has had its say: a list that lies, or a token
that sees half of the people, must not sign the other half out.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from . import signals
from .directus import DirectusClient, DirectusUser
from .mirror import COMPARED, mirrored_values
from .mirror_batches import (
    KnownRow,
    active_users,
    compared,
    known_rows,
    set_groups,
    suspended_users,
    unseen_users,
    write_rows,
)
from .models import Session
from .policies import with_policies
from .sessions import end_sessions

PAGE = 1000
BATCH = 1000
# Ids in one question to Directus: their filter has to fit into a URL.
ASKED_AT_ONCE = 100


class SyncRefused(Exception):
    """Nobody was deactivated, because what Directus says cannot be all; str() why."""


@dataclass
class Outcome:
    """What was done, or would be."""

    seen: int = 0
    created: int = 0
    updated: int = 0
    deactivated: int = 0
    reactivated: int = 0
    sessions_ended: int = 0


def sync_users(
    client: DirectusClient,
    *,
    dry_run: bool = False,
    max_deactivate: float = 20.0,
    on_batch: Callable[[int], None] = lambda size: None,
) -> Outcome:
    """Bring every mirrored user up to date with Directus.

    Args:
        client: with the rights to read all users.
        dry_run: write nothing.
        max_deactivate: the most percent of active users to deactivate.
        on_batch: called with the size of each batch once it is done.

    Raises:
        SyncRefused: the brake stopped it; users were updated, none deactivated.
        DirectusError: Directus went away; what was written is right and stays.
    """
    return _Sync(client, dry_run, max_deactivate).run(on_batch)


def sync_some(
    client: DirectusClient,
    directus_ids: Iterable[UUID],
    *,
    dry_run: bool = False,
    max_deactivate: float = 20.0,
    on_batch: Callable[[int], None] = lambda size: None,
) -> Outcome:
    """Bring some users up to date, each of them asked by id; as sync_users."""
    return _Sync(client, dry_run, max_deactivate).run_some(directus_ids, on_batch)


class _Sync:
    """One run over all users, or some."""

    def __init__(self, client: DirectusClient, dry_run: bool, percent: float) -> None:
        self._client = client
        self._dry_run = dry_run
        self._percent = percent
        self._started = timezone.now()
        self._active_before = active_users().count()
        self._active_and_listed = 0
        self._outcome = Outcome()
        self._page = _page_size(client)
        # More would be cut off, and taken for gone.
        self._asked_at_once = min(ASKED_AT_ONCE, self._page)

    def run(self, on_batch: Callable[[int], None]) -> Outcome:
        """Read, write, then deactivate."""
        fewest = self._client.count_users()
        listing = self._client.list_users(page_size=self._page)
        for batch in _batches(listing, BATCH):
            _require_status(batch)
            self._mirror(batch)
            on_batch(len(batch))
        fewest = min(fewest, self._client.count_users())
        self._brake(fewest)
        if not self._dry_run:
            self._deactivate(suspended_users(self._started))
            self._deactivate_gone()
        return self._outcome

    def run_some(
        self, directus_ids: Iterable[UUID], on_batch: Callable[[int], None]
    ) -> Outcome:
        """Read, write, then deactivate who is not there or not active."""
        leaving: list[int] = []
        remaining = iter(directus_ids)
        while ids := list(islice(remaining, self._asked_at_once)):
            batch = self._client.get_users(ids)
            _require_status(batch)
            self._mirror(batch)
            stay = {profile.id for profile in batch if profile.is_active}
            gone = active_users().filter(directus_id__in=set(ids) - stay)
            leaving += gone.values_list("pk", flat=True)
            on_batch(len(ids))
        self._refuse_too_many(len(leaving))
        if not self._dry_run:
            self._deactivate(active_users().filter(pk__in=leaving))
        return self._outcome

    # Everybody who is there

    def _mirror(self, batch: list[DirectusUser]) -> None:
        batch = with_policies(batch)
        known = known_rows(batch)
        alive = [p for p in batch if p.id not in known or not known[p.id].is_deleted]
        stale, fresh, back = [], [], []
        for profile in alive:
            row = known.get(profile.id)
            values = mirrored_values(profile)
            if row is None or row.values != compared(values):
                stale.append((profile, values))
            else:
                fresh.append(row.pk)
            if row and profile.is_active and not row.is_active:
                back.append(row.pk)
        self._count(batch, known, len(stale), len(back))
        if not self._dry_run:
            write_rows(stale)
            get_user_model().objects.filter(pk__in=fresh).update(
                synced_at=timezone.now()
            )
            get_user_model().objects.filter(pk__in=back).update(is_active=True)
            set_groups(alive)
            _tell(stale, known)

    def _count(
        self,
        batch: list[DirectusUser],
        known: dict[UUID, KnownRow],
        stale: int,
        back: int,
    ) -> None:
        new = len(batch) - len(known)
        self._outcome.seen += len(batch)
        self._outcome.created += new
        self._outcome.updated += stale - new
        self._outcome.reactivated += back
        here = {profile.id for profile in batch if profile.is_active}
        self._active_and_listed += sum(
            row.is_active and directus_id in here for directus_id, row in known.items()
        )

    # Everybody who is not, or not active

    def _brake(self, fewest: int) -> None:
        """Refuse to deactivate more than is likely; count who would be otherwise."""
        if self._outcome.seen < fewest:
            raise SyncRefused(
                _("Directus counts %(count)d users and lists %(seen)d; run it again.")
                % {"count": fewest, "seen": self._outcome.seen}
            )
        self._refuse_too_many(self._leaving())

    def _refuse_too_many(self, leaving: int) -> None:
        allowed = int(self._active_before * self._percent / 100)
        if self._percent:
            # One of a handful may always leave.
            allowed = max(1, allowed)
        if leaving > allowed:
            raise SyncRefused(
                _(
                    "%(leaving)d of %(active)d active users are gone from Directus or "
                    "not active there. If that is right, pass --max-deactivate 100."
                )
                % {"leaving": leaving, "active": self._active_before}
            )
        if self._dry_run:
            self._outcome.deactivated = leaving

    def _leaving(self) -> int:
        if self._dry_run:
            return max(0, self._active_before - self._active_and_listed)
        return (
            suspended_users(self._started).count() + unseen_users(self._started).count()
        )

    def _deactivate_gone(self) -> None:
        """Deactivate whom Directus does not know, asked by id.

        The list alone is no proof: a deletion meanwhile moves others to a page that
        was read already.
        """
        candidates = unseen_users(self._started).order_by("pk")
        last = 0
        while rows := list(
            candidates.filter(pk__gt=last).values_list("pk", "directus_id")[
                : self._asked_at_once
            ]
        ):
            last = rows[-1][0]
            there = _still_there(
                self._client, [directus_id for _pk, directus_id in rows]
            )
            gone = [pk for pk, directus_id in rows if directus_id not in there]
            self._deactivate(active_users().filter(pk__in=gone))

    def _deactivate(self, users: QuerySet) -> None:
        while pks := list(users.order_by("pk").values_list("pk", flat=True)[:BATCH]):
            rows = get_user_model().objects.filter(pk__in=pks)
            self._outcome.deactivated += rows.update(
                is_active=False, is_staff=False, is_superuser=False
            )
            if signals.is_heard():
                signals.tell_deactivated(rows.all())
            self._outcome.sessions_ended += end_sessions(
                Session.objects.filter(user__in=pks)
            )


def _tell(
    stale: list[tuple[DirectusUser, dict[str, Any]]], known: dict[UUID, KnownRow]
) -> None:
    """Tell other apps what was written, if one listens."""
    if not signals.is_heard():
        return
    values = {profile.id: compared(after) for profile, after in stale}
    for user in get_user_model().objects.filter(directus_id__in=values):
        row = known.get(user.directus_id)
        signals.tell_mirrored(
            user,
            dict(zip(COMPARED, row.values, strict=True)) if row else None,
            dict(zip(COMPARED, values[user.directus_id], strict=True)),
        )


# What is read


def _page_size(client: DirectusClient) -> int:
    limits = client.get_server_info().get("queryLimit")
    most = limits.get("max") if isinstance(limits, dict) else None
    return min(PAGE, most) if isinstance(most, int) and most > 0 else PAGE


def _batches(
    profiles: Iterator[DirectusUser], size: int
) -> Iterator[list[DirectusUser]]:
    """Yield batches; the next one is read while its predecessor is written."""

    def read() -> list[DirectusUser]:
        # Once each: one statement cannot write a row twice.
        return list(
            {profile.id: profile for profile in islice(profiles, size)}.values()
        )

    with ThreadPoolExecutor(max_workers=1) as reader:
        batch = read()
        while batch:
            following = reader.submit(read)
            yield batch
            batch = following.result()


def _require_status(batch: Iterable[DirectusUser]) -> None:
    if not all(profile.is_complete for profile in batch):
        raise SyncRefused(
            _("The service token may not read the status of users: run directus_setup.")
        )


def _still_there(client: DirectusClient, directus_ids: list[UUID]) -> set[UUID]:
    rule = {"id": {"_in": [str(directus_id) for directus_id in directus_ids]}}
    params = {"fields": "id", "limit": "-1", "filter": json.dumps(rule)}
    return {UUID(row["id"]) for row in client.get("/users", params=params)}
