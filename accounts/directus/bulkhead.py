"""Limit the threads of a process that wait for Directus, for each kind of call.

While Directus answers quickly, threads wait for a slot. When it hangs, the limits keep
threads free for pages without calls.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

from .exceptions import DirectusUnavailable
from .time_budget import check_time
from .watch import NOTHING, Watch

# The longest wait for a slot without progress.
PATIENCE_SECONDS = 0.75
# Every sign-in at Directus takes half a second, and the hashing comes on top.
PASSWORD_PATIENCE_SECONDS = 1.5
# The longest wait for a slot with progress; and the longest quick call.
LONGEST_WAIT = 2.0
QUICK_SECONDS = 2.0
# A normal renewal is faster. When it is not, only a few threads may wait longer.
ROOM_SECONDS = 0.75
RETRY_SECONDS = 2


class Bulkhead:
    """Lets a limited number of calls run at once.

    A call without a free slot waits only while slots become free: some time after the
    end of the last quick call, further calls are refused at once.

    Args:
        slots: the most running calls; at least one.
        places: the most waiting calls; None for no limit.
        patience: seconds without progress until waiting calls are refused.
        kind: the name under which `watch` is told of each call.
    """

    def __init__(
        self,
        slots: int,
        *,
        places: int | None = None,
        patience: float | None = None,
        kind: str = "",
        watch: Watch = NOTHING,
    ) -> None:
        self._slots = slots
        self._places = places
        self._patience = patience
        self._waiting = 0
        self._under_way = 0
        self._moved_at = 0.0
        self._free = threading.Condition()
        self._kind = kind
        self._watch = watch
        watch.has_slots(kind, slots)

    @contextmanager
    def slot(self, *, patience: float | None = None) -> Iterator[None]:
        """Hold one slot.

        Args:
            patience: seconds to wait, independent of progress.

        Raises:
            DirectusUnavailable: no slot became free in time.
        """
        try:
            began = self._enter(patience)
        except DirectusUnavailable:
            self._watch.got_no_slot(self._kind)
            raise
        self._watch.took_slot(self._kind)
        try:
            yield
        finally:
            self._leave(began)
            self._watch.left_slot(self._kind)

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
    """Limits the threads that wait for another request's answer.

    A few may wait as long as their request has time. All others wait for less than a
    second, and not at all once one of the few has waited longer than that.

    Args:
        places: the number of threads that may wait long; at least one.
    """

    def __init__(self, places: int) -> None:
        self._places = places
        self._began: dict[object, float] = {}
        self._lock = threading.Lock()

    @contextmanager
    def waiting(self) -> Iterator[Callable[[], None]]:
        """Wait for another thread or process.

        Yields:
            A function to call between two checks. It raises DirectusUnavailable when
            this thread must stop waiting.

        Raises:
            DirectusUnavailable: too many threads wait.
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
