"""Connections that keep a deadline and say what became of an exchange.

A read timeout alone never fires on an answer that drips; here each read of a socket
waits no longer than what is left of the whole exchange. The connection also notes how
far it came, because only that tells whether the request may be sent a second time.
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

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.response import HTTPResponse

# Directus closes connections after 5 idle seconds.
MAX_IDLE = 2.0
POOL_SIZE = 16
# For headers and chunk sizes, which come on top of the body.
OVERHEAD = 64 * 1024


class Stage(Enum):
    """How far an exchange came."""

    UNKNOWN = auto()
    CONNECTING = auto()
    SENT = auto()


class TooLong(OSError):
    """More bytes arrived than an answer may have."""


class Exchange:
    """One try to get one answer: its deadline, and what is known about it.

    Args:
        seconds: until the deadline.
        read_timeout: the most seconds that one read may take.
        limit: the most bytes that the body of the answer may have.
        fresh: use no kept connection.

    Attributes:
        stage: how far it came.
        reused: it went over a kept connection.
        ended: the other side sends nothing more.
        broke: it failed in a way that another exchange may not.
    """

    def __init__(
        self, *, seconds: float, read_timeout: float, limit: int, fresh: bool
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
        """Seconds until the deadline; negative when it has passed."""
        return self.ends_at - monotonic()

    @property
    def nothing_sent(self) -> bool:
        """Whether the exchange is known to have ended before the request left."""
        return self.stage is Stage.CONNECTING

    @property
    def was_stale(self) -> bool:
        """Whether a kept connection turned out closed before the answer began."""
        is_silent = self.stage is Stage.SENT and not self._received
        return self.broke and self.reused and is_silent

    def next_wait(self) -> float:
        """Return how long one read may block. Raises TimeoutError at the deadline."""
        remaining = self.remaining
        if remaining <= 0:
            raise TimeoutError("the deadline has passed")
        return min(self._read_timeout, remaining)

    def count(self, size: int) -> None:
        """Note bytes that came, 0 at the end. Raises TooLong for too many."""
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
        """Read the headers. Raises IncompleteRead when they are not as they must be.

        http.client itself takes any odd line for the end of the headers, and the end
        of the stream as well.
        """
        super().begin()
        if self._exchange.ended or self.headers.defects:
            raise http.IncompleteRead(b"")
        # No cookie is ever wanted; not even read, because odd ones cause warnings.
        del self.headers["Set-Cookie"]


class _TimedConnection(HTTPConnection):
    """A connection that notes on the current exchange how far it came."""

    _answers = 0
    _used_at = 0.0

    @property
    def is_connected(self) -> bool:
        """Whether this connection can be used again; else it is made anew."""
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

    # urllib3 returns its own kind of response here, too.
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

    Used without a `requests.Session`: nothing here follows redirects, keeps cookies,
    or reads proxies and passwords from the environment.
    """

    def __init__(self) -> None:
        super().__init__(pool_connections=1, pool_maxsize=POOL_SIZE)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make the pools that `HTTPAdapter` sends with."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _TLSPool}


def _without_query(record: logging.LogRecord) -> bool:
    """Cut queries out of what urllib3 logs: they can hold a token or an address."""
    if isinstance(record.args, tuple):
        record.args = tuple(
            arg.partition("?")[0] if isinstance(arg, str) else arg
            for arg in record.args
        )
    return True


for _name in ("urllib3.connectionpool", "urllib3.connection"):
    logging.getLogger(_name).addFilter(_without_query)
