"""What protects Directus from this process, and this process from a broken Directus."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from math import ceil

from pybreaker import (
    STATE_CLOSED,
    STATE_OPEN,
    CircuitBreaker,
    CircuitBreakerError,
    CircuitBreakerListener,
    CircuitBreakerState,
)

from .exceptions import DirectusUnavailable

logger = logging.getLogger(__name__)

FAILURES = 5
OPEN_SECONDS = 5.0


class Breaker:
    """After five failures in a row, asks nothing for five seconds, then asks once."""

    def __init__(self, *, open_seconds: float = OPEN_SECONDS) -> None:
        self._circuit = _Circuit(
            fail_max=FAILURES,
            reset_timeout=open_seconds,
            listeners=[_Log()],
            throw_new_error_on_trip=False,
        )
        self._probe = threading.Lock()

    def refuse_while_open(self) -> None:
        """Raise DirectusUnavailable at once while nothing would be asked anyway."""
        if self._circuit.seconds_left > 0:
            raise self._refusal()

    @contextmanager
    def guard(self) -> Iterator[bool]:
        """Count what happens inside: DirectusUnavailable is a failure.

        Yields:
            True when this is the one call that tries whether Directus is back.

        Raises:
            DirectusUnavailable: nothing may be asked now.
        """
        if self._circuit.current_state == STATE_CLOSED:
            with self._calling():
                yield False
            return
        # pybreaker itself would let every waiting call through at this point.
        if not self._probe.acquire(blocking=False):
            raise self._refusal()
        try:
            with self._calling():
                yield True
        finally:
            self._probe.release()

    @contextmanager
    def _calling(self) -> Iterator[None]:
        # Not `call()`: that one holds a lock until the call is over.
        try:
            with self._circuit.calling():
                yield
        except CircuitBreakerError:
            raise self._refusal() from None

    def _refusal(self) -> DirectusUnavailable:
        wait = max(1, ceil(self._circuit.seconds_left))
        return DirectusUnavailable(
            "Directus was away a moment ago", retry_after=wait, never_sent=True
        )


class _Circuit(CircuitBreaker):
    @property
    def seconds_left(self) -> float:
        """How long the circuit stays open; 0 when it is not."""
        opened_at = self._state_storage.opened_at
        if self.current_state != STATE_OPEN or opened_at is None:
            return 0.0
        age = (datetime.now(UTC) - opened_at).total_seconds()
        return max(0.0, self.reset_timeout - age)

    def open(self) -> bool:
        """Open, unless open: calls that began earlier do not hold it open longer."""
        if self.current_state == STATE_OPEN:
            return False
        return super().open()


class _Log(CircuitBreakerListener):
    """Logs the beginning and the end of an outage, and the tries in between quietly."""

    def state_change(
        self,
        cb: CircuitBreaker,
        old_state: CircuitBreakerState | None,
        new_state: CircuitBreakerState,
    ) -> None:
        level = logging.DEBUG
        if new_state.name == STATE_CLOSED:
            level = logging.INFO
        elif old_state is not None and old_state.name == STATE_CLOSED:
            level = logging.WARNING
        event = {"event": "upstream.breaker"}
        logger.log(level, "upstream.breaker %s", new_state.name, extra=event)


class RetryBudget:
    """Allows one retry for ten calls, and ten in stock: an outage is not multiplied."""

    STOCK = 10.0
    PER_CALL = 0.1

    def __init__(self) -> None:
        self._left = self.STOCK
        self._lock = threading.Lock()

    def earn(self) -> None:
        """Note a call."""
        with self._lock:
            self._left = min(self.STOCK, self._left + self.PER_CALL)

    def spend(self) -> bool:
        """Take one retry from the budget; False when there is none left."""
        with self._lock:
            if self._left < 1:
                return False
            self._left -= 1
            return True
