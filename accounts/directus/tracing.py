"""The trace that a request belongs to, in the words of W3C Trace Context.

A trace has one id in the logs of all servers that a request passes. Each call to
Directus gets a span id of its own.
"""

import re
import secrets
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Self

HEADER = "traceparent"
_PARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_SAMPLED = 1


@dataclass(frozen=True)
class Trace:
    """One trace.

    Args:
        id: 32 hexadecimal digits.
        is_sampled: a former server of the trace records it.
    """

    id: str
    is_sampled: bool = False

    @classmethod
    def new(cls) -> Self:
        """Begin a trace."""
        return cls(secrets.token_hex(16))

    @classmethod
    def read(cls, header: str) -> Self | None:
        """Return the trace that a traceparent names; None if it is malformed."""
        found = _PARENT.fullmatch(header)
        if found is None:
            return None
        version, trace_id, span_id, flags, more = found.groups()
        # A later version may add parts.
        is_known = version != "ff" and (version != "00" or more is None)
        if not is_known or not int(trace_id, 16) or not int(span_id, 16):
            return None
        return cls(trace_id, bool(int(flags, 16) & _SAMPLED))

    def header(self) -> str:
        """Return a traceparent with a new span id."""
        span_id = secrets.token_hex(8)
        return f"00-{self.id}-{span_id}-{int(self.is_sampled):02x}"


current_trace: ContextVar[Trace | None] = ContextVar("current_trace", default=None)


def header() -> str:
    """Return the traceparent of a call; outside of a request it begins a trace."""
    return (current_trace.get() or Trace.new()).header()
