"""Limits on the threads of a process that wait for Directus, one for each kind.

While Directus answers quickly, threads wait for each other as long as that helps. As
soon as it hangs, the limits keep threads free for pages that need no answer.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

from .exceptions import DirectusUnavailable
from .time_budget import check_time

# Without progress, no thread waits longer for a slot.
PATIENCE_SECONDS = 0.75
# Directus lets every sign-in take half a second, and hashes beside that.
PASSWORD_PATIENCE_SECONDS = 1.5
# The longest wait for a slot while others get one; and what still counts as quick.
LONGEST_WAIT = 2.0
QUICK_SECONDS = 2.0
# A renewal that goes well takes less; more waiting threads than a few end here.
ROOM_SECONDS = 0.75
RETRY_SECONDS = 2


class Bulkhead:
    """Lets a limited number of calls through at once.

    A call that finds no free slot waits only while slots get free: some time after
    the last quick call ended, the next ones are refused at once.

    Args:
        slots: how many calls may be under way; at least one.
        places: how many more may wait; None: any number.
        patience: seconds without progress after which none waits any longer.
    """

    def __init__(
        self, slots: int, *, places: int | None = None, patience: float | None = None
    ) -> None:
        self._slots = slots
        self._places = places
        self._patience = patience
        self._waiting = 0
        self._under_way = 0
        self._moved_at = 0.0
        self._free = threading.Condition()

    @contextmanager
    def slot(self, *, patience: float | None = None) -> Iterator[None]:
        """Hold one slot.

        Args:
            patience: wait this many seconds, whatever the other calls do.

        Raises:
            DirectusUnavailable: none gets free in time.
        """
        began = self._enter(patience)
        try:
            yield
        finally:
            self._leave(began)

    def _enter(self, patience: float | None) -> float:
        with self._free:
            if self._under_way >= self._slots:
                self._wait(patience)
            now = monotonic()
            if not self._under_way:
                self._moved_at = now
            self._under_way += 1
            return now

    def _wait(self, patience: float | None) -> None:
        is_full = self._places is not None and self._waiting >= self._places
        if is_full and patience is None:
            raise _busy()
        latest = monotonic() + (LONGEST_WAIT if patience is None else patience)
        self._waiting += 1
        try:
            while self._under_way >= self._slots:
                moving_until = self._moved_at + (self._patience or PATIENCE_SECONDS)
                ends_at = latest if patience else min(latest, moving_until)
                left = ends_at - monotonic()
                if left <= 0:
                    raise _busy()
                self._free.wait(left)
        finally:
            self._waiting -= 1

    def _leave(self, began: float) -> None:
        with self._free:
            now = monotonic()
            if now - began < QUICK_SECONDS:
                self._moved_at = now
            self._under_way -= 1
            self._free.notify()


class WaitingRoom:
    """Bounds the threads that wait for another request's answer.

    A few may wait as long as their request has time. All others wait for less than a
    second, and not at all while one of the few has been waiting for longer than that.

    Args:
        places: how many may wait for long; at least one.
    """

    def __init__(self, places: int) -> None:
        self._places = places
        self._began: dict[object, float] = {}
        self._lock = threading.Lock()

    @contextmanager
    def waiting(self) -> Iterator[Callable[[], None]]:
        """Wait for another thread or process.

        Yields:
            A function to call between two looks; it raises DirectusUnavailable when
            this thread may wait no longer.

        Raises:
            DirectusUnavailable: too many wait already.
        """
        ticket, now = object(), monotonic()
        with self._lock:
            is_short = len(self._began) >= self._places
            if is_short and now - min(self._began.values()) > ROOM_SECONDS:
                raise _busy()
            self._began[ticket] = now

        def check() -> None:
            check_time()
            if is_short and monotonic() - now > ROOM_SECONDS:
                raise _busy()

        try:
            yield check
        finally:
            with self._lock:
                del self._began[ticket]


def _busy() -> DirectusUnavailable:
    return DirectusUnavailable(
        "too many requests wait for Directus",
        retry_after=RETRY_SECONDS,
        never_sent=True,
    )
