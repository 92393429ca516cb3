"""Times in answers of Directus, and their relation to its clock."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from ...core import clients
from ...directus import DirectusClient
from ..provisioning import SiteIds


@dataclass(frozen=True)
class Dated:
    """A row of Directus, and a time in it as Directus returned it."""

    path: str
    id: str
    field: str
    told: str


class Times:
    """The part of `Site` that is about times."""

    @property
    def own(self) -> SiteIds:
        """The ids of the site's objects in Directus."""
        raise NotImplementedError

    @cached_property
    def service(self) -> DirectusClient:
        """The client with the service token."""
        raise NotImplementedError

    @cached_property
    def dated(self) -> Dated | None:
        """A row with a time: the site's Flow, or the user with the last access."""
        rule = {"id": {"_eq": self.own.webhook_flow}}
        for row in self._rows("flows", "id,date_created", rule):
            return Dated("flows", row["id"], "date_created", row["date_created"])
        params = {
            "fields": "id,last_access",
            "sort": "-last_access",
            "limit": "1",
            "filter": json.dumps({"last_access": {"_nnull": True}}),
        }
        for row in self.service.get("/users", params=params):
            return Dated("users", row["id"], "last_access", row["last_access"])
        return None

    def is_aged(self, row: Dated, seconds: int, tolerance: int) -> bool:
        """Return whether a row is at least so old, by Directus' clock."""
        oldest, newest = seconds + tolerance, max(0, seconds - tolerance)
        rules = [
            {"id": {"_eq": row.id}},
            {row.field: {"_gte": _ago(oldest)}},
            {row.field: {"_lte": _ago(newest)}},
        ]
        return bool(self._rows(row.path, "id", {"_and": rules}))

    @cached_property
    def last_change(self) -> datetime | None:
        """The time of the last change or deletion of users by other users.

        Directus logs a lock-out as a change by the user, and does not run the Flow.
        """
        rule = {
            "_and": [
                {"collection": {"_eq": "directus_users"}},
                {"action": {"_in": ["update", "delete"]}},
            ]
        }
        params = {
            "fields": "timestamp,user,item",
            "sort": "-id",
            "limit": str(min(50, clients.page_size(self.service))),
            "filter": json.dumps(rule),
        }
        for row in self.service.get("/activity", params=params):
            if row["user"] != row["item"]:
                return moment_of(row["timestamp"])
        return None

    def had_flow(self, seconds: int) -> bool:
        """Return whether the site's Flow is at least so old."""
        rule = {
            "_and": [
                {"id": {"_eq": self.own.webhook_flow}},
                {"date_created": {"_lte": _ago(seconds)}},
            ]
        }
        return bool(self._rows("flows", "id", rule))

    def _rows(self, path: str, fields: str, rule: Any = None) -> list[dict[str, Any]]:
        raise NotImplementedError


def moment_of(text: str) -> datetime:
    """Return a time of Directus; on SQLite it has no zone."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _ago(seconds: int) -> str:
    return f"$NOW(-{seconds} seconds)"
