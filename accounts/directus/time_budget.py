"""The time that all calls of one request share.

Several calls of a page must not take several times the limit of one. Commands have no
budget, only the limit of each call.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from time import monotonic

from .exceptions import DirectusUnavailable

# Beyond the budget, for calls that revoke tokens.
RESERVE_SECONDS = 2.0

_ends_at: ContextVar[float | None] = ContextVar("ends_at", default=None)


@contextmanager
def time_budget(seconds: float) -> Iterator[None]:
    """End all calls to Directus inside the block within so many seconds."""
    token = _ends_at.set(monotonic() + seconds)
    try:
        yield
    finally:
        _ends_at.reset(token)


def seconds_left() -> float | None:
    """Return the seconds left, negative after the end; None without a budget."""
    ends_at = _ends_at.get()
    return None if ends_at is None else ends_at - monotonic()


def check_time(needed: float = 0.0, *, reserve: float = 0.0) -> None:
    """Check that the budget is sufficient.

    Args:
        needed: seconds that the call takes at least.
        reserve: seconds that it may take beyond the budget.

    Raises:
        DirectusUnavailable: the budget is used up; nothing was sent.
    """
    left = seconds_left()
    if left is not None and left + reserve <= needed:
        raise DirectusUnavailable(
            "no time is left for this request", timed_out=True, never_sent=True
        )
