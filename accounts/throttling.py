"""How often something may be tried, counted in the database.

An attempt is counted *before* it is made, by one conditional statement, so that any
number of processes together stay within a limit. Afterwards it is settled as failed,
succeeded, or as if it had not been (an outage is nobody's failure).

While the limit is used up by attempts whose outcome is not known yet, the next one
waits for them instead of being refused.
"""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import F, Value
from django.db.models.functions import Greatest
from django.utils import timezone
from django.utils.crypto import salted_hmac

from .models import Attempts

MINUTE = 60
YEAR = 365 * 24 * 3600
WAIT_SECONDS = 5.0
POLL_SECONDS = 0.05
# Nobody is told to come back next year.
LONGEST_RETRY_AFTER = 60 * MINUTE
# Opens the first window, or counts in one that is open and has room. PostgreSQL and
# SQLite both know it; Django's upsert takes no condition.
COUNT = """
    INSERT INTO accounts_attempts ("key", "count", in_flight, strikes, window_ends_at)
    VALUES (%s, 1, %s, 0, %s)
    ON CONFLICT ("key") DO UPDATE SET
        "count" = accounts_attempts."count" + 1,
        in_flight = accounts_attempts.in_flight + excluded.in_flight
    WHERE accounts_attempts.window_ends_at > %s AND accounts_attempts."count" < %s
"""


@dataclass(frozen=True)
class Limit:
    """So many attempts in a window of so many seconds.

    A window after one that was used up is longer: the next of `windows`. Without
    `settles`, attempts count whatever becomes of them, and are not settled.
    """

    name: str
    attempts: int
    windows: tuple[int, ...]
    settles: bool = True

    def key(self, subject: str) -> str:
        """Return the row's key; the subject is not readable in it."""
        digest = salted_hmac("accounts.throttling", subject, algorithm="sha256")
        return f"{self.name}:{digest.hexdigest()}"


ACCOUNT_FAILURES = Limit("account", 5, (5 * MINUTE, 15 * MINUTE, 60 * MINUTE))
DEVICE_FAILURES = Limit("device", 5, (5 * MINUTE, 15 * MINUTE, 60 * MINUTE))
ADDRESS_FAILURES = Limit("address-failures", 10, (MINUTE,))
ADDRESS_SIGN_INS = Limit("address-sign-ins", 30, (MINUTE,), settles=False)
ADDRESS_SIGN_UPS = Limit("address-sign-ups", 20, (MINUTE,))
# Before Directus is asked about a link, and before the site's own token is used.
ADDRESS_LINKS = Limit("address-links", 20, (MINUTE,), settles=False)
EMAIL_CONFIRMATIONS = Limit("email-confirmations", 5, (MINUTE,), settles=False)
ADDRESS_RESETS = Limit("address-resets", 20, (MINUTE,))
EMAIL_RESETS = Limit("email-resets", 5, (MINUTE,))
STAFF_RESETS = Limit("staff-resets", 3, (5 * MINUTE,))
DOCTOR_RUNS = Limit("doctor-runs", 2, (MINUTE,))
EXPORTS = Limit("exports", 5, (10 * MINUTE,))
ADDRESS_EMAIL_CHANGES = Limit("address-email-changes", 20, (MINUTE,))
ACCOUNT_EMAIL_CHANGES = Limit("account-email-changes", 5, (60 * MINUTE,))
NEW_EMAIL_MAILS = Limit("new-email-mails", 5, (60 * MINUTE,))
CODE_TRIES = Limit("code-tries", 5, (5 * MINUTE,))
CODES_OF_ACCOUNT = Limit("account-codes", 10, (15 * MINUTE,))
USED_CODES = Limit("used-codes", 1, (90,))
WEBHOOK_REFUSALS = Limit("webhook-refusals", 20, (MINUTE,))
WEBHOOK_CALLS = Limit("webhook-calls", 600, (MINUTE,))
# Longer than a message may be too early and too late together.
WEBHOOK_MESSAGES = Limit("webhook-messages", 1, (11 * MINUTE,))


def since_success(attempts: int) -> Limit:
    """Return a limit on what Directus counts itself, where no window ends."""
    return Limit("since-success", attempts, (YEAR,))


