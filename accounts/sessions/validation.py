"""Re-validate the user of a session: one request does it for all."""

from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from django.db.models import Q
from django.utils import timezone

from ..directus import SessionExpired
from .lease import Lease, WithRow


class Validation(WithRow):
    """The part of a session about its re-validation.

    Uses columns of the session's row.
    """

    # The reported change that this request checks.
    _asked_about: datetime | None = None

    @property
    def validation_age(self) -> timedelta:
        """The time since Directus confirmed the user."""
        return timezone.now() - self._validated()

    @property
    def is_change_reported(self) -> bool:
        """Whether Directus has reported a change that was not checked yet."""
        return self.row is not None and self.row.change_reported_at is not None

    def take_validation(self) -> bool:
        """Return whether this request must read the user at Directus."""
        before = self._validated()
        if not self._validation_lease.take():
            return False
        # Compared here: SQLite compares times as text, and a time that Django did not
        # write equals none. The row was read anew with the lease.
        if self._validated() > before and not self.is_change_reported:
            self.release_validation()
            return False
        self._asked_about = self.row.change_reported_at if self.row else None
        return True

    def _validated(self) -> datetime:
        if self.row is None:
            raise SessionExpired("the session was ended")
        return self.row.validated_at or self.row.created_at

    def wait_for_validation(self, seconds: float) -> None:
        """Wait until the request with the lease has its answer, or has died.

        Args:
            seconds: the longest wait.

        Raises:
            DirectusUnavailable: it takes too long, or too many requests wait.
        """
        lease = self._validation_lease
        self.reload_row()
        if lease.is_held:
            lease.wait(lambda waited: not lease.is_held or waited > seconds)

    @cached_property
    def _validation_lease(self) -> Lease:
        return Lease(self, "validation_lease_until")

    def confirm(self) -> None:
        """Store that Directus has confirmed the user now."""
        now = timezone.now()
        columns: dict[str, Any] = {"validated_at": now, "validation_lease_until": None}
        # A change that was reported meanwhile is checked by the next request.
        as_asked = Q(change_reported_at=self._asked_about)
        if not self.update_row(as_asked, **columns, change_reported_at=None):
            self.update_row(**columns)

    def release_validation(self) -> None:
        """Let another request try: Directus did not answer."""
        self._validation_lease.release()
