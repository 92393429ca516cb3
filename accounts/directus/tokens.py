"""Directus' tokens: read, store and renew them, and sign requests.

A refresh token works once. So only one request at a time may renew, and must store the
new tokens at once; the lease of a `TokenStore` ensures it.
"""

import binascii
import json
import re
from base64 import urlsafe_b64decode
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from time import time
from typing import Any, Protocol, Self

from requests import PreparedRequest
from requests.auth import AuthBase

from .exceptions import (
    AuthenticationFailed,
    DirectusError,
    DirectusUnavailable,
    GrantRevoked,
    InvalidToken,
    SessionExpired,
)

MAX_MARGIN = 60.0
_TOKEN = re.compile(r"[\x21-\x7e]{1,8192}")
_LONGEST_LIFE = 10 * 365 * 86_400_000


@dataclass(frozen=True)
class TokenPair:
    """An access token and the refresh token that renews it.

    `expires_at` (seconds since the epoch) is before the real end, so that a token that
    is fresh when a request is signed is still valid at its arrival.
    """

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_at: float

    @classmethod
    def from_payload(cls, payload: Any, now: float | None = None) -> Self:
        """Read the answer to a login or refresh.

        Args:
            now: seconds since the epoch.

        Raises:
            DirectusUnavailable: the answer is not valid.
        """
        if not isinstance(payload, dict):
            raise DirectusUnavailable("the tokens are not an object")
        lifetime = _lifetime(payload.get("expires"))
        margin = min(MAX_MARGIN, lifetime / 4)
        return cls(
            access_token=_token(payload.get("access_token")),
            refresh_token=_token(payload.get("refresh_token")),
            expires_at=(time() if now is None else now) + lifetime - margin,
        )

    def is_fresh(self, now: float | None = None) -> bool:
        """Return whether the access token is valid; `now` is in seconds (epoch)."""
        return (time() if now is None else now) < self.expires_at

    @property
    def demands_second_factor(self) -> bool:
        """Whether a policy demands one; only the tokens of a sign-in say so."""
        return claims_of(self.access_token).get("enforce_tfa") is True

    @property
    def dead_at(self) -> float:
        """When the access token has certainly expired; Directus cannot end it."""
        return self.expires_at + MAX_MARGIN


def _token(value: Any) -> str:
    if isinstance(value, str) and _TOKEN.fullmatch(value):
        return value
    raise DirectusUnavailable("a token is missing or malformed")


def _lifetime(expires: Any) -> float:
    """Return the lifetime in seconds; Directus gives milliseconds."""
    is_number = isinstance(expires, int | float) and not isinstance(expires, bool)
    if is_number and 0 < expires < _LONGEST_LIFE:
        return float(expires / 1000)
    raise DirectusUnavailable("the lifetime of the tokens makes no sense")


def claims_of(token: str) -> dict[str, Any]:
    """Return the claims of a token, unverified."""
    payload = f"{token}..".split(".")[1]
    try:
        claims = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (ValueError, binascii.Error, RecursionError):
        return {}
    return claims if isinstance(claims, dict) else {}


class TokenStore(Protocol):
    """The store for the tokens of one session."""

    def load(self) -> TokenPair | None:
        """Return the tokens as last read, or None."""

    def reload(self) -> TokenPair | None:
        """Return the stored tokens, or None."""

    def lease(self) -> AbstractContextManager[bool]:
        """Take the lease, or wait for its holder.

        Yields True with the lease, False if another request has renewed the tokens.
        Raises DirectusUnavailable if the holder takes too long.
        """

    def save(self, tokens: TokenPair) -> None:
        """Store renewed tokens. Raises SessionExpired if the session has ended."""


class BearerAuth(AuthBase):
    """Signs requests with one fixed token.

    Raises:
        ValueError: the token is malformed.
    """

    def __init__(self, token: str) -> None:
        if not _TOKEN.fullmatch(token):
            raise ValueError("not a token of Directus")
        self._token = token

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        return _sign(request, self._token)


class RefreshingAuth(AuthBase):
    """Signs requests with the stored access token, and renews it if it is stale.

    Args:
        store: has the tokens.
        renew: exchanges a refresh token for new tokens.
        revoke: ends tokens that cannot be stored.

    Raises:
        SessionExpired: there are no tokens, or Directus refuses to renew them.
        GrantRevoked: a single sign-on provider refuses that.
        DirectusUnavailable: Directus does not answer.
    """

    def __init__(
        self,
        store: TokenStore,
        renew: Callable[[str], TokenPair],
        revoke: Callable[[str], None] | None = None,
    ) -> None:
        self._store = store
        self._renew = renew
        self._revoke = revoke

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        tokens = self._store.load()
        if tokens is None or not tokens.is_fresh():
            tokens = self._renewed(TokenPair.is_fresh)
        return _sign(request, tokens.access_token)

    def renew_rejected(self, access_token: str) -> None:
        """Renew a token that looked fresh and was refused: the clocks may differ."""
        self._renewed(lambda tokens: tokens.access_token != access_token)

    def _renewed(self, is_good: Callable[[TokenPair], bool]) -> TokenPair:
        """Return the tokens that a parallel request has stored, or new ones."""
        for _ in range(2):
            with self._store.lease() as is_ours:
                tokens = self._store.reload()
                if tokens is None:
                    raise SessionExpired("no Directus tokens are stored")
                if is_good(tokens):
                    return tokens
                if is_ours:
                    return self._exchange(tokens)
        raise DirectusUnavailable("another request could not renew the tokens")

    def _exchange(self, tokens: TokenPair) -> TokenPair:
        try:
            renewed = self._renew(tokens.refresh_token)
        except InvalidToken as error:
            # Directus has asked the provider that signed the user in, which refused.
            # The session at Directus stays.
            raise GrantRevoked(f"refresh answered {error}") from error
        except AuthenticationFailed as error:
            raise SessionExpired(f"refresh answered {error}") from error
        try:
            self._store.save(renewed)
        except Exception:
            # After any error: the new tokens are lost otherwise.
            self._discard(renewed)
            raise
        return renewed

    def _discard(self, tokens: TokenPair) -> None:
        """End tokens that cannot be stored, if Directus answers."""
        if self._revoke is None:
            return
        with suppress(DirectusError):
            self._revoke(tokens.refresh_token)


def _sign(request: PreparedRequest, token: str) -> PreparedRequest:
    request.headers["Authorization"] = f"Bearer {token}"
    return request
