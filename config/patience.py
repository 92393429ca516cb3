"""gunicorn's threads, kept from clients that send slowly.

A proxy that reads requests to their end before it passes them on is the remedy; see
deploy/. This bounds what such clients can do where there is none.
"""

import contextlib
import errno
import socket
import time

from gunicorn.workers import gthread

# Seconds that a thread waits for the first byte; after that no thread does.
FIRST_BYTE = 0.1
# Seconds for a whole request: while there are threads left, and when there are none.
USUAL, BUSY = 20.0, 1.0
# Seconds and bytes for the rest of a request that was answered before it was read.
REST_SECONDS, REST_BYTES = 5.0, 16 * 1024 * 1024


class Worker(gthread.ThreadWorker):
    """A worker that stops reading requests that arrive too slowly."""

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        # Connections with a thread: start time; request, after its head was read.
        self._began = {}
        self._requests = {}

    def handle(self, conn):
        """Read a request and answer it, in a thread."""
        if not conn.initialized and not conn.wait_for_data(FIRST_BYTE):
            # Not in gunicorn's stubs.
            return gthread._DEFER  # type: ignore[attr-defined]
        self._began[conn] = time.monotonic()
        try:
            return super().handle(conn)
        finally:
            self._requests.pop(conn, None)
            self._began.pop(conn, None)

    def handle_request(self, req, conn):
        """Answer a request after its head was read.

        A connection that closes under a body which is still sent is reset, and the
        client may lose the answer: a refused upload is read to its end, within bounds.
        """
        reader = conn.parser.unreader
        reader.sock = Body(conn.sock)
        self._requests[conn] = req
        try:
            stays = super().handle_request(req, conn)
            if not stays:
                deadline = time.monotonic() + REST_SECONDS
                conn.parser.finish_body(deadline, REST_BYTES)
            return stays
        finally:
            reader.sock = conn.sock

    def murder_pending(self):
        """Close connections that have waited too long, at least once a second."""
        super().murder_pending()
        patience = USUAL if len(self._began) < self.cfg.threads else BUSY
        latest = time.monotonic() - patience
        for conn, began in self._began.copy().items():
            if began < latest and self._is_reading(conn):
                with contextlib.suppress(OSError):
                    conn.sock.shutdown(socket.SHUT_RD)

    def _is_reading(self, conn: gthread.TConn) -> bool:
        request = self._requests.get(conn)
        if request is None:
            return True
        # Other bodies than those of known length are not read by Django.
        return getattr(request.body.reader, "length", 0) > 0


class Body:
    """A socket that raises an error if it ends before the body does.

    Half a form must not be taken for a whole one.
    """

    def __init__(self, sock):
        self._socket = sock

    def recv(self, size):
        """Return the next bytes; raise ConnectionResetError at the end."""
        data = self._socket.recv(size)
        if not data:
            raise ConnectionResetError(errno.ECONNRESET, "the request is incomplete")
        return data

    def __getattr__(self, name):
        return getattr(self._socket, name)
