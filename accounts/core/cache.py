"""The cache, which may fail at any time: nothing may depend on it.

After a failure the process does not read it for some seconds, so that a hanging cache
does not slow down every page. It still writes, because other processes may read.
"""

import logging
from collections.abc import Callable
from typing import Any

from django.core.cache import cache

from .memory import Memory

logger = logging.getLogger(__name__)

PAUSE_SECONDS = 5.0
_failed = Memory(PAUSE_SECONDS)


def get(key: str) -> Any:
    """Return a value, or None."""
    return _try(cache.get, key) if _is_there() else None


def add(key: str, value: Any, seconds: int) -> None:
    """Store a value, unless there is one."""
    if _is_there():
        _try(cache.add, key, value, seconds)


def set(key: str, value: Any, seconds: int) -> None:
    """Store a value."""
    _try(cache.set, key, value, seconds)


def set_many(values: dict[str, Any], seconds: int) -> None:
    """Store values in one go."""
    _try(cache.set_many, values, seconds)


def _is_there() -> bool:
    return not _failed.get("cache")


def _try(action: Callable[..., Any], *args: Any) -> Any:
    try:
        return action(*args)
    except Exception as error:  # noqa: BLE001 - each driver has its own
        if _is_there():
            logger.warning("The cache is away: %s", type(error).__name__)
        _failed.set("cache", True)
        return None
