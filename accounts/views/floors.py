"""Answers with a minimum time, so that their time reveals nothing."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from django.conf import settings

from accounts.directus import DirectusUnavailable
from accounts.throttling.limits import Throttled


def pad(started: float, floor: float) -> None:
    """Wait until `floor` seconds have passed since `started` (monotonic).

    The time of the answer then reveals nothing.
    """
    time.sleep(max(0.0, started + floor - time.monotonic()))


@contextmanager
def at_least(seconds: float) -> Iterator[None]:
    """Take at least so many seconds, also after an error.

    Only errors that do not depend on an account pass at once: too many attempts, or an
    outage. At most half of the process' threads wait here; the others stay free.

    Raises:
        DirectusUnavailable: too many threads wait already.
    """
    if not _places().acquire(blocking=False):
        raise DirectusUnavailable(
            "too many requests take their time", retry_after=2, never_sent=True
        )
    started = time.monotonic()
    is_told_at_once = False
    try:
        yield
    except (Throttled, DirectusUnavailable):
        is_told_at_once = True
        raise
    finally:
        try:
            if not is_told_at_once:
                pad(started, seconds)
        finally:
            _places().release()


@cache
def _places() -> threading.BoundedSemaphore:
    return threading.BoundedSemaphore(max(1, settings.WEB_THREADS // 2))
