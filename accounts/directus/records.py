"""Users as whole records: read for their owners, and deleted."""

import json
from typing import Any
from uuid import UUID

from .exceptions import DirectusUnavailable
from .plain import PlainClient


class RecordsClient(PlainClient):
    """Reads every field of a user, and deletes users."""

    def read_own_record(self) -> dict[str, Any]:
        """Return every field of the own user that may be read; at least the id."""
        return _object(self._read("/users/me", {"fields": "*"}, large=True))

    def read_record(self, user_id: UUID) -> dict[str, Any]:
        """Return every field of a user that may be read. Raises Forbidden for none."""
        return _object(self._read(f"/users/{user_id}", {"fields": "*"}, large=True))

    def has_user(self, user_id: UUID) -> bool:
        """Return whether there is such a user, of those who may be seen."""
        rule = json.dumps({"id": {"_eq": str(user_id)}})
        rows = self._read("/users", {"fields": "id", "filter": rule})
        if not isinstance(rows, list):
            raise DirectusUnavailable("GET /users: not a list")
        return bool(rows)

    def delete_user(self, user_id: UUID) -> None:
        """Delete a user. Raises Forbidden for none, as for one out of reach."""
        self.delete(f"/users/{user_id}")


def _object(data: Any) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise DirectusUnavailable("the record is not an object")
    return data
