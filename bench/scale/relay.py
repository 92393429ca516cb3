"""A wire to a server that can be cut, where hosts have no namespaces of their own."""

import contextlib
import socket
import threading

from local.ports import HOST

BYTES = 65536


class Relay:
    """Passes bytes on, both ways; while it is cut, they are lost without a word.

    Args:
        host, port: the server.
    """

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._server = socket.create_server((HOST, 0))
        self.port: int = self._server.getsockname()[1]
        self._is_cut = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Lose everything from now on."""
        self._is_cut.set()

    def mend(self) -> None:
        """Pass new bytes on again."""
        self._is_cut.clear()

    def stop(self) -> None:
        """Accept no more connections."""
        self._server.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._server.accept()
                threading.Thread(target=self._serve, args=(near,), daemon=True).start()

    def _serve(self, near: socket.socket) -> None:
        with near, contextlib.suppress(OSError):
            if self._is_cut.is_set():
                while near.recv(BYTES):
                    pass
                return
            with socket.create_connection(self._target) as far:
                back = threading.Thread(target=self._pass_on, args=(far, near))
                back.start()
                self._pass_on(near, far)
                back.join()

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(BYTES):
                if not self._is_cut.is_set():
                    target.sendall(data)
            target.shutdown(socket.SHUT_WR)
