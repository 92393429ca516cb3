"""Answers that take a minimum time, so that time tells nothing."""

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

    An answer's time then does not tell what happened behind it.
    """
    time.sleep(max(0.0, started + floor - time.monotonic()))


@contextmanager
def at_least(seconds: float) -> Iterator[None]:
    """Take at least so long, whatever comes of it.

    At once says only what does not depend on an account: there were too many attempts,
    or Directus is away. Half of the process' threads may take their time like this; the
    others stay free for pages.

    Raises:
        DirectusUnavailable: too many do so already.
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
