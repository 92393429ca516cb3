"""Seal Directus' tokens and store them in the session row.

No other module does so. Exactly one request renews a pair, under a lease.
"""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from enum import Enum
from typing import TYPE_CHECKING, Any

from cryptography.fernet import InvalidToken
from django.db.models import Q
from django.views.decorators.debug import sensitive_variables

from config.request import Request

from ..core import clients, row_cache, sealing
from ..directus import DirectusError, DirectusUnavailable, SessionExpired, TokenPair
from . import unopened
from .lease import Lease, is_free

if TYPE_CHECKING:
    from ..models import Session

LEASE = "refresh_lease_until"
# Stop waiting after this long if the lease holder failed.
PATIENCE_SECONDS = 1.0
# For the request that takes over from a dead one.
SPARE_SECONDS = 2.0
MOST_WITHDRAWALS = 20
LOOKED_AT = 500

logger = logging.getLogger(__name__)


class SessionTokenStore:
    """The tokens of one session; the TokenStore that RefreshingAuth works with."""

    def __init__(self, session):
        self._session = session
        self._lease = Lease(session, LEASE)

    def load(self) -> TokenPair | None:
        """Return the tokens that this request has read first.

        Raises:
            DirectusUnavailable: they do not open, since a short time.
        """
        row = self._session.row
        try:
            tokens = _opened(row)
        except InvalidToken:
            unopened.bear_with(row)
            return None
        # Used up, for RefreshingAuth.
        return replace(tokens, expires_at=0.0) if tokens and row.must_renew else tokens

    def reload(self) -> TokenPair | None:
        """Return the tokens in the database; otherwise as `load`."""
        self._session.reload_row()
        return self.load()

    def newest(self) -> TokenPair | None:
        """Return the tokens in the database, if they open."""
        self._session.reload_row()
        return tokens_in(self._session.row)

    @property
    def are_held(self) -> bool:
        """Whether there are any, readable or not."""
        return self._session.row is not None and holds_tokens(self._session.row)

    @contextmanager
    def lease(self) -> Iterator[bool]:
        """Take the lease, or wait for its holder.

        Yields:
            True with the lease; False if another request has renewed the tokens.

        Raises:
            SessionExpired: the session ended meanwhile.
            DirectusUnavailable: the holder takes too long, or got no answer.
        """
        if not self._take_or_wait():
            yield False
            return
        try:
            yield True
        finally:
            self._lease.release()

    def save(self, tokens: TokenPair) -> None:
        """Replace the pair that was renewed.

        Raises:
            SessionExpired: the row is gone, or holds another pair, or none.
        """
        # On the condition that the row has the used-up pair: a late request changes
        # nothing.
        if not self._replace(**self._columns(tokens)):
            raise SessionExpired("the session ended while its tokens were renewed")

    def start(self, tokens: TokenPair) -> None:
        """Store the first pair after a sign-in."""
        self._session.update_row(**self._columns(tokens))

    def withdraw(self) -> TokenPair | None:
        """Remove the tokens from the row and return them, to be revoked.

        `save` then refuses a parallel renewal, which revokes its new tokens.
        """
        for _ in range(MOST_WITHDRAWALS):
            tokens = self.newest()
            if tokens is None:
                return None
            if self._replace(sealed_tokens="", access_expires_at=None):
                return tokens
        # Other requests keep renewing; Directus refuses the next renewal.
        return tokens

    def _replace(self, **columns: Any) -> bool:
        """Change the row if it has the pair that was read last."""
        unchanged = Q(sealed_tokens=self._session.row.sealed_tokens)
        return self._session.update_row(unchanged, **columns)

    def _columns(self, tokens: TokenPair) -> dict[str, object]:
        return sealed_columns(self._session.row, tokens)

    def _take_or_wait(self) -> bool:
        row = self._session.row
        spent = row.sealed_tokens if row else ""
        if not self._lease.take():
            self._lease.wait(lambda waited: self._is_over(spent, waited))
        return self._lease.is_mine

    def _is_over(self, spent: str, waited: float) -> bool:
        """Return whether there is a new pair, or this request may renew."""
        row = self._session.row
        if row is None:
            raise SessionExpired("the session ended while waiting")
        if row.sealed_tokens != spent:
            return True
        gave_up = self._lease.until is None and waited > PATIENCE_SECONDS
        if gave_up or waited > clients.lease_seconds() + SPARE_SECONDS:
            raise DirectusUnavailable("renewing takes too long", retry_after=5)
        return self._lease.take()


