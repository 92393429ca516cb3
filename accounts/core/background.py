"""Run work that a request starts and does not wait for, such as to revoke tokens.

A few threads of the process do the work. Waiting work is finished before the process
ends. It is lost if the process is killed, or if Directus hangs and the queue is full:
mails wait in the database instead. The work must not use the database.
"""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache

from ..directus.tracing import Trace, current_trace

logger = logging.getLogger(__name__)

WORKERS = 4
MOST_WAITING = 200
# The most requests that do the work themselves; the others stay free to answer.
MOST_AT_ONCE = 2

_room = threading.BoundedSemaphore(MOST_WAITING)
_at_once = threading.BoundedSemaphore(MOST_AT_ONCE)


@cache
def _pool() -> ThreadPoolExecutor:
    # The first request makes them: threads do not survive the fork of a worker. The
    # interpreter joins them at its end.
    return ThreadPoolExecutor(WORKERS, thread_name_prefix="background")


def run(work: Callable[[], object]) -> None:
    """Do the work soon; at once if the queue is full and few requests do the same.

    Args:
        work: handles its own errors.
    """
    if not _room.acquire(blocking=False):
        _do_at_once(work)
        return
    try:
        done = _pool().submit(_do_within, current_trace.get(), work)
    except RuntimeError:
        # The process is ending and accepts no more work.
        _room.release()
        work()
        return
    done.add_done_callback(lambda _: _room.release())


def _do_within(trace: Trace | None, work: Callable[[], object]) -> None:
    """Do the work as a part of the trace that began it."""
    current_trace.set(trace)
    work()


def _do_at_once(work: Callable[[], object]) -> None:
    if not _at_once.acquire(blocking=False):
        logger.error("Too much waits in the background: something was left undone.")
        return
    try:
        work()
    finally:
        _at_once.release()
