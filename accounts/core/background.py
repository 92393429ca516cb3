"""Work that a request starts and does not wait for.

A few threads of the process do it. What is waiting when the process ends is done
before that. Lost is what a process that is killed had waiting, and what comes while a
mail server hangs and all places are taken. It must not use the database.
"""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache

logger = logging.getLogger(__name__)

WORKERS = 4
MOST_WAITING = 200
# Requests that do the work themselves, so that others stay free to answer.
MOST_AT_ONCE = 2

_room = threading.BoundedSemaphore(MOST_WAITING)
_at_once = threading.BoundedSemaphore(MOST_AT_ONCE)


@cache
def _pool() -> ThreadPoolExecutor:
    # Made by the first request: threads do not survive the fork of a worker. The
    # interpreter joins them when it ends.
    return ThreadPoolExecutor(WORKERS, thread_name_prefix="background")


def run(work: Callable[[], object]) -> None:
    """Do something soon; at once when too much is waiting, if few others do that.

    Args:
        work: handles its own errors.
    """
    if not _room.acquire(blocking=False):
        _do_at_once(work)
        return
    try:
        done = _pool().submit(work)
    except RuntimeError:
        # The process is ending and takes nothing more.
        _room.release()
        work()
        return
    done.add_done_callback(lambda _: _room.release())


def _do_at_once(work: Callable[[], object]) -> None:
    if not _at_once.acquire(blocking=False):
        logger.error("Too much waits in the background: something was left undone.")
        return
    try:
        work()
    finally:
        _at_once.release()
