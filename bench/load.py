"""Load on a page: a generator that costs much less than what it measures.

Clients are threads of this process; each sends the same bytes over a kept connection
and reads nothing of the answer but its status and length.
"""

import re
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from local.ports import HOST

# A new connection now and then, so that all workers get their share of the clients.
REQUESTS_PER_CONNECTION = 20
T = TypeVar("T")
LENGTH = re.compile(rb"\r\ncontent-length: (\d+)", re.IGNORECASE)


@dataclass(frozen=True)
class Page:
    """A page of a server on this machine, requested with a session's cookie."""

    port: int
    cookie: str
    path: str = "/"

    @property
    def request(self) -> bytes:
        """The bytes of the request."""
        lines = [
            f"GET {self.path} HTTP/1.1",
            f"Host: localhost:{self.port}",
            f"Cookie: {self.cookie}",
            "User-Agent: bench",
            "Accept: text/html",
        ]
        return ("\r\n".join(lines) + "\r\n\r\n").encode()


def fetch(connection: socket.socket, request: bytes) -> int:
    """Send a request and read the answer to its end; return its status."""
    connection.sendall(request)
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += _receive(connection)
    head, _, body = answer.partition(b"\r\n\r\n")
    length = LENGTH.search(head)
    missing = int(length[1]) - len(body) if length else 0
    while missing > 0:
        missing -= len(_receive(connection))
    return int(head.split(b" ", 2)[1])


def requests_per_second(page: Page, *, clients: int, seconds: float) -> float:
    """Return how many answers with status 200 these clients get in a second."""
    ends_at = time.monotonic() + seconds
    started = time.monotonic()
    counts = together(lambda: _ask_until(page, ends_at), clients)
    return sum(counts) / (time.monotonic() - started)


def ask(page: Page) -> int:
    """Ask for a page once, over a connection of its own; return the status."""
    with socket.create_connection((HOST, page.port), timeout=30) as connection:
        return fetch(connection, page.request)


def together(work: Callable[[], T], times: int) -> list[T]:
    """Do the same in so many threads, all beginning at once; return the results."""
    barrier = threading.Barrier(times)
    results: list[T] = []
    errors: list[Exception] = []

    def one() -> None:
        try:
            barrier.wait()
            results.append(work())
        except Exception as error:  # noqa: BLE001 - raised again below
            errors.append(error)

    threads = [threading.Thread(target=one) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return results


def _ask_until(page: Page, ends_at: float) -> int:
    request = page.request
    count = 0
    while time.monotonic() < ends_at:
        with socket.create_connection((HOST, page.port), timeout=30) as connection:
            for _ in range(REQUESTS_PER_CONNECTION):
                status = fetch(connection, request)
                if status != 200:
                    raise ValueError(f"{page.path} answered {status}")
                count += 1
                if time.monotonic() >= ends_at:
                    break
    return count


def _receive(connection: socket.socket) -> bytes:
    data = connection.recv(65536)
    if not data:
        raise ConnectionError("the server closed the connection")
    return data
