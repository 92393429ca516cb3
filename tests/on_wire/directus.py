"""The fake Directus behind a socket."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import requests

from tests.fake_directus import FakeDirectus


class Wire:
    """Stands in for `responses`: keeps the function that answers."""

    def add_callback(self, method: str, url: Any, callback: Any, **options: Any):
        self.answer = callback


class DirectusServer(ThreadingHTTPServer):
    """Listens on a free port; `start_again` gives each test a new, empty Directus."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def start_again(self) -> FakeDirectus:
        """Forget everything, and return the Directus that answers from now on."""
        self.wire = Wire()
        self.held_path = ""
        self.arrived = threading.Event()
        self.released = threading.Event()
        self.drops = False
        return FakeDirectus(self.wire, self.url, site_url="http://localhost")

    def server_close(self) -> None:
        """Stop listening; `with` calls it at its end."""
        self.shutdown()
        super().server_close()

    def hold(self, path: str) -> None:
        """Answer nothing at this path, `*` for any, until `release`."""
        self.held_path = path

    def wait_until_asked(self) -> None:
        """Wait for a request to the path that is held."""
        assert self.arrived.wait(10), f"{self.held_path} was not asked"

    def release(self, *, drop: bool) -> None:
        """Process the held requests, or drop them as a broken network does."""
        self.held_path = ""
        self.drops = drop
        self.released.set()


class Handler(BaseHTTPRequestHandler):
    """One connection to the fake."""

    server: DirectusServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 65536

    def do_GET(self) -> None:
        """Answer any method as the fake does."""
        size = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(size)
        if self.server.held_path in {self.path, "*"}:
            self.server.arrived.set()
            self.server.released.wait(20)
            if self.server.drops:
                self.close_connection = True
                return
        request = requests.Request(
            self.command, self.server.url + self.path, dict(self.headers), data=body
        )
        self._send(*self.server.wire.answer(request.prepare()))

    do_POST = do_PATCH = do_GET  # noqa: N815 - the names that http.server calls

    def _send(self, status: int, headers: list[tuple[str, str]], text: str) -> None:
        content = text.encode()
        try:
            self.send_response(status)
            for name, value in headers:
                self.send_header(name, value)
            if status != 204:
                self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
        except OSError:
            # The asking process was killed meanwhile.
            self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""
