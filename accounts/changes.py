"""Who was changed in Directus since a moment: what a delta asks for.

Directus keeps no time of change in its users. Its activity log has every change by
its API, deletions too; a field `date_updated` that an operator added has all but
deletions.
"""

import json
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _

from .directus import DirectusClient, Forbidden, InvalidPayload

PAGE = 100
# Directus 12 without a licence keeps its log for 30 days.
LOG_DAYS = 29


class NoDelta(Exception):
    """Directus cannot tell who was changed; str() why."""


def changed_since(client: DirectusClient, since: datetime) -> list[UUID]:
    """Return who was created, changed, deleted or signed in since then, each once.

    Raises:
        NoDelta: only a sync of everybody can tell.
    """
    if since < timezone.now() - timedelta(days=LOG_DAYS):
        raise NoDelta(
            _("Directus may not remember that long: sync everybody, without --since.")
        )
    try:
        return list(dict.fromkeys(_from_log(client, since)))
    except Forbidden:
        pass
    try:
        return list(dict.fromkeys(_from_field(client, since)))
    except (Forbidden, InvalidPayload):
        raise NoDelta(
            _(
                "The service token reads neither directus_activity nor a field "
                "date_updated of users: run directus_setup."
            )
        ) from None


def _from_log(client: DirectusClient, since: datetime) -> Iterator[UUID]:
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
                "limit": str(PAGE),
            },
        )
        if not rows:
            return
        for row in rows:
            # Other rows than those of a user have no id here.
            with suppress(ValueError, TypeError, AttributeError):
                yield UUID(row["item"])
        last = rows[-1]["id"]


def _from_field(client: DirectusClient, since: datetime) -> Iterator[UUID]:
    rule = {"date_updated": {"_gte": _moment(since)}}
    params = {"fields": "id", "filter": json.dumps(rule), "sort": "id"}
    page = 1
    while rows := client.get(
        "/users", params=params | {"limit": str(PAGE), "page": str(page)}
    ):
        yield from (UUID(row["id"]) for row in rows)
        page += 1


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
