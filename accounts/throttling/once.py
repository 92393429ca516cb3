"""Accept a one-time code, a webhook message, a mailed link or a form only once.

Directus accepts a code again within 30 seconds, a signed message can be sent again
within minutes, and a form by a second click. Counters of `limits` with one attempt
record them.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from ..models import Attempts
from .limits import HOUR, MINUTE, Attempt, Limit, Throttled

ONE_TIME_CODES = Limit("used-codes", 1, (90,))
# Longer than twice the allowed clock skew.
WEBHOOK_MESSAGES = Limit("webhook-messages", 1, (11 * MINUTE,), settles=False)
SENT_FORMS = Limit("sent-forms", 1, (HOUR,))


@dataclass(frozen=True)
class Once:
    """One code, message, link or form."""

    kind: Limit
    subject: str

    def is_first(self) -> bool:
        """Record it; return False if it is recorded already."""
        try:
            self.attempt.take()
        except Throttled:
            return False
        return True

    def keep(self) -> None:
        """Keep the record: it was used."""
        self.attempt.failed()

    def undo(self) -> None:
        """Delete the record: it was not used, and may come again."""
        self.attempt.undo()

    def is_kept(self) -> bool:
        """Return whether the record is kept; False while the first one is at work."""
        return self.attempt.used_up_until() is not None

    @property
    def attempt(self) -> Attempt:
        """Its counter."""
        return Attempt(self.kind, self.subject)


def last_seen(kind: Limit) -> datetime | None:
    """Return the time of the latest one of a kind; None if it is too long ago.

    A row stays for a day after its window.
    """
    window = timedelta(seconds=kind.windows[0])
    # True for all rows of the kind, but not for most others: this uses the index.
    rows = Attempts.objects.filter(
        key__startswith=f"{kind.name}:", window_ends_at__lte=timezone.now() + window
    )
    last = rows.order_by("window_ends_at").last()
    return last.window_ends_at - window if last else None
