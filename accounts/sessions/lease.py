"""A lease: one request works for all requests of a session, and the others wait.

It is a column of the session's row with the end of the lease, written by one
conditional UPDATE, without an open transaction. It expires by itself, because its
holder may have died. Its times are the database's: the clocks of hosts may differ by
more than a lease lasts.
"""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from ..core import clients

if TYPE_CHECKING:
    from ..models import Session

POLL_SECONDS = 0.05


class WithRow:
    """A session with a row, such as `SessionStore`."""

    @property
    def row(self) -> "Session | None":
        """The row as last read; None before the first save."""
        raise NotImplementedError

    def reload_row(self) -> None:
        """Read the row from the database."""
        raise NotImplementedError

    def update_row(self, condition: Q | None = None, **columns: Any) -> bool:
        """Change columns of the row; return whether it met the condition."""
        raise NotImplementedError


class Lease:
    """One lease of one session.

    Args:
        session: the session store.
        column: the column of the session's row.
    """

    def __init__(self, session: WithRow, column: str):
        self._session = session
        self._column = column
        self._held_until: datetime | None = None

    @property
    def is_mine(self) -> bool:
        """Whether this request holds the lease."""
        return self._held_until is not None

    @property
    def until(self) -> datetime | None:
        """The end of the lease in the row as last read; None if it is free."""
        row = self._session.row
        return getattr(row, self._column) if row else None

    @property
    def is_held(self) -> bool:
        """Whether a request holds the lease, by the row as last read.

        By this host's clock, which is good enough to wait a moment longer.
        """
        return self.until is not None and self.until > timezone.now()

    def take(self) -> bool:
        """Take the lease; return False if another request holds it."""
        if self.is_held:
            # Waiting requests only read: an UPDATE would fail.
            return False
        until = Now() + timedelta(seconds=clients.lease_seconds())
        if not self._session.update_row(is_free(self._column), **{self._column: until}):
            return False
        # The end as the database has it, to recognise the lease by.
        self._session.reload_row()
        self._held_until = self.until
        return self.is_mine

    def wait(self, is_over: Callable[[float], bool]) -> None:
        """Read the row repeatedly until `is_over` is true for the seconds waited.

        Raises:
            DirectusUnavailable: too many requests of this process wait.
        """
        began = time.monotonic()
        with clients.waiting_room().waiting() as check_patience:
            while True:
                time.sleep(POLL_SECONDS)
                self._session.reload_row()
                if is_over(time.monotonic() - began):
                    return
                check_patience()

    def release(self) -> None:
        """Release the lease, unless it has expired and another request holds it."""
        self._session.update_row(
            Q(**{self._column: self._held_until}), **{self._column: None}
        )
        self._held_until = None


def is_free(column: str) -> Q:
    """Return the condition that no request holds the lease of a row."""
    return Q(**{column: None}) | Q(**{f"{column}__lt": Now()})
