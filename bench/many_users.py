"""A server that lists users as Directus does, from memory: Directus' own cost is 0."""

import json
import threading
import uuid
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from local.ports import HOST

ROLE = {"id": str(uuid.UUID(int=1)), "name": "Customer"}
SERVICE_TOKEN = "bench-service-token"


class ManyUsers:
    """Answers GET /users for so many users, page by page, counted or by id."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.users = {row["id"]: row for row in map(_user, range(1, number + 1))}
        self._rows = list(self.users.values())
        # One page is encoded once, so that only the reader's work is measured.
        self.page = cache(self._page)
        self._server = _Server((HOST, 0), _Handler)
        self._server.directus = self
        self.url = f"http://{HOST}:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, path: str, query: dict[str, str]) -> bytes | None:
        """Return the body for a question, or None for one that is not known."""
        if path == "/users/me":
            return _data(_user(0))
        if path == "/server/info":
            return _data(
                {"project": {"project_name": "Directus"}, "version": "11.17.4"}
            )
        if path != "/users":
            return None
        if "aggregate[count]" in query:
            return _data([{"count": {"id": len(self._rows)}}])
        if "filter" in query:
            ids = json.loads(query["filter"])["id"]["_in"]
            return _data([self.users[id] for id in ids if id in self.users])
        return self.page(int(query["limit"]), int(query.get("page", "1")))

    def _page(self, limit: int, page: int) -> bytes:
        begin = limit * (page - 1)
        return _data(self._rows[begin : begin + limit])


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    directus: ManyUsers


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        """Answer from memory."""
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        body = self.server.directus.answer(parts.path, query)
        self.send_response_only(404 if body is None else 200)
        body = body or b'{"errors":[{"extensions":{"code":"ROUTE_NOT_FOUND"}}]}'
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Print nothing."""


def _user(number: int) -> dict[str, Any]:
    return {
        # Left of the bits that the version and the variant take.
        "id": str(uuid.UUID(int=number << 80, version=4)),
        "email": f"customer{number}@example.com",
        "first_name": f"First{number}",
        "last_name": f"Last{number}",
        "status": "active",
        "role": ROLE,
        "language": None,
        "last_access": "2026-01-01T12:00:00",
        "provider": "default",
    }


def _data(value: Any) -> bytes:
    return json.dumps({"data": value}, separators=(",", ":")).encode()
