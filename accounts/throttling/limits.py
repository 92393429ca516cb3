"""Limits on attempts, counted in the database.

An attempt is counted *before* it is made, by one conditional statement, so that all
processes together stay within a limit. Afterwards it is settled as failed or succeeded,
or undone (an outage is no failure).

If only attempts in flight use up a limit, the next attempt waits for them for a moment
instead of being refused. Few attempts may wait at once, because a waiting thread
serves no pages.
"""

import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F, Func, Value
from django.db.models.functions import Greatest, Least
from django.utils import timezone
from django.utils.crypto import salted_hmac

from ..core import figures
from ..core.batches import delete_in_batches
from ..directus import TryLater
from ..models import Attempts
from . import rows

MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR
YEAR = 365 * DAY
# Directus takes half a second for a sign-in: time for three successful ones in turn.
WAIT_SECONDS = 2.0
POLL_SECONDS = 0.05
# The pause if only attempts in flight use up the limit.
BUSY_SECONDS = 5
# Longer than any request: an older attempt in flight belongs to a dead process. It
# stays counted.
LEASE_SECONDS = 30
# A quarter of a process' threads may wait, for all limits together.
_waiters = threading.BoundedSemaphore(max(1, settings.WEB_THREADS // 4))


@dataclass(frozen=True)
class Limit:
    """A number of attempts in a window of some seconds.

    After a window that was used up, the next one of `windows` applies, which is longer.
    Without `settles`, attempts count whatever their outcome. With `longer_by`, each
    failure extends its window by so many seconds, up to a year.
    """

    name: str
    attempts: int
    windows: tuple[int, ...]
    settles: bool = True
    longer_by: int = 0

    def key(self, subject: str) -> str:
        """Return the row's key, a digest that does not reveal the subject."""
        digest = salted_hmac("accounts.throttling", subject, algorithm="sha256")
        return f"{self.name}:{digest.hexdigest()}"


ACCOUNT_FAILURES = Limit("account", 5, (5 * MINUTE, 15 * MINUTE, HOUR))
DEVICE_FAILURES = Limit("device", 5, (5 * MINUTE, 15 * MINUTE, HOUR))
ADDRESS_FAILURES = Limit("address-failures", 10, (MINUTE,))
ADDRESS_SIGN_INS = Limit("address-sign-ins", 30, (MINUTE,), settles=False)
ADDRESS_SSO_STARTS = Limit("address-sso-starts", 30, (MINUTE,), settles=False)
ADDRESS_SIGN_UPS = Limit("address-sign-ups", 20, (MINUTE,), settles=False)
# Counted before a call about a link, and before a call with the service token.
ADDRESS_LINKS = Limit("address-links", 20, (MINUTE,), settles=False)
# Longer than Directus' links live, unless its operator made them live longer.
EMAIL_CONFIRMATIONS = Limit("email-confirmations", 5, (MINUTE,), settles=False)
ADDRESS_RESETS = Limit("address-resets", 20, (MINUTE,), settles=False)
DOCTOR_RUNS = Limit("doctor-runs", 2, (MINUTE,))
EXPORTS = Limit("exports", 5, (10 * MINUTE,), settles=False)
PICTURES = Limit("pictures", 20, (10 * MINUTE,), settles=False)
ITEM_FILES = Limit("item-files", 60, (10 * MINUTE,), settles=False)
ADDRESS_EMAIL_CHANGES = Limit("address-email-changes", 20, (MINUTE,), settles=False)
ACCOUNT_EMAIL_CHANGES = Limit("account-email-changes", 5, (HOUR,), settles=False)
CODE_TRIES = Limit("code-tries", 5, (5 * MINUTE,))
# The browser goes through the provider once more before the outcome is known.
SSO_CODE_TRIES = Limit("sso-code-tries", 5, (5 * MINUTE,), settles=False)
CODES_OF_ACCOUNT = Limit("account-codes", 10, (15 * MINUTE,))
WEBHOOK_REFUSALS = Limit("webhook-refusals", 20, (MINUTE,), settles=False)
WEBHOOK_CALLS = Limit("webhook-calls", 600, (MINUTE,), settles=False)


def since_success(attempts: int, margin: int = 5) -> Limit:
    """Return a limit for failures that Directus counts without a time window.

    Args:
        attempts: number of attempts that are sent to Directus without a success.
        margin: number of further attempts before Directus suspends the account. The
            site expires at most so many in half a year.
    """
    longer_by = YEAR // 2 // max(1, margin)
    return Limit("since-success", attempts, (DAY,), longer_by=longer_by)


class Throttled(TryLater):
    """Too many attempts: this site's own limits; Directus was not asked.

    Attributes:
        retry_after: seconds until the next attempt.
        waited: the refusal took as long as another attempt.
    """

    retry_after: int
    is_own_limit = True

    def __init__(self, retry_after: int, *, waited: bool = False):
        super().__init__(f"throttled for {retry_after} s")
        self.retry_after = retry_after
        self.waited = waited


@dataclass(frozen=True)
class Attempt:
    """An attempt that counts against a limit."""

    limit: Limit
    subject: str

    def take(self, deadline: float | None = None) -> None:
        """Count the attempt.

        Args:
            deadline: the latest time (monotonic) to wait for attempts in flight.

        Raises:
            Throttled: the limit is used up.
        """
        try:
            self._take(deadline)
        except Throttled:
            figures.throttled(self.limit.name)
            raise

    def _take(self, deadline: float | None) -> None:
        if self._try_take():
            return
        self._refuse_if_used_up()
        if not _waiters.acquire(blocking=False):
            raise Throttled(BUSY_SECONDS)
        try:
            self._wait(deadline or time.monotonic() + WAIT_SECONDS)
        finally:
            _waiters.release()

    def _wait(self, deadline: float) -> None:
        while time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
            if self._try_take():
                return
            self._refuse_if_used_up(waited=True)
        raise Throttled(BUSY_SECONDS, waited=True)

    def _refuse_if_used_up(self, *, waited: bool = False) -> None:
        row = self.read()
        if row is not None and self._is_used_up(row):
            raise Throttled(self._seconds_left(row), waited=waited)

    def used_up_until(self) -> datetime | None:
        """Return the time of the next attempt; None if now."""
        row = self._row().filter(window_ends_at__gt=timezone.now()).first()
        return row.window_ends_at if row and self._is_used_up(row) else None

    def _is_used_up(self, row: Attempts) -> bool:
        # As just read: the last attempt in flight may have succeeded meanwhile.
        return row.count >= self.limit.attempts and not row.is_in_flight

    def failed(self) -> None:
        """Settle the attempt as failed: it stays counted."""
        changes: dict[str, Func] = {"in_flight": _less_one("in_flight")}
        if self.limit.longer_by:
            longer = timedelta(seconds=self.limit.longer_by)
            latest = timezone.now() + timedelta(seconds=YEAR)
            changes["window_ends_at"] = Least(F("window_ends_at") + longer, latest)
        self._row().update(**changes)

    def undo(self) -> None:
        """Undo the attempt."""
        self._row().update(count=_less_one("count"), in_flight=_less_one("in_flight"))

    def succeeded(self) -> None:
        """Settle the attempt as succeeded: delete all earlier failures.

        The row is deleted, so that the next attempt takes as long as for an account
        without any sign-in.
        """
        if not self._row().filter(in_flight__lte=1).delete()[0]:
            others = _less_one("in_flight")
            self._row().update(count=others, in_flight=others, strikes=0)

    def read(self) -> Attempts | None:
        """Return the present count."""
        return self._row().first()

    @cached_property
    def key(self) -> str:
        """The key of the row."""
        return self.limit.key(self.subject)

    def _row(self):
        return Attempts.objects.filter(pk=self.key)

    def _try_take(self) -> bool:
        now = timezone.now()
        counted = rows.count([self], now, _lease_from(now)) == 1
        return counted or self._open_next_window(now)

    def _open_next_window(self, now: datetime) -> bool:
        row = self._row().filter(window_ends_at__lte=now).first()
        if row is None:
            return False
        used_up = row.count >= self.limit.attempts
        strikes = row.strikes + 1 if used_up else 0
        windows = self.limit.windows
        seconds = windows[min(strikes, len(windows) - 1)]
        # On the condition that the end is unchanged: one of the parallel requests wins.
        return bool(
            self._row()
            .filter(window_ends_at=row.window_ends_at)
            .update(
                count=1,
                in_flight=int(self.limit.settles),
                strikes=strikes,
                window_ends_at=now + timedelta(seconds=seconds),
                in_flight_until=_lease_from(now),
            )
        )

    def clear(self, *, but: int = 0) -> None:
        """Delete all failures but so many: the owner has proved their identity."""
        if but:
            self._row().filter(count__gt=but).update(count=but)
        else:
            self._row().delete()

    def hand_over(self, subject: str) -> None:
        """Move the count to another subject, after a change of address.

        An attempt for the new subject may be counted at the same moment; if that
        happens again and again, its count stays.
        """
        key = self.limit.key(subject)
        for _try in range(3):
            if not self.read():
                return
            with suppress(IntegrityError), transaction.atomic():
                Attempts.objects.filter(pk=key).delete()
                self._row().update(key=key)
                return

    def _seconds_left(self, row: Attempts) -> int:
        left = (row.window_ends_at - timezone.now()).total_seconds()
        # Not a year: a success ends the window sooner.
        longest = HOUR if self.limit.longer_by else DAY
        return min(max(1, int(left) + 1), longest)


def _lease_from(now: datetime) -> datetime:
    return now + timedelta(seconds=LEASE_SECONDS)


def _less_one(column: str) -> Greatest:
    return Greatest(F(column) - 1, Value(0))


def take_all(attempts: Sequence[Attempt]) -> None:
    """Count several attempts, or none.

    One statement does it if all of them have room. Otherwise they are counted one by
    one, to wait for those in flight and to find the limit that is used up.

    Args:
        attempts: of different limits or subjects.

    Raises:
        Throttled: one of the limits is used up.
    """
    if not attempts or _take_together(attempts):
        return
    deadline = time.monotonic() + WAIT_SECONDS
    for number, attempt in enumerate(attempts):
        try:
            attempt.take(deadline)
        except Throttled:
            undo_all(attempts[:number])
            raise


def _take_together(attempts: Sequence[Attempt]) -> bool:
    now = timezone.now()
    with transaction.atomic():
        if rows.count(attempts, now, _lease_from(now)) == len(attempts):
            return True
        transaction.set_rollback(True)
    return False


def settle_all(
    *,
    failed: Sequence[Attempt] = (),
    undone: Sequence[Attempt] = (),
    succeeded: Sequence[Attempt] = (),
) -> None:
    """Settle several attempts in one transaction, each as its own method does."""
    rows.settle(failed=failed, undone=undone, succeeded=succeeded)


def undo_all(attempts: Sequence[Attempt]) -> None:
    """Undo several attempts."""
    settle_all(undone=attempts)


def clear_ended() -> int:
    """Delete expired rows; return their number.

    They stay for a day, because the window after a used-up one is longer.
    """
    yesterday = timezone.now() - timedelta(days=1)
    return delete_in_batches(Attempts.objects.filter(window_ends_at__lt=yesterday))
