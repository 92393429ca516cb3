"""Read users with all their fields, and delete them."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from .answers import Answer, as_list, as_object
from .calls import Call, Repeat
from .exceptions import DirectusUnavailable
from .plain import PlainClient
from .users import moment_in

ACTIVITY_PAGE = 500
MOST_ACTIVITY = 10_000
ACTIVITY_FIELDS = "id,timestamp,action,user,item,ip,user_agent"
MOST_SIGN_INS = 500
SIGN_IN_FIELDS = "id,timestamp,ip,user_agent"
# A smaller difference may be that of a slow answer.
CLOCKS_AGREE = timedelta(seconds=30)
_MOMENT = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True)
class LoggedSignIn:
    """A sign-in in Directus' log; `at` is a time of this host's clock."""

    at: datetime
    address: str = field(repr=False)
    user_agent: str = field(repr=False)


class RecordsClient(PlainClient):
    """Reads all data of a user, and deletes users."""

    def read_own_record(self) -> dict[str, Any]:
        """Return all fields of the signed-in user that may be read; at least the id."""
        return as_object(self._read("/users/me", {"fields": "*"}, large=True))

    def read_record(self, user_id: UUID) -> dict[str, Any]:
        """Return all fields of a user that may be read. Raises Forbidden for none."""
        return as_object(self._read(f"/users/{user_id}", {"fields": "*"}, large=True))

    def list_activity(
        self, user_id: UUID, *, page_size: int = ACTIVITY_PAGE
    ) -> list[dict[str, Any]]:
        """Return the last entries of the log by or about a user, in order.

        At most 10 000. Raises Forbidden if the log may not be read.

        Args:
            page_size: how many rows Directus sends at once.
        """
        page_size = min(page_size, ACTIVITY_PAGE)
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
                "limit": str(page_size),
            }
            page = as_list(self._read("/activity", params, large=True), "GET /activity")
            entries += map(as_object, page)
            if len(page) < page_size:
                break
        return entries[::-1]

    def list_sign_ins(
        self, user_id: UUID, since: datetime, *, page_size: int = MOST_SIGN_INS
    ) -> list[LoggedSignIn]:
        """Return the last sign-ins of a user, here and elsewhere; the newest first.

        At most 500. Raises Forbidden if the log may not be read.

        Args:
            page_size: how many rows Directus sends at once.
        """
        rules: list[dict[str, Any]] = [
            {"collection": {"_eq": "directus_users"}},
            {"action": {"_eq": "login"}},
            {"user": {"_eq": str(user_id)}},
            {"timestamp": {"_gte": since.astimezone(UTC).strftime(_MOMENT)}},
        ]
        params = {
            "fields": SIGN_IN_FIELDS,
            "filter": json.dumps({"_and": rules}),
            "sort": "-id",
            "limit": str(min(page_size, MOST_SIGN_INS)),
        }
        call = Call("GET", "/activity", params=params, repeat=Repeat.ALWAYS, large=True)
        answer = self._answer_signed(call)
        if not isinstance(answer.data, list):
            raise DirectusUnavailable("GET /activity: not a list")
        ahead = _ahead(answer)
        return [_sign_in(as_object(row), ahead) for row in answer.data]

    def has_user(self, user_id: UUID) -> bool:
        """Return whether the user exists and may be read."""
        rule = json.dumps({"id": {"_eq": str(user_id)}})
        rows = as_list(
            self._read("/users", {"fields": "id", "filter": rule}), "GET /users"
        )
        return bool(rows)

    def delete_user(self, user_id: UUID) -> None:
        """Delete a user. Raises Forbidden if there is none, or it is not allowed."""
        self.delete(f"/users/{user_id}")


def _ahead(answer: Answer) -> timedelta:
    """Return by how much Directus' clock is ahead of this host's."""
    if answer.date is None:
        return timedelta()
    apart = answer.date - datetime.now(UTC)
    return apart if abs(apart) > CLOCKS_AGREE else timedelta()


def _sign_in(row: dict[str, Any], ahead: timedelta) -> LoggedSignIn:
    at = moment_in(row.get("timestamp"))
    if at is None:
        raise DirectusUnavailable("GET /activity: no time")
    address, user_agent = row.get("ip"), row.get("user_agent")
    return LoggedSignIn(at - ahead, str(address or ""), str(user_agent or ""))
