"""Values in the memory of one process, beside the shared cache.

`clear` deletes all of them.
"""

import time
from collections.abc import Callable, Hashable
from functools import lru_cache
from typing import Any

_forget: list[Callable[[], object]] = []


def clear() -> None:
    """Delete all values, as at the start of the process."""
    for forget in _forget:
        forget()


def on_clear(forget: Callable[[], object]) -> None:
    """Call a function whenever all values are deleted."""
    _forget.append(forget)


def kept(function):
    """Decorate a function: the process caches its results."""
    cached = lru_cache(maxsize=4)(function)
    on_clear(cached.cache_clear)
    return cached


class Memory:
    """Values that expire.

    Args:
        seconds: the lifetime of a value.
        most: the number of values; one more deletes all others.
    """

    def __init__(self, seconds: float, *, most: int = 100):
        self._seconds = seconds
        self._most = most
        self._values: dict[Any, tuple[float, Any]] = {}
        on_clear(self.clear)

    def __len__(self) -> int:
        return len(self._values)

    def get(self, key: Hashable) -> Any:
        """Return a value, or None."""
        until, value = self._values.get(key, (0.0, None))
        return value if time.monotonic() < until else None

    def set(self, key: Hashable, value: Any) -> None:
        """Store a value."""
        if key not in self._values and len(self._values) >= self._most:
            self.clear()
        self._values[key] = (time.monotonic() + self._seconds, value)

    def clear(self) -> None:
        """Delete all values."""
        self._values.clear()