class Throttled(Exception):
    """Too many attempts.

    Attributes:
        retry_after: in how many seconds to come back.
        waited: it took time to find out, as much as somebody else's attempt took.
    """

    def __init__(self, retry_after: int, *, waited: bool = False):
        super().__init__(f"throttled for {retry_after} s")
        self.retry_after = retry_after
        self.waited = waited


@dataclass(frozen=True)
class Attempt:
    """One attempt that is counted against a limit."""

    limit: Limit
    subject: str

    def take(self) -> None:
        """Count the attempt.

        Raises:
            Throttled: the limit is used up.
        """
        started = time.monotonic()
        waited = False
        while not self._try_take():
            row = self._row().first()
            is_late = time.monotonic() > started + WAIT_SECONDS
            if row is not None and (is_late or self._is_used_up(row)):
                raise Throttled(self._seconds_left(row), waited=waited)
            waited = True
            time.sleep(POLL_SECONDS)

    def used_up_until(self) -> datetime | None:
        """Return when the next attempt may be made; None: now."""
        row = self._row().filter(window_ends_at__gt=timezone.now()).first()
        return row.window_ends_at if row and self._is_used_up(row) else None

    def _is_used_up(self, row: Attempts) -> bool:
        # As it was read now: the last attempt under way may just have succeeded.
        return row.in_flight <= 0 and row.count >= self.limit.attempts

    def failed(self) -> None:
        """Settle: the attempt stays counted."""
        self._row().update(in_flight=_less_one("in_flight"))

    def undo(self) -> None:
        """Settle: as if it had not been."""
        self._row().update(count=_less_one("count"), in_flight=_less_one("in_flight"))

    def succeeded(self) -> None:
        """Settle: forget all failures before.

        The row goes, so that the next attempt takes as long as for an account that
        nobody ever signed in to.
        """
        if not self._row().filter(in_flight__lte=1).delete()[0]:
            others = _less_one("in_flight")
            self._row().update(count=others, in_flight=others, strikes=0)

    def read(self) -> Attempts | None:
        """Return what has been counted so far."""
        return self._row().first()

    @property
    def _key(self) -> str:
        return self.limit.key(self.subject)

    def _row(self):
        return Attempts.objects.filter(pk=self._key)

    def _try_take(self) -> bool:
        now = timezone.now()
        return self._count(now) or self._open_next_window(now)

    def _count(self, now: datetime) -> bool:
        ends_at = now + timedelta(seconds=self.limit.windows[0])
        values = [
            self._key,
            int(self.limit.settles),
            _column(ends_at),
            _column(now),
            self.limit.attempts,
        ]
        with connection.cursor() as cursor:
            cursor.execute(COUNT, values)
            return cursor.rowcount == 1

    def _open_next_window(self, now: datetime) -> bool:
        row = self._row().filter(window_ends_at__lte=now).first()
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
                in_flight=int(self.limit.settles),
                strikes=strikes,
                window_ends_at=now + timedelta(seconds=seconds),
            )
        )

    def forget(self, *, but: int = 0) -> None:
        """Forget failures, all `but` so many: the owner proved to be there."""
        if but:
            self._row().filter(count__gt=but).update(count=but)
        else:
            self._row().delete()

    def hand_over(self, subject: str) -> None:
        """Count for another subject from now on: the account has a new address."""
        row = self._row()
        if row.exists():
            Attempts.objects.filter(pk=self.limit.key(subject)).delete()
            row.update(key=self.limit.key(subject))

    def _seconds_left(self, row: Attempts) -> int:
        left = (row.window_ends_at - timezone.now()).total_seconds()
        return min(max(1, int(left) + 1), LONGEST_RETRY_AFTER)


def _column(moment: datetime):
    field = Attempts._meta.get_field("window_ends_at")
    return field.get_db_prep_value(moment, connection)


def _less_one(column: str):
    return Greatest(F(column) - 1, Value(0))


def last_attempt(limit: Limit) -> datetime | None:
    """Return when anybody last counted against a limit of one window; None: long ago.

    Rows stay for a day after their window.
    """
    rows = Attempts.objects.filter(key__startswith=f"{limit.name}:")
    last = rows.order_by("window_ends_at").last()
    return last and last.window_ends_at - timedelta(seconds=limit.windows[0])


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

    A day later, because a window after one that was used up is longer.
    """
    yesterday = timezone.now() - timedelta(days=1)
    return Attempts.objects.filter(window_ends_at__lt=yesterday).delete()[0]
