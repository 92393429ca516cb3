"""Work that a request starts and does not wait for.

A few threads of the process do it. What is waiting when the process ends is done
before that; only a process that is killed loses it. It must not use the database.
"""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache

WORKERS = 4
MOST_WAITING = 200

_room = threading.BoundedSemaphore(MOST_WAITING)


@cache
def _pool() -> ThreadPoolExecutor:
    # Made by the first request: threads do not survive the fork of a worker. The
    # interpreter joins them when it ends.
    return ThreadPoolExecutor(WORKERS, thread_name_prefix="background")


def run(work: Callable[[], object]) -> None:
    """Do something soon; at once when too much is waiting: slow, but not lost.

    Args:
        work: handles its own errors.
    """
    if not _room.acquire(blocking=False):
        work()
        return
    try:
        done = _pool().submit(work)
    except RuntimeError:
        # The process is ending and takes nothing more.
        _room.release()
        work()
        return
    done.add_done_callback(lambda _: _room.release())
