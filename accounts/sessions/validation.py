"""Whether Directus still knows the user of a session: one request asks for all."""

import time
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone

from ..core import clients
from .tokens import POLL_SECONDS


class Validation:
    """The part of a session that knows when Directus was asked, and by which request.

    Works on the columns of the session's row.
    """

    @property
    def validation_age(self) -> timedelta:
        """How long ago Directus confirmed the user."""
        return timezone.now() - self._validated()

    def take_validation(self) -> bool:
        """Return whether this request shall ask Directus about the user."""
        now = timezone.now()
        before = self._validated()
        # Free again by itself: a request that died must not stop the asking.
        free = Q(validation_lease_until=None) | Q(validation_lease_until__lt=now)
        until = now + timedelta(seconds=clients.lease_seconds())
        if not self.update_row(free, validation_lease_until=until):
            return False
        # Compared here, and not in the database: SQLite compares times as texts, and
        # one that was not written by Django equals nothing.
        self.reload_row()
        if self.row is not None and self._validated() > before:
            self.release_validation()
            return False
        return self.row is not None

    def _validated(self) -> datetime:
        return self.row.validated_at or self.row.created_at

    def wait_for_validation(self, seconds: float) -> None:
        """Wait until the request that asks has its answer, or has died.

        Args:
            seconds: not longer, whatever the row says.

        Raises:
            DirectusUnavailable: it takes too long, or too many wait already.
        """
        end = time.monotonic() + seconds
        self.reload_row()
        with clients.waiting_room().waiting() as check_patience:
            while self.row is not None and self._is_being_validated():
                check_patience()
                if time.monotonic() > end:
                    return
                time.sleep(POLL_SECONDS)
                self.reload_row()

    def _is_being_validated(self) -> bool:
        until = self.row.validation_lease_until
        return until is not None and until > timezone.now()

    def confirm(self) -> None:
        """Note that Directus confirmed the user just now."""
        self.update_row(validated_at=timezone.now(), validation_lease_until=None)

    def release_validation(self) -> None:
        """Let another request ask: Directus gave no answer."""
        self.update_row(validation_lease_until=None)
