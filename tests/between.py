"""A proxy before the real Directus that cuts the network, or lets a listing lie."""

import http.client
import json
import socket
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

HOST = "127.0.0.1"
Rows = list[dict[str, Any]]


class Between:
    """Passes GETs on to one server.

    `pages` are the pages of users that were passed on. `cut_after` is how many of them
    come through before every connection is reset in the middle of an answer; `lie`
    changes the rows of a page. `before_answer` is called with each answer before it is
    passed on.
    """

    def __init__(self, target: str) -> None:
        self.target = urlsplit(target).netloc
        self.pages: list[int] = []
        self.cut_after: int | None = None
        self.lie: Callable[[int, Rows], Rows] = lambda page, rows: rows
        self.before_answer: Callable[[str], object] = lambda body: None
        self._server = ThreadingHTTPServer((HOST, 0), _Handler)
        self._server.daemon_threads = True
        self._server.between = self  # type: ignore[attr-defined]
        self.url = f"http://{HOST}:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def is_cut(self) -> bool:
        """Whether nothing comes through any more."""
        return self.cut_after is not None and len(self.pages) >= self.cut_after


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        between = self.server.between  # type: ignore[attr-defined]
        body, kind, status = self._ask(between.target)
        parts = urlsplit(self.path)
        query = parse_qs(parts.query)
        if parts.path == "/users" and "page" in query and "filter" not in query:
            if between.is_cut:
                self._reset(body)
                return
            page = int(query["page"][0])
            rows = between.lie(page, json.loads(body)["data"])
            body = json.dumps({"data": rows}).encode()
            between.pages.append(page)
        between.before_answer(body.decode())
        self.send_response_only(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _ask(self, target: str) -> tuple[bytes, str, int]:
        connection = http.client.HTTPConnection(target)
        authorization = self.headers.get("Authorization")
        headers = {"Authorization": authorization} if authorization else {}
        try:
            connection.request("GET", self.path, headers=headers)
            answer = connection.getresponse()
            return answer.read(), answer.headers["Content-Type"], answer.status
        finally:
            connection.close()

    def _reset(self, body: bytes) -> None:
        """Send half of an answer."""
        self.send_response_only(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2])
        self.wfile.flush()
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, *args: object) -> None:
        """Print nothing."""
