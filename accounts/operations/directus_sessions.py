"""End sessions at Directus of other sites and of its own app.

Directus has no route for it. From version 11 on Directus ends all sessions of a user
whose e-mail address is written, even if it is the same one. Version 10 ends them only
when the user is deleted, and does not renew those of inactive users.
"""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import cached_property
from itertools import count
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from ..core import clients
from ..directus import (
    AuthenticationFailed,
    DirectusAPIError,
    DirectusClient,
    DirectusUnavailable,
    DirectusUser,
    Forbidden,
    TryLater,
)
from ..directus.answers import as_list, expected

WRITING_ENDS_SESSIONS = 11
TRIES = 3
PAUSE = 3.0
LONGEST_PAUSE = 60.0

User = dict[str, Any]


class DirectusSessions:
    """Ends sessions as far as Directus' version and the service token allow.

    Args:
        service: the client with the service token.
        patience: number of retries.
    """

    def __init__(self, service: DirectusClient, *, patience: int = 0) -> None:
        self._service = service
        self._patience = patience

    def end(self, directus_id: UUID) -> str:
        """End all sessions of a user.

        Returns:
            Why sessions may remain; an empty string if none does.

        Raises:
            DirectusError: there is no answer, or the version may not be read.
        """
        return self.end_of_some([directus_id])[directus_id]

    def end_of_some(self, directus_ids: Sequence[UUID]) -> dict[UUID, str]:
        """End all sessions of some users with one write; result and errors as `end`."""
        if not self._version:
            reason = _(
                "Sessions elsewhere were not ended: Directus does not report its "
                "version."
            )
            return dict.fromkeys(directus_ids, reason)
        # A missing user was deleted, and the sessions, too.
        reasons = dict.fromkeys(directus_ids, "")
        users = self._read(directus_ids)
        if self._version < WRITING_ENDS_SESSIONS:
            return reasons | {user["id"]: self._reason_on_10(user) for user in users}
        nameless = [user["id"] for user in users if not user.get("email")]
        reason = _("Sessions elsewhere were not ended: the user has no email address.")
        reasons |= dict.fromkeys(nameless, reason)
        return reasons | dict(
            self._write([user for user in users if user.get("email")])
        )

    def users_seen_since(self, moment: datetime) -> list[UUID]:
        """Return the users with a sign-in or renewed tokens since then.

        The service user is left out. No other user has a session that can be renewed,
        if `moment` is long enough ago. If the times may not be read, all users are
        returned.
        """
        try:
            found = self._seen_since(moment, "id,status,last_access")
        except Forbidden:
            found = self._seen_since(moment, "id,status")
        return sorted(found - {self._own_id})

    def _seen_since(self, moment: datetime, fields: str) -> set[UUID]:
        with expected("GET /users"):
            rows = {UUID(row["id"]): row for row in self._all(fields)}
            if self._own_id not in rows:
                raise DirectusUnavailable("GET /users: the service user is missing")
            return {key for key, row in rows.items() if self._may_have_any(row, moment)}

    def _all(self, fields: str) -> list[User]:
        """Return all users.

        A deletion meanwhile may move one to a page that was read already.
        """
        for _try in range(TRIES):
            number = self._service.count_users()
            rows = list(self._list(fields))
            if len({row["id"] for row in rows}) >= number:
                return rows
        raise DirectusUnavailable("GET /users: some users are missing")

    def _may_have_any(self, row: User, moment: datetime) -> bool:
        if 0 < self._version < WRITING_ENDS_SESSIONS and row["status"] != "active":
            return False
        # Compared here: SQLite may have several formats in one column. A time that may
        # not be read counts as recent.
        user = DirectusUser.from_payload({"last_access": moment.isoformat()} | row)
        return user.last_access is not None and user.last_access >= moment

    def _list(self, fields: str) -> Iterator[User]:
        size = clients.page_size(self._service)
        params = {"fields": fields, "sort": "id", "limit": str(size)}
        previous: list[User] = []
        for page in count(1):
            answer = self._service.get("/users", params=params | {"page": str(page)})
            rows = as_list(answer, "GET /users")
            yield from rows
            if len(rows) < size or rows == previous:
                return
            previous = rows

    @cached_property
    def _own_id(self) -> UUID:
        """The id of the service user, which every whole list has."""
        return self._service.get_current_user().id

    @cached_property
    def _version(self) -> int:
        """The major version; 0 if unknown."""
        version = str(self._service.get_server_info().get("version", ""))
        major = version.partition(".")[0]
        return int(major) if major.isdecimal() else 0

    def _read(self, directus_ids: Sequence[UUID]) -> list[User]:
        """Return the existing users with their present address in Directus."""
        # As a list: for a single id, Directus answers the same for a deleted user and
        # for one that the token may not read.
        users = self._read_some(directus_ids)
        # The service user shows that the list is no empty answer to anything.
        if len(users) < len(directus_ids) and not self._read_some([self._own_id]):
            raise DirectusUnavailable("GET /users: the service user is missing")
        return users

    def _read_some(self, directus_ids: Sequence[UUID]) -> list[User]:
        rule = {"id": {"_in": [str(directus_id) for directus_id in directus_ids]}}
        params = {
            "fields": "id,email,status",
            "filter": json.dumps(rule),
            "limit": str(len(directus_ids)),
        }
        rows = patiently(
            lambda: self._service.get("/users", params=params), self._patience
        )
        with expected("GET /users"):
            read = [
                row | {"id": UUID(row["id"])} for row in as_list(rows, "GET /users")
            ]
        return [user for user in read if user["id"] in directus_ids]

    def _write(self, users: list[User]) -> Iterator[tuple[UUID, str]]:
        """Write the addresses of users again; yield the reason for each failure."""
        if not users:
            return
        body = [{"id": str(user["id"]), "email": user["email"]} for user in users]
        # Without a limit Directus may name fewer than it has written.
        params = {"fields": "id", "limit": str(len(users))}
        try:
            written = patiently(
                lambda: self._service.patch("/users", body, params=params),
                self._patience,
            )
        except AuthenticationFailed:
            raise
        except DirectusAPIError as error:
            # One refused user fails the whole write.
            if len(users) == 1:
                yield users[0]["id"], _refusal(error)
                return
            half = len(users) // 2
            yield from self._write(users[:half])
            yield from self._write(users[half:])
        else:
            with expected("PATCH /users"):
                ids = {UUID(row["id"]) for row in as_list(written, "PATCH /users")}
            if not ids >= {user["id"] for user in users}:
                raise DirectusUnavailable("PATCH /users: some users were not written")
            yield from ((user["id"], "") for user in users)

    @staticmethod
    def _reason_on_10(user: User) -> str:
        if user.get("status") != "active":
            return ""
        return _(
            "Sessions elsewhere were not ended: Directus 10 ends them only for "
            "suspended or deleted users."
        )


def _refusal(error: DirectusAPIError) -> str:
    if not isinstance(error, Forbidden):
        return _("Directus: %(error)s") % {"error": error}
    return _(
        "Sessions elsewhere were not ended: the service token may not change this "
        "user. An administrator can suspend the user in Directus to end them."
    )


def patiently(
    ask: Callable[[], Any],
    times: int,
    errors: type[TryLater] = TryLater,
) -> Any:
    """Call a function, and retry if Directus does not answer or asks to wait.

    Args:
        ask: a function that may run twice.
        times: number of retries; 0 for a page, whose visitor waits.
        errors: the errors to retry.
    """
    for _attempt in range(times):
        try:
            return ask()
        except errors as error:
            time.sleep(min(error.retry_after or PAUSE, LONGEST_PAUSE))
    return ask()
