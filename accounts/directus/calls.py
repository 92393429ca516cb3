"""What one call to Directus asks, before anybody signs or sends it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from .answers import LARGE, SMALL

OK = frozenset({200})
DONE = frozenset({200, 204})

_PATH = re.compile(r"(/[A-Za-z0-9_-]+)+")


class Kind(Enum):
    """What a call waits for; each kind has threads of its own to hang in."""

    PASSWORD = auto()
    FILE = auto()
    OTHER = auto()


class Repeat(Enum):
    """When a call may be sent a second time, beyond never having left."""

    NEVER = auto()
    # A kept connection turned out closed before the answer began.
    WHEN_STALE = auto()
    # Asking twice is as good as asking once.
    ALWAYS = auto()


@dataclass(frozen=True)
class Upload:
    """A file to send, and what Directus is told about it.

    Args:
        content: the whole file.
        name: what Directus calls it; never what somebody typed.
        media_type: such as `image/webp`.
        facts: columns of the file's row: folder, title.
    """

    content: bytes = field(repr=False)
    name: str
    media_type: str
    facts: Mapping[str, str]


@dataclass(frozen=True)
class Call:
    """What to ask. Raises ValueError for a path with anything unusual in it."""

    method: str
    path: str
    params: Mapping[str, str] | None = field(default=None, repr=False)
    body: Any = field(default=None, repr=False)
    expected: frozenset[int] = OK
    repeat: Repeat = Repeat.NEVER
    # Directus hashes a password or stalls: more time, but one of few slots.
    slow: bool = False
    large: bool = False
    text: bool = False
    timeout: float | None = None
    # Must not be left undone: may use the reserve when the request's time is over.
    tidies: bool = False
    # Sent in place of `body`.
    upload: Upload | None = None
    # The answer is a file of one of these media types, and not JSON.
    media_types: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if not _PATH.fullmatch(self.path):
            raise ValueError("not a path of Directus")

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def kind(self) -> Kind:
        """With which other calls it shares the slots."""
        if self.slow:
            return Kind.PASSWORD
        return Kind.FILE if self.upload or self.media_types else Kind.OTHER

    @property
    def limit(self) -> int:
        """The most bytes that the answer may have."""
        return LARGE if self.large else SMALL


def slow_post(
    path: str, body: Mapping[str, Any], params: Mapping[str, str] | None = None
) -> Call:
    """Return a call that hashes a password, and must not happen twice."""
    return Call("POST", path, params, body, expected=DONE, slow=True)
