"""One call to Directus, before it is signed and sent."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any, BinaryIO

from .answers import LARGE, LARGEST_FILE, SMALL
from .endpoints import endpoint_of

OK = frozenset({200})
DONE = frozenset({200, 204})

_PATH = re.compile(r"(/[A-Za-z0-9_-]+)+")


class Kind(Enum):
    """The kind of a call; each kind has its own slots."""

    PASSWORD = auto()
    FILE = auto()
    OTHER = auto()


class Repeat(Enum):
    """When a call may be retried although it may have reached Directus."""

    NEVER = auto()
    # If a kept connection was closed before the answer began.
    WHEN_STALE = auto()
    # The call is idempotent.
    ALWAYS = auto()


@dataclass(frozen=True)
class Upload:
    """A file to upload.

    Args:
        content: the whole file.
        name: the file name in Directus; never a name from a user.
        media_type: such as `image/webp`.
        facts: columns of the file's row: folder, title.
    """

    content: bytes = field(repr=False)
    name: str
    media_type: str
    facts: Mapping[str, str]


@dataclass(frozen=True)
class Call:
    """One call. Raises ValueError for an unusual path."""

    method: str
    path: str
    params: Mapping[str, str] | None = field(default=None, repr=False)
    body: Any = field(default=None, repr=False)
    expected: frozenset[int] = OK
    repeat: Repeat = Repeat.NEVER
    # Directus hashes a password or waits on purpose: more time, but fewer slots.
    slow: bool = False
    # Directus waits for a provider of single sign-on, too.
    asks_provider: bool = False
    large: bool = False
    text: bool = False
    timeout: float | None = None
    # Cleans up: may use the reserve when the time of the request is over.
    tidies: bool = False
    # Sent instead of `body`.
    upload: Upload | None = None
    # The answer is a file of one of these types instead of JSON.
    media_types: frozenset[str] = frozenset()
    # The answer is a file of any type, which is written here instead of kept in memory.
    into: BinaryIO | None = field(default=None, repr=False)
    # Headers besides those of the visitor.
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    # Keep the cookies of the answer.
    cookies: bool = False

    def __post_init__(self) -> None:
        if not _PATH.fullmatch(self.path):
            raise ValueError("not a path of Directus")

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def kind(self) -> Kind:
        """The kind, whose slots the call uses."""
        if self.slow or self.asks_provider:
            return Kind.PASSWORD
        return Kind.FILE if self.upload or self._wants_file else Kind.OTHER

    @property
    def endpoint(self) -> str:
        """The name of the endpoint, one of `endpoints.ENDPOINTS`."""
        return endpoint_of(self.path)

    @property
    def is_json(self) -> bool:
        """Whether the answer must be JSON."""
        return not (self.text or self._wants_file)

    @property
    def _wants_file(self) -> bool:
        return bool(self.media_types) or self.into is not None

    @property
    def limit(self) -> int:
        """The most bytes of the answer's body."""
        if self.into is not None:
            return LARGEST_FILE
        return LARGE if self.large else SMALL


def slow_post(
    path: str, body: Mapping[str, Any], params: Mapping[str, str] | None = None
) -> Call:
    """Return a call that hashes a password, and must not be sent twice."""
    return Call("POST", path, params, body, expected=DONE, slow=True)
