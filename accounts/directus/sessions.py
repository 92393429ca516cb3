"""Renew and end the sessions at Directus."""

from .calls import DONE, Call, Repeat
from .exceptions import DirectusUnavailable, Forbidden, InvalidPayload, NotFound
from .plain import PlainClient
from .tokens import TokenPair

LOGOUT_TIMEOUT = 2.0


class SessionClient(PlainClient):
    """The part of DirectusClient for sessions."""

    def refresh(self, refresh_token: str) -> TokenPair:
        """Exchange a refresh token, which works once, for new tokens.

        Raises:
            AuthenticationFailed: the token is used up, or its session has ended.
            InvalidToken: the user's provider refuses; the session stays.
            CallFailed, ProviderUnavailable: Directus could not ask the user's provider;
                the session stays.
        """
        body = {"refresh_token": refresh_token, "mode": "json"}
        try:
            answer = self._ask(Call("POST", "/auth/refresh", body=body))
        except (Forbidden, InvalidPayload, NotFound) as error:
            # Not about this session; for example a licence that locks Directus.
            raise DirectusUnavailable(f"refresh answered {error}") from None
        return TokenPair.from_payload(answer)

    def logout(self, refresh_token: str, *, timeout: float = LOGOUT_TIMEOUT) -> None:
        """End the session of a refresh token, if there is one.

        Args:
            timeout: seconds.
        """
        call = Call(
            "POST",
            "/auth/logout",
            body={"refresh_token": refresh_token, "mode": "json"},
            expected=DONE,
            repeat=Repeat.WHEN_STALE,
            timeout=timeout,
            tidies=True,
        )
        self._ask(call)
