"""Who was changed in Directus since a moment: what a delta asks for.

Directus keeps no time of change in its users. A field `date_updated` that was added to
them has every change, by Flows and extensions too, but no deletions. The activity log
has every change by the API, deletions and sign-ins too. Both are asked; either will do.

Both have times of Directus' clock. Where that is behind ours, the moment is put back.
"""

import json
import logging
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone

from ..core import clients, clock
from ..directus import DirectusClient, Forbidden, InvalidPayload

PAGE = 100
# Directus 12 without a licence keeps its log for 30 days.
LOG_DAYS = 29


# How far behind it may be where it does not tell, and when the log says so.
UNKNOWN = timedelta(minutes=5)
# It tells the time to the second.
AS_GOOD_AS_NONE = timedelta(seconds=2)
WORTH_A_WORD = timedelta(seconds=30)

logger = logging.getLogger(__name__)


class NoDelta(Exception):
    """Directus cannot tell who was changed; str() why."""


def changed_since(client: DirectusClient, since: datetime) -> list[UUID]:
    """Return who was created, changed, deleted or signed in since then, each once.

    Args:
        client: with the rights to read all users.
        since: by our own clock.

    Raises:
        NoDelta: only a sync of everybody can tell.
    """
    since -= _behind()
    if since < timezone.now() - timedelta(days=LOG_DAYS):
        raise NoDelta(
            "Directus may not remember that long: sync everybody, without --since."
        )
    size = min(PAGE, clients.page_size(client))
    found: dict[UUID, None] = {}
    answered = 0
    for source in (_from_field, _from_log):
        # No such field, or not for the service token.
        with suppress(Forbidden, InvalidPayload):
            found |= dict.fromkeys(source(client, since, size))
            answered += 1
    if not answered:
        raise NoDelta(
            "The service token reads neither directus_activity nor a field "
            "date_updated of users: run directus_setup."
        )
    return list(found)


def _behind() -> timedelta:
    """Return how far Directus' clock is behind ours; ahead does no harm."""
    try:
        behind = timedelta(seconds=-clock.seconds_apart())
    except clock.ClockUnknown:
        return UNKNOWN
    if abs(behind) > WORTH_A_WORD:
        text = "The clocks differ: Directus' is %d s behind this one (negative: ahead)."
        logger.warning(text, behind.total_seconds())
    return behind if behind > AS_GOOD_AS_NONE else timedelta(0)


def _from_log(client: DirectusClient, since: datetime, size: int) -> Iterator[UUID]:
    last = 0
    rule: list[dict[str, Any]] = [
        {"collection": {"_eq": "directus_users"}},
        {"timestamp": {"_gte": _moment(since)}},
    ]
    while True:
        rows = client.get(
            "/activity",
            params={
                "fields": "id,item",
                "filter": json.dumps({"_and": [*rule, {"id": {"_gt": last}}]}),
                "sort": "id",
                "limit": str(size),
            },
        )
        if not rows:
            return
        for row in rows:
            # Other rows than those of a user have no id here.
            with suppress(ValueError, TypeError, AttributeError):
                yield UUID(row["item"])
        last = rows[-1]["id"]


def _from_field(client: DirectusClient, since: datetime, size: int) -> Iterator[UUID]:
    rule = {"date_updated": {"_gte": _moment(since)}}
    params = {"fields": "id", "filter": json.dumps(rule), "sort": "id"}
    page = 1
    while rows := client.get(
        "/users", params=params | {"limit": str(size), "page": str(page)}
    ):
        yield from (UUID(row["id"]) for row in rows)
        page += 1


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
