"""A proxy in front of Directus that counts what it is asked for."""

import http.client
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

from local.ports import HOST

# Made anew on each side of the proxy.
OWN_HEADERS = {"connection", "keep-alive", "transfer-encoding", "content-length"}


class CountingProxy:
    """Passes everything on to one server; `calls` counts by method and path.

    Args:
        port: the server's, on the loopback interface.
        host: the address that the proxy listens at.
    """

    def __init__(self, port: int, host: str = HOST) -> None:
        self.calls: Counter[str] = Counter()
        self.target_port = port
        self._lock = threading.Lock()
        self._server = _Server((host, 0), _Handler)
        self._server.proxy = self
        self.url = f"http://{host}:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def count(self, call: str) -> None:
        """Note one call."""
        with self._lock:
            self.calls[call] += 1


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    proxy: CountingProxy


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        """Pass a request on and its answer back."""
        self.server.proxy.count(f"{self.command} {self.path.partition('?')[0]}")
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        target = http.client.HTTPConnection(HOST, self.server.proxy.target_port)
        try:
            headers = {k: v for k, v in self.headers.items() if _is_passed_on(k)}
            target.request(self.command, self.path, body or None, headers)
            answer = target.getresponse()
            self._answer(answer, answer.read())
        finally:
            target.close()

    do_POST = do_PATCH = do_DELETE = do_GET  # noqa: N815 - as the base class wants

    def _answer(self, answer: http.client.HTTPResponse, body: bytes) -> None:
        self.send_response_only(answer.status)
        for name, value in answer.getheaders():
            if _is_passed_on(name):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Print nothing."""


def _is_passed_on(name: str) -> bool:
    return name.lower() not in OWN_HEADERS
