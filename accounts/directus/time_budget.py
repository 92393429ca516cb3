"""The time that all calls of one request share.

A page of several calls must not take several times as long as one of them may. Outside
of requests, as in commands, there is no budget: each call has its own limit alone.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from time import monotonic

from .exceptions import DirectusUnavailable

# Beyond the budget, for what must not be left undone: revoking tokens.
RESERVE_SECONDS = 2.0

_ends_at: ContextVar[float | None] = ContextVar("ends_at", default=None)


@contextmanager
def time_budget(seconds: float) -> Iterator[None]:
    """Let all calls to Directus inside the block end within so many seconds."""
    token = _ends_at.set(monotonic() + seconds)
    try:
        yield
    finally:
        _ends_at.reset(token)


def seconds_left() -> float | None:
    """Return what is left of the budget, negative when it is spent; None: no budget."""
    ends_at = _ends_at.get()
    return None if ends_at is None else ends_at - monotonic()


def check_time(needed: float = 0.0, *, reserve: float = 0.0) -> None:
    """Check that there is time for something.

    Args:
        needed: seconds that it takes at least.
        reserve: seconds that it may take beyond the budget.

    Raises:
        DirectusUnavailable: the budget is spent; nothing was sent.
    """
    left = seconds_left()
    if left is not None and left + reserve <= needed:
        raise DirectusUnavailable(
            "no time is left for this request", timed_out=True, never_sent=True
        )
