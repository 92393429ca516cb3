"""Signing up: an account, and the link that confirms its address."""

import re
from dataclasses import asdict, dataclass, field
from typing import Any
from uuid import UUID

from .calls import DONE, Call, slow_post
from .exceptions import DirectusUnavailable, Forbidden, InvalidToken
from .mailed import checked
from .plain import PlainClient

# What a link to confirm an address is good for.
CONFIRMATION = "pending-registration"
_USERS_PAGE = re.compile(r"(https?://[^/?#]+)?(/[^/?#]+)*/admin/users/[^/?#]+")


@dataclass(frozen=True)
class NewUser:
    """The values of a sign-up; the names may be empty."""

    email: str
    password: str = field(repr=False)
    first_name: str = ""
    last_name: str = ""

    def as_body(self) -> dict[str, str]:
        """Return it without empty names, which Directus refuses."""
        return {name: value for name, value in asdict(self).items() if value}


class RegistrationClient(PlainClient):
    """The part of DirectusClient that signs people up."""

    def register_user(self, user: NewUser, *, verification_url: str) -> None:
        """Sign up; Directus mails a link to `verification_url`.

        Returns the same for an address that has an account already. One that is not
        confirmed yet is sent the link, and keeps its password.

        Raises:
            InvalidPayload: a value is not accepted.
            Forbidden: sign-up is closed, at all or for this address.
            RateLimited: too many sign-ups from this visitor.
        """
        body = user.as_body() | {"verification_url": verification_url}
        self._ask(slow_post("/users/register", body))

    def create_user(
        self, user: NewUser, *, role: str | UUID, status: str = ""
    ) -> UUID | None:
        """Create a user, as whoever is allowed to.

        Args:
            status: `unverified` until the address is confirmed; active when empty.

        Returns:
            The id; None when this client may not read it.

        Raises:
            NotUnique: the address has an account already.
            InvalidPayload: a value is not accepted.
            Forbidden: this client may not create users.
        """
        body = user.as_body() | {"role": str(role)}
        if status:
            body["status"] = status
        call = slow_post("/users", body, {"fields": "id"})
        return _id_in(self._ask_signed(call))

    def require_genuine(self, token: str, password: str) -> None:
        """Return when Directus itself made a token that confirms an address.

        Directus is asked to accept it as an invitation. It looks at the signature
        first, and refuses a genuine token that is good for something else with
        FORBIDDEN, so that nothing is written, and the token stays good.

        Args:
            token: out of a mailed link.
            password: one that nobody can guess, should it be taken all the same.

        Raises:
            InvalidToken, TokenExpired: it is not genuine, good for something else, or
                too old.
        """
        body = {"token": checked(token, scope=CONFIRMATION), "password": password}
        call = Call("POST", "/users/invite/accept", body=body, expected=DONE)
        try:
            self._ask(call)
        except Forbidden as error:
            if error.code != "FORBIDDEN":
                raise
            return
        raise InvalidToken(403, "INVALID_TOKEN")

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
            # Not followed.
            expected=frozenset({302}),
        )
        # A proxy would send to its own sign-in, Directus without a token to that of
        # its app.
        if not _USERS_PAGE.fullmatch(self._send(call).location):
            raise DirectusUnavailable(f"{call} leads elsewhere")


def _id_in(data: Any) -> UUID | None:
    if data is None:
        return None
    try:
        return UUID(data["id"])
    except (TypeError, LookupError, ValueError, AttributeError):
        raise DirectusUnavailable("POST /users: no id") from None