@sensitive_variables("tokens")
def revoke(tokens: TokenPair, request: Request | None = None) -> None:
    """Revoke tokens at Directus; best effort, 2 seconds.

    Args:
        request: the visitor's request, if there is one.
    """
    try:
        clients.anonymous_client(request).logout(tokens.refresh_token)
    except DirectusError as error:
        logger.warning("Tokens stay valid at Directus: %s", error)


# Sealing


def tokens_in(row: "Session | None") -> TokenPair | None:
    """Return the tokens of a row; None without tokens, or if they do not open."""
    if row is None:
        return None
    try:
        return _opened(row)
    except InvalidToken:
        unopened.note(row)
        return None


def _opened(row: "Session") -> TokenPair | None:
    if not row.sealed_tokens or row.access_expires_at is None:
        return None
    content = json.loads(sealing.opened(row.sealed_tokens))
    if content["session"] != row.pk:
        logger.error("Session %s holds the tokens of another one", row.pk)
        return None
    return TokenPair(
        access_token=content["access"],
        refresh_token=content["refresh"],
        expires_at=row.access_expires_at.timestamp(),
    )


def holds_tokens(row: "Session") -> bool:
    """Return whether a row has tokens, readable or not."""
    return bool(row.sealed_tokens)


def sealed_columns(row: "Session", tokens: TokenPair) -> dict[str, object]:
    """Return the columns that store tokens in a row, whose id is known."""
    return {
        "sealed_tokens": _seal(row, tokens),
        "access_expires_at": datetime.fromtimestamp(tokens.expires_at, UTC),
        "must_renew": False,
    }


def _seal(row: "Session", tokens: TokenPair) -> str:
    text = json.dumps(
        {
            # Tokens that were moved to another row do not open.
            "session": row.pk,
            "access": tokens.access_token,
            "refresh": tokens.refresh_token,
        }
    )
    return sealing.seal(text)


class Sealed(Enum):
    """The result of sealing a row with the newest key."""

    ANEW = "anew"
    BEFORE = "before"
    BUSY = "busy"
    UNREADABLE = "unreadable"


def sealed_rows(model):
    """Return the rows with tokens, with the columns for `seal_anew`."""
    names = ("pk", "session_key", "sealed_tokens")
    return model.objects.exclude(sealed_tokens="").only(*names)


def seal_anew(row: "Session") -> Sealed:
    """Seal the tokens of a row with the newest key, beside running requests.

    A row with a renewal in progress is skipped: the renewal stores its pair only if the
    row is unchanged since its beginning.
    """
    try:
        if sealing.has_newest_key(row.sealed_tokens):
            return Sealed.BEFORE
        anew = sealing.sealed_anew(row.sealed_tokens)
    except InvalidToken:
        return Sealed.UNREADABLE
    changed = type(row).objects.filter(
        is_free(LEASE), pk=row.pk, sealed_tokens=row.sealed_tokens
    )
    if not changed.update(sealed_tokens=anew):
        return Sealed.BUSY
    row_cache.invalidate(type(row), [row.session_key])
    return Sealed.ANEW


def newest_key_is_in_use(model: type["Session"]) -> bool:
    """Return whether the running site seals with the newest key already.

    The tokens that were stored last show it; True without any.
    """
    rows = model.objects.exclude(sealed_tokens="").order_by("-access_expires_at")
    sealed = list(rows.values_list("sealed_tokens", flat=True)[:LOOKED_AT])
    return not sealed or any(map(sealing.has_newest_key, sealed))
