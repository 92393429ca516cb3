"""Read users for directus_sync: all in batches, and the missing ones."""

import json
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from itertools import islice
from uuid import UUID

from django.db.models import QuerySet

from ..directus import DirectusClient, DirectusUser
from ..mirror.users import Clock
from .bulk import active_users, unseen_users


class SyncRefused(Exception):
    """No user was deactivated: Directus' answer is incomplete; str() says why."""


def batches(
    profiles: Iterator[DirectusUser], size: int
) -> Iterator[list[DirectusUser]]:
    """Yield batches; the next batch is read while the caller writes the last one."""

    def read() -> list[DirectusUser]:
        # Each user once: one statement cannot write a row twice.
        return list(
            {profile.id: profile for profile in islice(profiles, size)}.values()
        )

    with ThreadPoolExecutor(max_workers=1) as reader:
        batch = read()
        while batch:
            following = reader.submit(read)
            yield batch
            batch = following.result()


def require_status(batch: Iterable[DirectusUser]) -> None:
    """Raise SyncRefused unless Directus returns the status of users."""
    if not all(profile.is_complete for profile in batch):
        raise SyncRefused(
            "The service token may not read the status of users: run directus_setup."
        )


def gone_users(
    client: DirectusClient, clock: Clock, since: datetime, at_once: int
) -> Iterator[tuple[datetime, QuerySet]]:
    """Yield the time of a request, and active users that Directus did not return.

    Users that are missing in the list since then are requested by id, some at a time.
    The list is no proof: a deletion meanwhile moves other users to a page that was
    read before.
    """
    candidates = unseen_users(since).order_by("pk")
    last = 0
    while rows := list(
        candidates.filter(pk__gt=last).values_list("pk", "directus_id")[:at_once]
    ):
        last = rows[-1][0]
        asked_at = clock.now()
        there = still_there(client, [directus_id for _pk, directus_id in rows])
        gone = [pk for pk, directus_id in rows if directus_id not in there]
        yield asked_at, active_users().filter(pk__in=gone)


def still_there(client: DirectusClient, directus_ids: list[UUID]) -> set[UUID]:
    rule = {"id": {"_in": [str(directus_id) for directus_id in directus_ids]}}
    params = {"fields": "id", "limit": "-1", "filter": json.dumps(rule)}
    return {UUID(row["id"]) for row in client.get("/users", params=params)}
