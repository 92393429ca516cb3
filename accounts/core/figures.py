"""Count what happens to calls, tokens and sign-ins, for `/metrics`."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from config import metrics

from ..directus import (
    DirectusError,
    DirectusUnavailable,
    RateLimited,
    TryLater,
    Watch,
)
from ..directus.calls import Call

BREAKER_STATES = {"closed": 0, "half-open": 1, "open": 2}


class CallFigures(Watch):
    """Counts calls, the breaker's states and the slots of one transport."""

    def ended(self, call: Call, seconds: float, error: BaseException | None) -> None:
        """Count a call, and its seconds."""
        endpoint = call.endpoint
        _labelled(metrics.CALLS, endpoint, _outcome_of_call(error)).inc()
        _labelled(metrics.CALL_SECONDS, endpoint).observe(seconds)

    def breaker_is(self, state: str) -> None:
        """Show the breaker's new state."""
        metrics.BREAKER.set(BREAKER_STATES[state])

    def has_slots(self, kind: str, number: int) -> None:
        """Show the number of slots."""
        metrics.SLOTS.labels(kind).set(number)
        _labelled(metrics.SLOTS_REFUSED, kind)

    def took_slot(self, kind: str) -> None:
        """Count a slot as in use."""
        _labelled(metrics.SLOTS_IN_USE, kind).inc()

    def left_slot(self, kind: str) -> None:
        """Count a slot as free."""
        _labelled(metrics.SLOTS_IN_USE, kind).dec()

    def got_no_slot(self, kind: str) -> None:
        """Count a refusal."""
        metrics.SLOTS_REFUSED.labels(kind).inc()


@cache
def _labelled(metric: Any, *labels: str) -> Any:
    """Return `metric.labels(...)`, which takes longer than to count."""
    return metric.labels(*labels)


def _outcome_of_call(error: BaseException | None) -> str:
    if error is None:
        return "answered"
    if isinstance(error, RateLimited):
        return "rate_limited"
    if isinstance(error, DirectusUnavailable):
        if error.never_sent:
            return "not_sent"
        return "timed_out" if error.timed_out else "no_answer"
    return "refused" if isinstance(error, DirectusError) else "error"


@contextmanager
def refresh() -> Iterator[None]:
    """Count a renewal of tokens by the result of a block."""
    try:
        yield
    except BaseException as error:
        metrics.REFRESHES.labels(refusal_of(error)).inc()
        raise
    metrics.REFRESHES.labels("done").inc()


def revalidation(outcome: str) -> None:
    """Count a re-validation: `confirmed` or `ended` a session, or got `no_answer`."""
    metrics.REVALIDATIONS.labels(outcome).inc()


def sign_in(kind: str, outcome: str) -> None:
    """Count a sign-in.

    Args:
        kind: `password`, `code`, `recovery_code`, `provider` or `break_glass`.
        outcome: `done`, `code_asked`, or from `refusal_of`.
    """
    metrics.SIGN_INS.labels(kind, outcome).inc()


def throttled(limit: str) -> None:
    """Count an attempt above a limit."""
    metrics.THROTTLED.labels(limit).inc()


def refusal_of(error: BaseException) -> str:
    """Return the outcome that an error means: refused, throttled or no_answer."""
    if isinstance(error, TryLater):
        return "throttled" if error.is_own_limit else "no_answer"
    return "refused"
