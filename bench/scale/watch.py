"""Requests that go on while something is restarted, and what became of them."""

import http.client
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from .browser import Answer, Browser

PAUSE_SECONDS = 0.05


class Watch:
    """Counts answers by kind.

    Attributes:
        kinds: `200`, `302` and so on; `signed out`, `503 without Retry-After`, and
            `no answer` for a connection that broke.
        longest: the seconds of the slowest answer.
    """

    def __init__(self) -> None:
        self.kinds: Counter[str] = Counter()
        self.longest = 0.0
        self._lock = threading.Lock()
        self._is_over = threading.Event()

    @property
    def lost(self) -> int:
        """The number of answers that say neither yes nor "come again"."""
        return self.kinds.total() - sum(self.kinds[kind] for kind in ("200", "503"))

    @property
    def failed(self) -> int:
        """The number of requests that did not get their page."""
        return self.kinds.total() - self.kinds["200"] - self.kinds["302"]

    @contextmanager
    def over(self, asks: Sequence[Callable[[], Answer]]) -> Iterator["Watch"]:
        """Ask again and again while the block runs, in a thread for each function."""
        threads = [threading.Thread(target=self._ask, args=(ask,)) for ask in asks]
        for thread in threads:
            thread.start()
        try:
            yield self
        finally:
            self._is_over.set()
            for thread in threads:
                thread.join()

    def _ask(self, ask: Callable[[], Answer]) -> None:
        while not self._is_over.is_set():
            began = time.monotonic()
            try:
                kind = _kind(ask())
            except (OSError, http.client.HTTPException):
                kind = "no answer"
            with self._lock:
                self.kinds[kind] += 1
                self.longest = max(self.longest, time.monotonic() - began)
            self._is_over.wait(PAUSE_SECONDS)


def visits(
    browser: Browser, places: Sequence[str], path: str
) -> list[Callable[[], Answer]]:
    """Return functions that open a page, one for each place."""
    return [lambda at=at: browser.twin().get(at, path) for at in places]


def _kind(answer: Answer) -> str:
    if answer.is_signed_out:
        return "signed out"
    if answer.status == 503 and "Retry-After" not in answer.headers:
        return "503 without Retry-After"
    return str(answer.status)
