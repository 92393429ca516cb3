"""A small HTTP server on the loopback that follows a script of good and bad answers.

Each request that arrives takes the next step of the script; the last step stays. A
step gets the connection and returns whether it is to be kept open.
"""

import json
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self

from local.processes import wait_until

JSON = "application/json; charset=utf-8"
Step = Callable[[socket.socket], bool]


@dataclass(frozen=True)
class Received:
    """A request as it came over the wire."""

    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes = field(repr=False)

    def header(self, name: str) -> list[str]:
        """Return all values of a header."""
        return [value for key, value in self.headers if key.lower() == name.lower()]

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class FaultServer:
    """Listens from the start; answers from `with` on."""

    def __init__(self, *script: Step, tls: ssl.SSLContext | None = None) -> None:
        self.script = list(script)
        self.requests: list[Received] = []
        self.connections = 0
        self._tls = tls
        self._open: list[socket.socket] = []
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self._listener.getsockname()[1]

    @property
    def url(self) -> str:
        scheme = "https" if self._tls else "http"
        return f"{scheme}://127.0.0.1:{self.port}"

    def count(self, method: str, path: str = "") -> int:
        """Return how many such requests arrived."""
        return sum(
            r.method == method and r.target.startswith(path) for r in self.requests
        )

    def arrived(self, number: int) -> int:
        """Return how many requests arrived, once there are so many.

        A client that gives up early can be quicker than the thread that reads it.
        """
        wait_until(lambda: len(self.requests) >= number, seconds=10)
        return len(self.requests)

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        # Wakes the thread that is accepting, which closing alone does not.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.close_connections()

    def close_connections(self) -> None:
        """Close what is open, as a server does with idle connections."""
        with self._lock:
            connections, self._open = self._open, []
        for connection in connections:
            _shut(connection)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.connections += 1
            threading.Thread(
                target=self._serve, args=(connection,), daemon=True
            ).start()

    def _serve(self, connection: socket.socket) -> None:
        with self._lock:
            self._open.append(connection)
        try:
            if self._tls:
                connection = self._tls.wrap_socket(connection, server_side=True)
            while (request := _receive(connection)) and self._next(request)(connection):
                pass
        except (OSError, ValueError):
            pass
        _shut(connection)

    def _next(self, request: Received) -> Step:
        with self._lock:
            self.requests.append(request)
            return self.script.pop(0) if len(self.script) > 1 else self.script[0]


def _receive(connection: socket.socket) -> Received | None:
    data = b""
    while b"\r\n\r\n" not in data:
        chunk = connection.recv(65536)
        if not chunk:
            return None
        data += chunk
    head, _, body = data.partition(b"\r\n\r\n")
    start, *lines = head.decode("latin-1").split("\r\n")
    headers = [(name, value) for name, _, value in (x.partition(": ") for x in lines)]
    length = next((int(v) for k, v in headers if k.lower() == "content-length"), 0)
    while len(body) < length:
        body += connection.recv(65536)
    method, target, _ = start.split(" ")
    return Received(method, target, headers, body)


def _shut(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    connection.close()


# Answers


def message(
    status: int, body: bytes = b"", content_type: str | None = JSON, **headers: str
) -> bytes:
    """Return a whole answer as bytes; Retry_After=... becomes Retry-After: ..."""
    fields = {key.replace("_", "-"): value for key, value in headers.items()}
    if content_type:
        fields.setdefault("Content-Type", content_type)
    if status != 204:
        fields.setdefault("Content-Length", str(len(body)))
    lines = [f"HTTP/1.1 {status} X", *(f"{k}: {v}" for k, v in fields.items())]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def data(content: Any) -> bytes:
    """Return a good answer."""
    return message(200, json.dumps({"data": content}).encode())


def error(status: int, code: str, **extensions: Any) -> bytes:
    """Return a refusal as Directus words it; `headers` are the answer's."""
    headers = extensions.pop("headers", {})
    facts = {"message": "upstream text", "extensions": {"code": code, **extensions}}
    return message(status, json.dumps({"errors": [facts]}).encode(), **headers)


# Steps


def says(content: bytes) -> Step:
    """Answer and keep the connection."""

    def step(connection: socket.socket) -> bool:
        connection.sendall(content)
        return True

    return step


def says_and_closes(content: bytes) -> Step:
    """Answer (or not) and close without a word."""

    def step(connection: socket.socket) -> bool:
        connection.sendall(content)
        return False

    return step


def says_and_resets(content: bytes) -> Step:
    """Send some bytes (or none), then reset the connection."""

    def step(connection: socket.socket) -> bool:
        connection.sendall(content)
        # The bytes must arrive before the reset discards them.
        time.sleep(0.02)
        linger = struct.pack("ii", 1, 0)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        connection.close()
        return False

    return step


def hangs(seconds: float = 30.0) -> Step:
    """Never answer, or not for some time."""

    def step(connection: socket.socket) -> bool:
        connection.settimeout(seconds)
        try:
            connection.recv(1)
        except TimeoutError:
            pass
        return False

    return step


def drips(content: bytes, *, quick: int = 0, pause: float = 0.05) -> Step:
    """Send the first bytes at once and the others one by one."""

    def step(connection: socket.socket) -> bool:
        connection.sendall(content[:quick])
        for byte in content[quick:]:
            connection.sendall(bytes([byte]))
            time.sleep(pause)
        return True

    return step


def after(seconds: float, then: Step) -> Step:
    """Wait, then do something else."""

    def step(connection: socket.socket) -> bool:
        time.sleep(seconds)
        return then(connection)

    return step
