"""Read users with all their fields, and delete them."""

import json
from typing import Any
from uuid import UUID

from .answers import as_object
from .exceptions import DirectusUnavailable
from .plain import PlainClient

ACTIVITY_PAGE = 500
MOST_ACTIVITY = 10_000
ACTIVITY_FIELDS = "id,timestamp,action,user,item,ip,user_agent"


class RecordsClient(PlainClient):
    """Reads all data of a user, and deletes users."""

    def read_own_record(self) -> dict[str, Any]:
        """Return all fields of the signed-in user that may be read; at least the id."""
        return as_object(self._read("/users/me", {"fields": "*"}, large=True))

    def read_record(self, user_id: UUID) -> dict[str, Any]:
        """Return all fields of a user that may be read. Raises Forbidden for none."""
        return as_object(self._read(f"/users/{user_id}", {"fields": "*"}, large=True))

    def list_activity(self, user_id: UUID) -> list[dict[str, Any]]:
        """Return the last entries of the log by or about a user, in order.

        At most 10 000. Raises Forbidden if the log may not be read.
        """
        about = [{"user": {"_eq": str(user_id)}}, {"item": {"_eq": str(user_id)}}]
        rules: list[dict[str, Any]] = [
            {"collection": {"_eq": "directus_users"}},
            {"_or": about},
        ]
        entries: list[dict[str, Any]] = []
        while len(entries) < MOST_ACTIVITY:
            before = [{"id": {"_lt": entries[-1]["id"]}}] if entries else []
            params = {
                "fields": ACTIVITY_FIELDS,
                "filter": json.dumps({"_and": [*rules, *before]}),
                "sort": "-id",
                "limit": str(ACTIVITY_PAGE),
            }
            page = self._read("/activity", params, large=True)
            if not isinstance(page, list):
                raise DirectusUnavailable("GET /activity: not a list")
            entries += map(as_object, page)
            if len(page) < ACTIVITY_PAGE:
                break
        return entries[::-1]

    def has_user(self, user_id: UUID) -> bool:
        """Return whether the user exists and may be read."""
        rule = json.dumps({"id": {"_eq": str(user_id)}})
        rows = self._read("/users", {"fields": "id", "filter": rule})
        if not isinstance(rows, list):
            raise DirectusUnavailable("GET /users: not a list")
        return bool(rows)

    def delete_user(self, user_id: UUID) -> None:
        """Delete a user. Raises Forbidden if there is none, or it is not allowed."""
        self.delete(f"/users/{user_id}")
