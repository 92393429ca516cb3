"""Connections that keep a deadline and record the progress of an exchange.

A read timeout alone never ends an answer that arrives byte by byte; here each read
waits no longer than the rest of the whole exchange. The recorded progress decides
whether the request may be sent again.
"""

import logging
from contextvars import ContextVar
from enum import Enum, auto
from functools import partial
from http import client as http
from io import BufferedReader, RawIOBase
from socket import socket
from time import monotonic
from typing import Any

from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.response import HTTPResponse

# Directus closes connections after 5 idle seconds.
MAX_IDLE = 2.0
POOL_SIZE = 16
# For headers and chunk sizes, in addition to the body.
OVERHEAD = 64 * 1024


class Stage(Enum):
    """The progress of an exchange."""

    UNKNOWN = auto()
    CONNECTING = auto()
    SENT = auto()


class TooLong(OSError):
    """The answer has too many bytes."""


class Exchange:
    """One attempt to get one answer: its deadline and its progress.

    Args:
        seconds: until the deadline.
        read_timeout: the most seconds of one read.
        limit: the most bytes of the body.
        fresh: use no kept connection.

    Attributes:
        stage: the progress.
        reused: it used a kept connection.
        ended: the server sends nothing more.
        broke: it failed, and another attempt may succeed.
    """

    def __init__(
        self,
        *,
        seconds: float,
        read_timeout: float,
        limit: int,
        fresh: bool,
    ) -> None:
        self.ends_at = monotonic() + seconds
        self.fresh = fresh
        self.stage = Stage.UNKNOWN
        self.reused = False
        self.ended = False
        self.broke = False
        self._read_timeout = read_timeout
        self._bytes_left = limit + OVERHEAD
        self._received = False

    @property
    def remaining(self) -> float:
        """Seconds until the deadline; negative after it."""
        return self.ends_at - monotonic()

    @property
    def nothing_sent(self) -> bool:
        """Whether the exchange certainly ended before the request was sent."""
        return self.stage is Stage.CONNECTING

    @property
    def was_stale(self) -> bool:
        """Whether a kept connection was closed before the answer began."""
        is_silent = self.stage is Stage.SENT and not self._received
        return self.broke and self.reused and is_silent

    def next_wait(self) -> float:
        """Return the seconds for one read. Raises TimeoutError at the deadline."""
        remaining = self.remaining
        if remaining <= 0:
            raise TimeoutError("the deadline has passed")
        return min(self._read_timeout, remaining)

    def count(self, size: int) -> None:
        """Count received bytes, 0 at the end. Raises TooLong for too many."""
        self.ended = size == 0
        self._received = self._received or size > 0
        self._bytes_left -= size
        if self._bytes_left < 0:
            raise TooLong("the answer is too long")


CURRENT_EXCHANGE: ContextVar[Exchange] = ContextVar("CURRENT_EXCHANGE")


class _TimedReader(RawIOBase):
    """Reads a socket for one exchange."""

    def __init__(self, sock: socket, exchange: Exchange) -> None:
        super().__init__()
        self._sock = sock
        self._raw = sock.makefile("rb", buffering=0)
        self._exchange = exchange

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._sock.settimeout(self._exchange.next_wait())
        size = self._raw.readinto(buffer)
        self._exchange.count(size or 0)
        return size

    def close(self) -> None:
        self._raw.close()
        super().close()


class _TimedResponse(http.HTTPResponse):
    """An answer that is read with a deadline, headers included."""

    def __init__(
        self,
        sock: socket,
        debuglevel: int = 0,
        method: str | None = None,
        url: str | None = None,
        *,
        exchange: Exchange,
    ) -> None:
        super().__init__(sock, debuglevel, method, url)
        untimed = self.fp
        self.fp = BufferedReader(_TimedReader(sock, exchange))
        untimed.close()
        self._exchange = exchange

    def begin(self) -> None:
        """Read the headers. Raises IncompleteRead for malformed ones.

        http.client takes any malformed line, and the end of the stream, for the end of
        the headers.
        """
        super().begin()
        if self._exchange.ended or self.headers.defects:
            raise http.IncompleteRead(b"")


class _TimedConnection(HTTPConnection):
    """A connection that records its progress in the current exchange."""

    _answers = 0
    _used_at = 0.0

    @property
    def is_connected(self) -> bool:
        """Whether this connection can be used again."""
        is_recent = monotonic() - self._used_at < MAX_IDLE
        is_welcome = is_recent and not CURRENT_EXCHANGE.get().fresh
        return is_welcome and super().is_connected

    def connect(self) -> None:
        exchange = CURRENT_EXCHANGE.get()
        self._answers = 0
        exchange.reused = False
        exchange.stage = Stage.CONNECTING
        super().connect()
        exchange.stage = Stage.SENT

    def request(self, *args: Any, **kwargs: Any) -> None:
        exchange = CURRENT_EXCHANGE.get()
        exchange.stage = Stage.SENT
        exchange.reused = self._answers > 0
        super().request(*args, **kwargs)

    # urllib3 returns its own class here.
    def getresponse(self) -> HTTPResponse:  # type: ignore[override]
        exchange = CURRENT_EXCHANGE.get()
        make: Any = partial(_TimedResponse, exchange=exchange)
        self.response_class = make
        response = super().getresponse()
        self._answers += 1
        self._used_at = monotonic()
        return response


class _TimedTLSConnection(_TimedConnection, HTTPSConnection):
    """The same over TLS."""


class _Pool(HTTPConnectionPool):
    ConnectionCls = _TimedConnection


class _TLSPool(HTTPSConnectionPool):
    ConnectionCls = _TimedTLSConnection


class TimedAdapter(HTTPAdapter):
    """Sends requests over connections that keep `CURRENT_EXCHANGE`'s deadline.

    Used without a `requests.Session`, so there are no redirects, cookies, or proxies
    and passwords from the environment.
    """

    def __init__(self) -> None:
        super().__init__(pool_connections=1, pool_maxsize=POOL_SIZE)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Create the connection pools."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _TLSPool}

    def build_response(self, req: PreparedRequest, resp: Any) -> Response:
        """Return the answer; its cookies are not parsed.

        Parsing malformed ones causes warnings, which contain parts of them.
        """
        original, resp._original_response = resp._original_response, None
        try:
            return super().build_response(req, resp)
        finally:
            resp._original_response = original


def _without_query(record: logging.LogRecord) -> bool:
    """Remove queries from urllib3's log: they may have a token or an address."""
    if isinstance(record.args, tuple):
        record.args = tuple(
            arg.partition("?")[0] if isinstance(arg, str) else arg
            for arg in record.args
        )
    return True


for _name in ("urllib3.connectionpool", "urllib3.connection"):
    logging.getLogger(_name).addFilter(_without_query)
