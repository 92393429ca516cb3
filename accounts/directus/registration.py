"""Sign users up, and confirm their addresses."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from .calls import DONE, Call, slow_post
from .exceptions import DirectusUnavailable, Forbidden, InvalidToken
from .mailed import checked
from .plain import PlainClient

# The scope of a token that confirms an address.
CONFIRMATION = "pending-registration"
_USERS_PAGE = re.compile(r"(https?://[^/?#]+)?(/[^/?#]+)*/admin/users/[^/?#]+")


@dataclass(frozen=True)
class NewUser:
    """The values of a new user; all but the address may be empty.

    Without a password the user cannot sign in. `others` are fields that operators added
    to users in Directus.
    """

    email: str
    password: str = field(default="", repr=False)
    first_name: str = ""
    last_name: str = ""
    language: str = ""
    others: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def as_registration(self) -> dict[str, str]:
        """Return the only values that /users/register takes, and no empty ones."""
        names = ("email", "password", "first_name", "last_name")
        return {name: value for name in names if (value := getattr(self, name))}

    def as_record(self) -> dict[str, Any]:
        """Return all values, without empty names, which Directus refuses."""
        language = {"language": self.language} if self.language else {}
        return {**self.others, **self.as_registration(), **language}


class RegistrationClient(PlainClient):
    """The part of DirectusClient that signs users up."""

    def register_user(self, user: NewUser, *, verification_url: str) -> None:
        """Sign up; Directus mails a link to `verification_url`.

        The result is the same for an address with an account. An unconfirmed account
        gets a new link, and keeps its password.

        Raises:
            InvalidPayload: a value is not accepted.
            Forbidden: sign-up is closed, at all or for this address.
            RateLimited: there were too many sign-ups from this visitor.
        """
        body = user.as_registration() | {"verification_url": verification_url}
        self._ask(slow_post("/users/register", body))

    def create_user(
        self, user: NewUser, *, role: str | UUID, status: str = ""
    ) -> UUID | None:
        """Create a user with `auth`.

        Args:
            status: `unverified` until the address is confirmed, `invited` until the
                user chooses a password; empty for active.

        Returns:
            The id; None if this client may not read it.

        Raises:
            NotUnique: the address has an account.
            InvalidPayload: a value is not accepted.
            Forbidden: this client may not create users.
        """
        body = user.as_record() | {"role": str(role)}
        if status:
            body["status"] = status
        call = slow_post("/users", body, {"fields": "id"})
        return _id_in(self._ask_signed(call))

    def require_genuine(self, token: str, password: str) -> None:
        """Check that Directus made a token that confirms an address.

        The token is sent as an invitation. Directus checks the signature first, and
        refuses a genuine token for another purpose with FORBIDDEN. Nothing is written,
        and the token stays valid.

        Args:
            token: from a mailed link.
            password: a random one, in case Directus accepts the token.

        Raises:
            InvalidToken, TokenExpired: the token is forged, for another purpose, or
                expired.
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
        """Confirm the address of a mailed token.

        Raises:
            InvalidToken, TokenExpired: the link is broken or expired.
            InvalidPayload: the link was used before.
        """
        call = Call(
            "GET",
            "/users/register/verify-email",
            params={"token": checked(token)},
            # The redirect is not followed.
            expected=frozenset({302}),
        )
        # A proxy would redirect to its own sign-in; without a token Directus redirects
        # to the sign-in of its app.
        if not _USERS_PAGE.fullmatch(self._send(call).location):
            raise DirectusUnavailable(f"{call} leads elsewhere")


def _id_in(data: Any) -> UUID | None:
    if data is None:
        return None
    try:
        return UUID(data["id"])
    except (TypeError, LookupError, ValueError, AttributeError):
        raise DirectusUnavailable("POST /users: no id") from None
