"""Directus' endpoints, one method each. Knows HTTP; knows nothing of Django.

Every method raises DirectusUnavailable when there is no usable answer, and
DirectusAPIError or one of its subclasses when Directus answers with an error; a
docstring names those that a caller will want to handle. Methods that act as somebody
raise SessionExpired when that somebody has to sign in again.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from time import monotonic
from typing import Any
from uuid import UUID

from .calls import DONE, Call, Repeat
from .exceptions import (
    DirectusError,
    DirectusUnavailable,
    Forbidden,
    InvalidCredentials,
    InvalidPayload,
    NotFound,
)
from .files import FilesClient
from .mailed import checked
from .passwords import PasswordClient
from .profile_fields import ProfileFieldsClient
from .records import RecordsClient
from .tokens import TokenPair
from .two_factor import TwoFactorClient
from .users import ALL_FIELDS, FEW_FIELDS, USUAL_FIELDS, DirectusUser

PAGE_SIZE = 1000
LOGOUT_TIMEOUT = 2.0
MOST_CANDIDATES = 100
MAX_EMAIL = 255


class DirectusClient(
    FilesClient, PasswordClient, ProfileFieldsClient, RecordsClient, TwoFactorClient
):
    """Asks one Directus, as whom `auth` says, on behalf of `visitor`.

    Signing in, signing up and everything about passwords is asked without `auth`:
    Directus looks at a stale token before it looks at a password.
    """

    # Signing in and out

    def login(self, *, email: str, password: str, otp: str = "") -> TokenPair:
        """Exchange credentials for tokens.

        Raises:
            InvalidOTP: the password is right, the code is missing or wrong.
            InvalidCredentials: anything else that is wrong, one answer for all.
        """
        credentials = {"email": email, "password": password, "mode": "json"}
        if otp:
            credentials["otp"] = otp
        call = Call(
            "POST", "/auth/login", body=credentials, repeat=Repeat.WHEN_STALE, slow=True
        )
        try:
            return TokenPair.from_payload(self._ask(call))
        except (InvalidPayload, NotFound) as error:
            # An address that Directus finds odd; password sign-in switched off.
            raise InvalidCredentials(error.status, error.code) from None
        except Forbidden as error:
            raise _locked_or(error) from None

    def refresh(self, refresh_token: str) -> TokenPair:
        """Exchange a refresh token, which works once, for new tokens.

        Raises:
            AuthenticationFailed: it was used before, or its session has ended.
        """
        body = {"refresh_token": refresh_token, "mode": "json"}
        try:
            answer = self._ask(Call("POST", "/auth/refresh", body=body))
        except Forbidden as error:
            raise _locked_or(error) from None
        return TokenPair.from_payload(answer)

    def logout(self, refresh_token: str, *, timeout: float = LOGOUT_TIMEOUT) -> None:
        """End the session of a refresh token, whether it still lives or not."""
        call = Call(
            "POST",
            "/auth/logout",
            body={"refresh_token": refresh_token, "mode": "json"},
            expected=DONE,
            repeat=Repeat.WHEN_STALE,
            timeout=timeout,
        )
        self._ask(call)

    def get_current_user(self) -> DirectusUser:
        """Return the own profile, which is incomplete when it may not be read."""
        return self._profile("/users/me")

    # Signing up and passwords

    def register_user(
        self,
        *,
        email: str,
        password: str,
        verification_url: str,
        first_name: str = "",
        last_name: str = "",
    ) -> None:
        """Sign up; Directus mails a link to `verification_url`.

        Returns the same for an address that has an account already.

        Raises:
            InvalidPayload: a value is not accepted.
            Forbidden: sign-up is closed, at all or for this address.
            RateLimited: too many sign-ups from this visitor.
        """
        body = {
            "email": email,
            "password": password,
            "verification_url": verification_url,
            **_names(first_name, last_name),
        }
        self._ask(_slow_post("/users/register", body))

    def create_user(
        self,
        *,
        email: str,
        password: str,
        role: str | UUID,
        first_name: str = "",
        last_name: str = "",
    ) -> None:
        """Create an active user, as whoever is allowed to.

        Raises:
            NotUnique: the address has an account already.
            InvalidPayload: a value is not accepted.
            Forbidden: this client may not create users.
        """
        body = {
            "email": email,
            "password": password,
            "role": str(role),
            **_names(first_name, last_name),
        }
        self._ask_signed(_slow_post("/users", body))

    def verify_email(self, token: str) -> None:
        """Confirm the address that a mailed token belongs to.

        Raises:
            InvalidToken, TokenExpired: the link is broken or too old.
            InvalidPayload: it was used before.
        """
        call = Call(
            "GET",
            "/users/register/verify-email",
            params={"token": checked(token)},
            # To Directus' own app; not followed.
            expected=frozenset({302}),
        )
        self._ask(call)

    def request_password_reset(self, *, email: str, reset_url: str) -> None:
        """Have a link to `reset_url` mailed, if the address has an account."""
        body = {"email": email, "reset_url": reset_url}
        self._ask(_slow_post("/auth/password/request", body))

    def reset_password(self, *, token: str, password: str) -> None:
        """Set a new password with a mailed token.

        Raises:
            InvalidPayload: the password is refused; the token stays good.
            InvalidToken, TokenExpired, Forbidden: the link is broken, old or used.
        """
        body = {"token": checked(token), "password": password}
        self._ask(_slow_post("/auth/password/reset", body))

    # Users

    def get_user(self, user_id: UUID | str) -> DirectusUser:
        """Return one user. Raises Forbidden when there is none with this id."""
        return self._profile(_user_path(user_id))

    def get_users(
        self, user_ids: Sequence[UUID], *, timeout: float | None = None
    ) -> list[DirectusUser]:
        """Return those of these users who are there: no more than one page of ids."""
        params = {
            "fields": ALL_FIELDS,
            "filter": json.dumps(
                {"id": {"_in": [str(UUID(str(i))) for i in user_ids]}}
            ),
            "limit": str(len(user_ids)),
        }
        return self._users(params, timeout=timeout)

    def update_user(self, user_id: UUID | str, changes: Mapping[str, Any]) -> None:
        """Change a user. Send only what changed: the same e-mail ends all sessions."""
        self.patch(_user_path(user_id), dict(changes))

    def find_users_by_email(self, email: str) -> list[DirectusUser]:
        """Return the users with this address, however its letters are cased."""
        if len(email) > MAX_EMAIL:
            return []
        # Directus compares with the case or by parts; the rest is done here.
        params = {
            "fields": ALL_FIELDS,
            "filter": json.dumps({"email": {"_icontains": email}}),
            "limit": str(MOST_CANDIDATES),
        }
        wanted = email.casefold()
        users = self._users(params)
        return [user for user in users if user.email.casefold() == wanted]

    def list_users(
        self,
        *,
        page_size: int = PAGE_SIZE,
        after: UUID | None = None,
        passed: int = 0,
    ) -> Iterator[DirectusUser]:
        """Yield all users by their ids, page by page.

        Args:
            page_size: how many to ask for at once.
            after: begin behind this id; Directus cannot compare ids itself.
            passed: how many came up to there, when they were read.

        Raises:
            DirectusUnavailable: the pages do not come to an end.
        """
        params = {"fields": ALL_FIELDS, "sort": "id", "limit": str(page_size)}
        previous: set[UUID] = set()
        # The page that was read last: who was deleted since moves others back to it.
        page = max(1, passed // page_size)
        while users := self._users(params | {"page": str(page)}):
            # Who is created meanwhile pushes others on to the next page.
            new = [user for user in users if user.id not in previous]
            yield from (user for user in new if after is None or user.id > after)
            if len(users) < page_size:
                return
            if not new:
                raise DirectusUnavailable("GET /users: the same page again")
            previous = {user.id for user in users}
            page += 1

    def count_users(self) -> int:
        """Return how many users there are."""
        rows = self._read("/users", {"aggregate[count]": "id"})
        try:
            return int(rows[0]["count"]["id"])
        except (TypeError, LookupError, ValueError):
            raise DirectusUnavailable("GET /users: no count") from None

    # The server

    def ping(self) -> None:
        """Return when Directus is there; raise DirectusUnavailable when it is not."""
        call = Call("GET", "/server/ping", repeat=Repeat.ALWAYS, text=True)
        if self._send(call).payload.strip() != "pong":
            raise DirectusUnavailable("GET /server/ping: no pong")

    def get_time(self) -> datetime | None:
        """Return what time it is at Directus, to the second; None: it did not say."""
        call = Call("GET", "/server/ping", repeat=Repeat.ALWAYS, text=True)
        return self._send(call).date

    def get_server_info(self) -> dict[str, Any]:
        """Return what Directus tells about itself; more for who is signed in."""
        return _object(self._read("/server/info"))

    def get_password_policy(self) -> str:
        """Return the regular expression for passwords, or an empty string."""
        settings = self._read("/settings", {"fields": "auth_password_policy"})
        policy = _object(settings).get("auth_password_policy")
        return policy if isinstance(policy, str) else ""

    def _profile(self, path: str) -> DirectusUser:
        asked_at = monotonic()
        payload = _object(self._read(path, {"fields": ALL_FIELDS}))
        if "status" not in payload:
            payload |= _object(self._read(path, {"fields": USUAL_FIELDS}))
        if "status" not in payload or payload.get("role") is None:
            # Version 10 says that there is no role when its name may not be read.
            payload |= _object(self._read(path, {"fields": FEW_FIELDS}))
        return DirectusUser.from_payload(payload, asked_at=asked_at)

    def _users(
        self, params: Mapping[str, str], *, timeout: float | None = None
    ) -> list[DirectusUser]:
        asked_at = monotonic()
        rows = self._read("/users", params, large=True, timeout=timeout)
        if not isinstance(rows, list):
            raise DirectusUnavailable("GET /users: not a list")
        return [DirectusUser.from_payload(row, asked_at=asked_at) for row in rows]


def _slow_post(path: str, body: Mapping[str, Any]) -> Call:
    """Return a call that hashes a password, and must not happen twice."""
    return Call("POST", path, body=body, expected=DONE, slow=True)


def _object(data: Any) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise DirectusUnavailable("the data is not an object")
    return data


def _names(first_name: str, last_name: str) -> dict[str, str]:
    """Return the names that are set; Directus refuses empty ones."""
    names = {"first_name": first_name, "last_name": last_name}
    return {key: name for key, name in names.items() if name}


def _user_path(user_id: UUID | str) -> str:
    """Return the path of a user. Raises ValueError when the id is not a UUID."""
    return f"/users/{UUID(str(user_id))}"


def _locked_or(error: Forbidden) -> DirectusError:
    """Tell a Directus that its licence locks from a refusal of this person."""
    if error.code == "RESOURCE_RESTRICTED":
        return DirectusUnavailable(f"sign-in answered {error}")
    return error
