"""Directus' endpoints, one method each; without Django.

Every method raises TryLater (DirectusUnavailable or RateLimited) without a usable
answer, and DirectusAPIError or a subclass for an error of Directus; the docstrings name
those that callers handle. Methods with `auth` raise SessionExpired if the user has to
sign in again.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from time import monotonic
from typing import Any
from uuid import UUID

from .answers import as_list, as_object
from .calls import Call, Repeat, slow_post
from .exceptions import (
    DirectusAPIError,
    DirectusError,
    DirectusUnavailable,
    InvalidCredentials,
    InvalidOTP,
    UserSuspended,
)
from .files import FilesClient
from .idn import spellings
from .items import ItemsClient
from .mailed import checked
from .passwords import PasswordClient
from .profile_fields import ProfileFieldsClient
from .records import RecordsClient
from .registration import RegistrationClient
from .sso import SsoClient
from .tokens import TokenPair
from .two_factor import TwoFactorClient
from .users import ALL_FIELDS, FEW_FIELDS, USUAL_FIELDS, DirectusUser

PAGE_SIZE = 1000
# Pages of users with a similar address.
MOST_PAGES = 100
MAX_EMAIL = 255
# In Directus' patterns `_` matches any character and `%` any text; PostgreSQL takes `\`
# as an escape.
_MEANS_MORE = re.compile(r"[%\\]")
# An address that Directus finds invalid; a user without a password; or sign-in by
# password is switched off.
_NOT_ACCEPTED = {
    "INVALID_CREDENTIALS",
    "INVALID_PAYLOAD",
    "INVALID_PROVIDER",
    "ROUTE_NOT_FOUND",
}


class DirectusClient(
    FilesClient,
    ItemsClient,
    PasswordClient,
    ProfileFieldsClient,
    RecordsClient,
    RegistrationClient,
    SsoClient,
    TwoFactorClient,
):
    """Calls one Directus with `auth` on behalf of `visitor`.

    Sign-in, sign-up and calls about passwords do not use `auth`: Directus refuses an
    expired token before it checks the password.
    """

    # Signing in

    def login(self, *, email: str, password: str, otp: str = "") -> TokenPair:
        """Exchange credentials for tokens.

        Raises:
            InvalidOTP: the password is right, the code is missing or wrong.
            InvalidCredentials: for any other reason.
        """
        credentials = {"email": email, "password": password, "mode": "json"}
        if otp:
            credentials["otp"] = otp
        call = Call(
            "POST", "/auth/login", body=credentials, repeat=Repeat.WHEN_STALE, slow=True
        )
        try:
            return TokenPair.from_payload(self._ask(call))
        except DirectusAPIError as error:
            raise _refusal_of_sign_in(error) from None

    def get_current_user(self) -> DirectusUser:
        """Return the signed-in user; without fields that the user may not read."""
        return self._profile("/users/me")

    # Passwords

    def request_password_reset(self, *, email: str, reset_url: str) -> None:
        """Let Directus mail a link to `reset_url`, if the address has an account."""
        body = {"email": email, "reset_url": reset_url}
        self._ask(slow_post("/auth/password/request", body))

    def reset_password(self, *, token: str, password: str) -> None:
        """Set a new password with a mailed token.

        Raises:
            InvalidPayload: the password is refused; the token stays valid.
            InvalidToken, TokenExpired, Forbidden: the link is broken, expired or used.
        """
        body = {"token": checked(token), "password": password}
        self._ask(slow_post("/auth/password/reset", body))

    # Users

    def get_user(self, user_id: UUID | str) -> DirectusUser:
        """Return a user. Raises Forbidden if there is none."""
        return self._profile(_user_path(user_id))

    def get_users(
        self, user_ids: Sequence[UUID], *, timeout: float | None = None
    ) -> list[DirectusUser]:
        """Return the existing ones of these users.

        Args:
            user_ids: no more than one page.
            timeout: seconds.
        """
        params = {
            "fields": ALL_FIELDS,
            "filter": json.dumps(
                {"id": {"_in": [str(UUID(str(i))) for i in user_ids]}}
            ),
            "limit": str(len(user_ids)),
        }
        return self._users(params, timeout=timeout)

    def update_user(self, user_id: UUID | str, changes: Mapping[str, Any]) -> None:
        """Change a user. Send only new values: the same e-mail ends all sessions."""
        self.patch(_user_path(user_id), dict(changes))

    def update_user_if(
        self,
        user: DirectusUser,
        changes: Mapping[str, Any],
        *,
        statuses: Sequence[str],
    ) -> bool:
        """Change a user who still has the address and role of a profile.

        Args:
            user: the profile.
            changes: the new values.
            statuses: the user has one of these.

        Returns:
            Whether the user was changed.

        Raises:
            InvalidPayload: a value is not accepted.
            DirectusUnavailable: another number of users was changed.
        """
        role = {"_eq": str(user.role_id)} if user.role_id else {"_null": True}
        rule = [
            {"id": {"_eq": str(user.id)}},
            {"email": {"_eq": user.email}},
            {"role": role},
            {"status": {"_in": list(statuses)}},
        ]
        body = {"query": {"filter": {"_and": rule}}, "data": dict(changes)}
        rows = self.patch("/users", body, params={"fields": "id"})
        if rows == []:
            return False
        if rows != [{"id": str(user.id)}]:
            raise DirectusUnavailable("PATCH /users: not the one user")
        return True

    def find_users_by_email(self, email: str) -> list[DirectusUser]:
        """Return all users with this address, in any case and spelling of the domain.

        Raises:
            DirectusUnavailable: addresses may not be read, or there are too many
                similar ones. The list is never incomplete.
        """
        if not email or len(email) > MAX_EMAIL:
            return []
        return [user for each in spellings(email) for user in self._with_address(each)]

    def _with_address(self, email: str) -> list[DirectusUser]:
        # Directus compares exactly or by pattern; this compares without case.
        part = _pattern(email)
        rule = [{"email": {"_istarts_with": part}}, {"email": {"_iends_with": part}}]
        wanted = email.casefold()
        return [
            user
            for user in self._matching({"_and": rule})
            if user.email.casefold() == wanted
        ]

    def _matching(self, rule: Mapping[str, Any]) -> Iterator[DirectusUser]:
        """Yield all users whose address matches a filter."""
        # QUERY_LIMIT_MAX reduces this limit silently, so only a page without new users
        # is the last one.
        params = {
            "fields": ALL_FIELDS,
            "filter": json.dumps(rule),
            "sort": "id",
            "limit": "-1",
        }
        seen: set[UUID] = set()
        for page in range(1, MOST_PAGES + 1):
            users = self._users(params | {"page": str(page)})
            new = [user for user in users if user.id not in seen]
            # At least two: the number of calls must not show whether there is a user.
            if not new and page > 1:
                return
            if not all(user.email for user in new):
                raise DirectusUnavailable("GET /users: addresses are hidden")
            yield from new
            seen |= {user.id for user in new}
        raise DirectusUnavailable("GET /users: too many addresses look alike")

    def list_users(
        self,
        *,
        page_size: int = PAGE_SIZE,
        after: UUID | None = None,
        passed: int = 0,
    ) -> Iterator[DirectusUser]:
        """Yield all users in the order of their ids.

        Args:
            page_size: the number of users of one call.
            after: begin after this id; Directus cannot compare ids.
            passed: the number of users up to `after`, when they were read.

        Raises:
            DirectusUnavailable: the pages have no end.
        """
        params = {"fields": ALL_FIELDS, "sort": "id", "limit": str(page_size)}
        previous: set[UUID] = set()
        # The page that was read last: users deleted since then move others back to it.
        page = max(1, passed // page_size)
        while users := self._users(params | {"page": str(page)}):
            # New users move others to the next page.
            new = [user for user in users if user.id not in previous]
            yield from (user for user in new if after is None or user.id > after)
            if len(users) < page_size:
                return
            if not new:
                raise DirectusUnavailable("GET /users: the same page again")
            previous = {user.id for user in users}
            page += 1

    def count_users(self) -> int:
        """Return the number of users."""
        rows = self._read("/users", {"aggregate[count]": "id"})
        try:
            return int(rows[0]["count"]["id"])
        except (TypeError, LookupError, ValueError):
            raise DirectusUnavailable("GET /users: no count") from None

    # The server

    def ping(self, *, timeout: float | None = None) -> None:
        """Check that Directus answers; otherwise raise DirectusUnavailable.

        Args:
            timeout: seconds.
        """
        call = Call(
            "GET", "/server/ping", repeat=Repeat.ALWAYS, text=True, timeout=timeout
        )
        if self._send(call).payload.strip() != "pong":
            raise DirectusUnavailable("GET /server/ping: no pong")

    def get_time(self, *, timeout: float | None = None) -> datetime | None:
        """Return Directus' time, to the second; None if the answer has none.

        Args:
            timeout: seconds of the call.
        """
        call = Call(
            "GET", "/server/ping", repeat=Repeat.ALWAYS, text=True, timeout=timeout
        )
        return self._send(call).date

    def get_server_info(self, *, timeout: float | None = None) -> dict[str, Any]:
        """Return the information of the server; with `auth` there is more.

        Args:
            timeout: seconds.
        """
        return as_object(self._read("/server/info", timeout=timeout))

    def get_password_policy(self) -> str:
        """Return the regular expression for passwords, or an empty string."""
        settings = self._read("/settings", {"fields": "auth_password_policy"})
        policy = as_object(settings).get("auth_password_policy")
        return policy if isinstance(policy, str) else ""

    def _profile(self, path: str) -> DirectusUser:
        asked_at = monotonic()
        payload = as_object(self._read(path, {"fields": ALL_FIELDS}))
        if "status" not in payload:
            payload |= as_object(self._read(path, {"fields": USUAL_FIELDS}))
        if "status" not in payload or payload.get("role") is None:
            # Version 10 shows no role if the user may not read its name.
            payload |= as_object(self._read(path, {"fields": FEW_FIELDS}))
        return DirectusUser.from_payload(payload, asked_at=asked_at)

    def _users(
        self, params: Mapping[str, str], *, timeout: float | None = None
    ) -> list[DirectusUser]:
        asked_at = monotonic()
        rows = as_list(
            self._read("/users", params, large=True, timeout=timeout), "GET /users"
        )
        return [DirectusUser.from_payload(row, asked_at=asked_at) for row in rows]


def _pattern(text: str) -> str:
    """Return a pattern that matches a text in any case.

    In lower case, because Directus takes a value that begins with $NOW for a time.
    """
    return _MEANS_MORE.sub("_", text.lower())


def _user_path(user_id: UUID | str) -> str:
    """Return the path of a user. Raises ValueError when the id is not a UUID."""
    return f"/users/{UUID(str(user_id))}"


def _refusal_of_sign_in(error: DirectusAPIError) -> DirectusError:
    """Return the error of a refused sign-in; most codes are not about the password."""
    if error.code in _NOT_ACCEPTED:
        return InvalidCredentials(error.status, error.code)
    if isinstance(error, InvalidOTP | UserSuspended):
        return error
    return DirectusUnavailable(f"sign-in answered {error}")
