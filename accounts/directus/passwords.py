"""Set a password with the user's token or with an invitation."""

from uuid import UUID

from .calls import DONE, Call
from .mailed import checked
from .plain import PlainClient

# The choices of Directus' own app.
PASSWORD_POLICIES = {
    "none": None,
    "weak": "/^.{8,}$/",
    "strong": (
        r"/(?=^.{8,}$)(?=.*\d)(?=.*[a-z])(?=.*[A-Z])"
        r"(?=.*[!@#$%^&*()_+}{';'?>.<,])(?!.*\s).*$/"
    ),
}


class PasswordClient(PlainClient):
    """The part of DirectusClient that sets passwords."""

    def change_password(self, user_id: UUID | str, password: str) -> None:
        """Set a user's password. Version 11 and later end all sessions of the user.

        Raises:
            InvalidPayload: the password is not accepted.
            Forbidden: this client may not change it.
            ValueError: the id is not a UUID.
        """
        path = f"/users/{UUID(str(user_id))}"
        body = {"password": password}
        # Not /users/me, which may answer an error after the change.
        self._ask_signed(Call("PATCH", path, body=body, expected=DONE, slow=True))

    def accept_invite(self, *, token: str, password: str) -> None:
        """Accept an invitation by setting the first password.

        Raises:
            InvalidPayload: the password is not accepted (`field` says so), or the
                invitation was used before.
            InvalidToken, TokenExpired: the link is broken or expired.
            Forbidden: the licence of Directus allows no more users.
        """
        body = {"token": checked(token), "password": password}
        call = Call("POST", "/users/invite/accept", body=body, expected=DONE, slow=True)
        self._ask(call)
