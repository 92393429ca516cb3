"""How Directus' tokens are sealed and kept in the session row.

The only module that knows. Exactly one request renews a pair: it takes a lease, a
column of the row, by one conditional UPDATE; no transaction is open during the call.
"""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from .directus import DirectusUnavailable, SessionExpired, TokenPair

# Longer than the longest call to Directus, so that only a dead holder loses it.
LEASE = timedelta(seconds=10)
WAIT_SECONDS = 12.0
POLL_SECONDS = 0.05


class SessionTokenStore:
    """The tokens of one session; the TokenStore that RefreshingAuth works with."""

    def __init__(self, session):
        self._session = session

    def load(self) -> TokenPair | None:
        """Return the tokens as this request first read them."""
        return self._unseal(self._session.row)

    def reload(self) -> TokenPair | None:
        """Return the tokens that the database holds now."""
        self._session.reload_row()
        return self.load()

    @contextmanager
    def lease(self) -> Iterator[bool]:
        """Hold the right to renew, or wait for who holds it.

        Yields:
            True with the lease held; False when somebody else renewed meanwhile.

        Raises:
            SessionExpired: the session ended meanwhile.
            DirectusUnavailable: the holder takes too long.
        """
        if not self._take_or_wait():
            yield False
            return
        try:
            yield True
        finally:
            self._session.update_row(refresh_lease_until=None)

    def save(self, tokens: TokenPair) -> None:
        """Replace the pair that was renewed.

        Raises:
            SessionExpired: the row is gone, or holds a newer pair.
        """
        # The spent pair is the condition: whoever comes late changes nothing.
        spent = self._session.row.sealed_tokens
        unspent = Q(sealed_tokens=spent)
        if not self._session.update_row(unspent, **self._columns(tokens)):
            raise SessionExpired("the session ended while its tokens were renewed")

    def start(self, tokens: TokenPair) -> None:
        """Store the first pair of a session that was just signed in."""
        self._session.update_row(**self._columns(tokens))

    def _columns(self, tokens: TokenPair) -> dict[str, object]:
        return {
            "sealed_tokens": self._seal(tokens),
            "access_expires_at": datetime.fromtimestamp(tokens.expires_at, UTC),
        }

    def _take_or_wait(self) -> bool:
        spent = self._session.row.sealed_tokens if self._session.row else ""
        deadline = time.monotonic() + WAIT_SECONDS
        while not self._take():
            if time.monotonic() > deadline:
                raise DirectusUnavailable("renewing takes too long", retry_after=5)
            time.sleep(POLL_SECONDS)
            self._session.reload_row()
            if self._session.row is None:
                raise SessionExpired("the session ended while waiting")
            if self._session.row.sealed_tokens != spent:
                return False
        return True

    def _take(self) -> bool:
        now = timezone.now()
        free = Q(refresh_lease_until=None) | Q(refresh_lease_until__lt=now)
        return self._session.update_row(free, refresh_lease_until=now + LEASE)

    # Sealing

    def _seal(self, tokens: TokenPair) -> str:
        text = json.dumps(
            {
                # Tokens moved to another row do not open.
                "session": self._session.row.pk,
                "access": tokens.access_token,
                "refresh": tokens.refresh_token,
            }
        )
        return _fernet().encrypt(text.encode()).decode()

    def _unseal(self, row) -> TokenPair | None:
        if row is None or not row.sealed_tokens:
            return None
        try:
            content = json.loads(_fernet().decrypt(row.sealed_tokens.encode()))
        except InvalidToken:
            return None
        if content["session"] != row.pk:
            return None
        return TokenPair(
            access_token=content["access"],
            refresh_token=content["refresh"],
            expires_at=row.access_expires_at.timestamp(),
        )


def _fernet() -> MultiFernet:
    return _fernet_of(tuple(settings.TOKEN_ENCRYPTION_KEYS))


@lru_cache(maxsize=4)
def _fernet_of(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])
