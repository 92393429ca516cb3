"""Find the users that were changed in Directus since a time.

Directus stores no time of change in its users. An added field `date_updated` has the
time of every change, also by Flows and extensions, but not of deletions. The activity
log has changes by the API, deletions and sign-ins. Either source is enough.

Both use Directus' clock. If it is behind the site's, the time is moved back.
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
# Without a licence, Directus 12 keeps its log for 30 days.
LOG_DAYS = 29


# The assumed lag if Directus does not report its time, and the lag of the log.
UNKNOWN = timedelta(minutes=5)
# Directus reports whole seconds.
AS_GOOD_AS_NONE = timedelta(seconds=2)
WORTH_A_WORD = timedelta(seconds=30)

logger = logging.getLogger(__name__)


class NoDelta(Exception):
    """Directus cannot list the changed users; str() says why."""


def changed_since(client: DirectusClient, since: datetime) -> list[UUID]:
    """Return the ids of users that were changed, or signed in, since then.

    Args:
        client: may read all users.
        since: by the site's clock.

    Raises:
        NoDelta: only a sync of all users can find the changes.
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
        # There is no such field, or the service token may not read it.
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
    """Return the lag of Directus' clock; 0 if it is ahead, which does no harm."""
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
            # Entries about other collections have no user id.
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
