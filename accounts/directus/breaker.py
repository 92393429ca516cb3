"""Pause the calls to a broken Directus, and limit the retries."""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from math import ceil

from .exceptions import DirectusUnavailable
from .watch import NOTHING, Watch

logger = logging.getLogger(__name__)

FAILURES = 5
OPEN_SECONDS = 5.0


class Breaker:
    """Refuses calls for five seconds after five failures in a row.

    Closed until the fifth failure; then open; then half-open, while one call, the
    probe, tests Directus. A call that began while the breaker was closed changes
    nothing once it is open: slow failures must not keep it open.

    Args:
        open_seconds: the length of the pause.
        watch: is told of each change.
    """

    def __init__(
        self, *, open_seconds: float = OPEN_SECONDS, watch: Watch = NOTHING
    ) -> None:
        self._open_seconds = open_seconds
        self._watch = watch
        self._lock = threading.Lock()
        self._failures = 0
        # By the monotonic clock; None while the breaker is closed.
        self._open_until: float | None = None
        self._is_probing = False

    def refuse_while_open(self) -> None:
        """Raise DirectusUnavailable while the breaker is open."""
        if self._seconds_left() > 0:
            raise self._refusal()

    @contextmanager
    def guard(self, *, only_unsent: bool = False) -> Iterator[bool]:
        """Count the result of a block: an exception is a failure.

        Args:
            only_unsent: a failure after the request was sent shows no outage.

        Yields:
            Whether this call is the probe.

        Raises:
            DirectusUnavailable: the breaker is open.
        """
        is_probe = self._begin()
        try:
            yield is_probe
        except BaseException as error:
            was_sent = only_unsent and not getattr(error, "never_sent", False)
            if is_probe or not was_sent:
                self._note_failure(is_probe)
            raise
        self._note_success(is_probe)

    def _begin(self) -> bool:
        with self._lock:
            if self._open_until is None:
                return False
            if self._is_probing or self._seconds_left() > 0:
                raise self._refusal()
            self._is_probing = True
            self._tell(logging.DEBUG, "half-open")
            return True

    def _note_failure(self, is_probe: bool) -> None:
        with self._lock:
            if is_probe:
                self._is_probing = False
                self._open(logging.DEBUG)
            elif self._open_until is None:
                self._failures += 1
                if self._failures >= FAILURES:
                    self._open(logging.WARNING)

    def _note_success(self, is_probe: bool) -> None:
        with self._lock:
            self._failures = 0
            if is_probe:
                self._is_probing = False
                self._open_until = None
                self._tell(logging.INFO, "closed")

    def _open(self, level: int) -> None:
        self._open_until = time.monotonic() + self._open_seconds
        self._tell(level, "open")

    def _tell(self, level: int, state: str) -> None:
        """Log the start and the end of an outage; probes with a low level."""
        event = {"event": "upstream.breaker"}
        logger.log(level, "upstream.breaker %s", state, extra=event)
        self._watch.breaker_is(state)

    def _seconds_left(self) -> float:
        until = self._open_until
        return 0.0 if until is None else until - time.monotonic()

    def _refusal(self) -> DirectusUnavailable:
        wait = max(1, ceil(self._seconds_left()))
        return DirectusUnavailable(
            "Directus failed a moment ago", retry_after=wait, never_sent=True
        )


class RetryBudget:
    """Allows one retry per ten calls, so that retries do not worsen an outage."""

    STOCK = 10.0
    PER_CALL = 0.1

    def __init__(self) -> None:
        self._left = self.STOCK
        self._lock = threading.Lock()

    def earn(self) -> None:
        """Count a call."""
        with self._lock:
            self._left = min(self.STOCK, self._left + self.PER_CALL)

    def spend(self) -> bool:
        """Take one retry from the budget; return False if there is none."""
        with self._lock:
            if self._left < 1:
                return False
            self._left -= 1
            return True
