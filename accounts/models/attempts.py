"""The counters of attempts."""

from django.db import models
from django.utils import timezone


class Attempts(models.Model):
    """A counter of a window: attempts against a limit, or something seen once.

    See accounts.throttling.limits and accounts.throttling.once.
    """

    key = models.CharField(max_length=128, primary_key=True)
    count = models.IntegerField(default=0)
    in_flight = models.IntegerField(default=0)
    strikes = models.IntegerField(default=0)
    window_ends_at = models.DateTimeField(db_index=True)
    # Later than this, no attempt is in flight: its process was killed.
    in_flight_until = models.DateTimeField(null=True)

    def __str__(self):
        return self.key

    @property
    def is_in_flight(self) -> bool:
        """Whether the outcome of an attempt is not known yet."""
        until = self.in_flight_until
        return self.in_flight > 0 and until is not None and until > timezone.now()
