"""How often something may be tried, counted in the database.

An attempt is counted *before* it is made, by one conditional UPDATE, so that any
number of processes together stay within a limit. Afterwards it is settled as failed,
succeeded, or as if it had not been (an outage is nobody's failure).

While the limit is used up by attempts whose outcome is not known yet, the next one
waits for them instead of being refused.
"""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import F, Value
from django.db.models.functions import Greatest
from django.utils import timezone
from django.utils.crypto import salted_hmac

from .models import Attempts

MINUTE = 60
WAIT_SECONDS = 5.0
POLL_SECONDS = 0.05


@dataclass(frozen=True)
class Limit:
    """So many attempts in a window of so many seconds.

    A window after one that was used up is longer: the next of `windows`.
    """

    name: str
    attempts: int
    windows: tuple[int, ...]

    def key(self, subject: str) -> str:
        """Return the row's key; the subject is not readable in it."""
        digest = salted_hmac("accounts.throttling", subject, algorithm="sha256")
        return f"{self.name}:{digest.hexdigest()}"


ACCOUNT_FAILURES = Limit("account", 5, (5 * MINUTE, 15 * MINUTE, 60 * MINUTE))
DEVICE_FAILURES = Limit("device", 5, (5 * MINUTE, 15 * MINUTE, 60 * MINUTE))
ADDRESS_FAILURES = Limit("address-failures", 10, (MINUTE,))
ADDRESS_SIGN_INS = Limit("address-sign-ins", 30, (MINUTE,))
ADDRESS_SIGN_UPS = Limit("address-sign-ups", 20, (MINUTE,))
ADDRESS_RESETS = Limit("address-resets", 20, (MINUTE,))
EMAIL_RESETS = Limit("email-resets", 5, (MINUTE,))
CODE_TRIES = Limit("code-tries", 5, (5 * MINUTE,))
CODES_OF_ACCOUNT = Limit("account-codes", 10, (15 * MINUTE,))
USED_CODES = Limit("used-codes", 1, (90,))


class Throttled(Exception):
    """Too many attempts; `retry_after` says in how many seconds to come back."""

    def __init__(self, retry_after: int):
        super().__init__(f"throttled for {retry_after} s")
        self.retry_after = retry_after


@dataclass(frozen=True)
class Attempt:
    """One attempt that is counted against a limit."""

    limit: Limit
    subject: str
    total: int | None = None
    """How many failures in a row are allowed altogether, whatever the window."""

    def take(self) -> None:
        """Count the attempt.

        Raises:
            Throttled: the limit is used up.
        """
        deadline = time.monotonic() + WAIT_SECONDS
        while not self._try_take():
            row = Attempts.objects.filter(pk=self._key).first()
            if row is None:
                continue
            if row.in_flight <= 0 or time.monotonic() > deadline:
                raise Throttled(self._seconds_left(row))
            time.sleep(POLL_SECONDS)

    def failed(self) -> None:
        """Settle: the attempt stays counted."""
        self._row().update(in_flight=_less_one("in_flight"))

    def undo(self) -> None:
        """Settle: as if it had not been."""
        self._row().update(
            count=_less_one("count"),
            in_flight=_less_one("in_flight"),
            total=_less_one("total"),
        )

    def succeeded(self) -> None:
        """Settle: forget all failures before."""
        others = _less_one("in_flight")
        self._row().update(count=others, in_flight=others, total=others, strikes=0)

    @property
    def _key(self) -> str:
        return self.limit.key(self.subject)

    def _row(self):
        return Attempts.objects.filter(pk=self._key)

    def _try_take(self) -> bool:
        now = timezone.now()
        return (
            self._count_in_window(now)
            or self._open_next_window(now)
            or self._open_first_window(now)
        )

    def _allowed(self):
        rows = self._row()
        return rows if self.total is None else rows.filter(total__lt=self.total)

    def _count_in_window(self, now: datetime) -> bool:
        rows = self._allowed().filter(
            window_ends_at__gt=now, count__lt=self.limit.attempts
        )
        return bool(
            rows.update(
                count=F("count") + 1,
                in_flight=F("in_flight") + 1,
                total=F("total") + 1,
            )
        )

    def _open_next_window(self, now: datetime) -> bool:
        row = self._allowed().filter(window_ends_at__lte=now).first()
        if row is None:
            return False
        used_up = row.count >= self.limit.attempts
        strikes = row.strikes + 1 if used_up else 0
        windows = self.limit.windows
        seconds = windows[min(strikes, len(windows) - 1)]
        # The end that was read is the condition: one of many parallel requests wins.
        return bool(
            self._row()
            .filter(window_ends_at=row.window_ends_at)
            .update(
                count=1,
                in_flight=1,
                total=F("total") + 1,
                strikes=strikes,
                window_ends_at=now + timedelta(seconds=seconds),
            )
        )

    def _open_first_window(self, now: datetime) -> bool:
        ends_at = now + timedelta(seconds=self.limit.windows[0])
        try:
            with transaction.atomic():
                Attempts.objects.create(
                    key=self._key, count=1, in_flight=1, total=1, window_ends_at=ends_at
                )
        except IntegrityError:
            return False
        return True

    def forget(self) -> None:
        """Forget everything about the subject: its owner proved to be there."""
        self._row().delete()

    def _seconds_left(self, row: Attempts) -> int:
        if self.total is not None and row.total >= self.total:
            return self.limit.windows[-1]
        left = (row.window_ends_at - timezone.now()).total_seconds()
        return max(1, int(left) + 1)


def _less_one(column: str):
    return Greatest(F(column) - 1, Value(0))


def take_all(attempts: list[Attempt]) -> None:
    """Count several attempts, or none of them.

    Raises:
        Throttled: one of the limits is used up.
    """
    taken: list[Attempt] = []
    try:
        for attempt in attempts:
            attempt.take()
            taken.append(attempt)
    except Throttled:
        for attempt in taken:
            attempt.undo()
        raise


def clear_ended() -> int:
    """Delete rows that no longer count; return how many.

    Failures of an account are remembered longer: Directus' own counter has no window.
    """
    now = timezone.now()
    old = Attempts.objects.filter(window_ends_at__lt=now - timedelta(days=90))
    short = Attempts.objects.filter(window_ends_at__lt=now - timedelta(days=1))
    failures = (ACCOUNT_FAILURES.name, DEVICE_FAILURES.name)
    for name in failures:
        short = short.exclude(key__startswith=f"{name}:")
    return old.delete()[0] + short.delete()[0]
