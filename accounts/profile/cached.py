"""Cache answers of Directus that are the same for all users, also for outages."""

import time
from collections.abc import Callable
from typing import TypeVar

from ..core import cache
from ..directus import TryLater

T = TypeVar("T")

FRESH_SECONDS = 60
# How long an old answer is used during an outage.
KEPT_SECONDS = 24 * 3600


def get(key: str, ask: Callable[[], T]) -> T:
    """Return the answer of the last minute, a new one, or an old one.

    Args:
        key: the name of the answer in the cache.
        ask: calls Directus.

    Raises:
        TryLater: Directus does not answer, and nothing is cached.
    """
    key = f"answer:{key}"
    kept = cache.get(key)
    if not isinstance(kept, dict) or kept.keys() != {"at", "answer"}:
        # Another program may write to the same cache.
        kept = None
    if kept and time.time() - kept["at"] < FRESH_SECONDS:
        return kept["answer"]
    try:
        answer = ask()
    except TryLater:
        if kept is None:
            raise
        return kept["answer"]
    cache.set(key, {"at": time.time(), "answer": answer}, KEPT_SECONDS)
    return answer
