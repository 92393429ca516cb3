"""A server of the local stack: it is started, awaited and ended."""

from collections.abc import Mapping
from pathlib import Path

from .http import answers
from .problem import Problem
from .processes import Process, wait_until


class Server:
    """What Directus and the site have in common; `start` is their own."""

    name: str
    ping: str
    start_seconds: float

    def __init__(self, env: Mapping[str, str], url: str, log: Path) -> None:
        self.env = dict(env)
        self.url = url
        # Everything that the server printed.
        self.log = log
        self._process: Process | None = None

    def wait(self) -> None:
        """Return when the server answers."""
        seconds = self.start_seconds
        if not wait_until(self.answers, seconds=seconds, running=self._process):
            self.stop()
            raise Problem(f"{self.name} did not start: {self.log} tells why.")

    def stop(self) -> None:
        """End the server with all its processes, if it runs."""
        if self._process is not None:
            self._process.stop()

    def is_running(self) -> bool:
        """Tell whether the process is alive."""
        return self._process is not None and self._process.is_running()

    @property
    def pid(self) -> int:
        """Return the id of the server's first process."""
        assert self._process is not None
        return self._process.pid

    def answers(self) -> bool:
        """Tell whether the server answers."""
        return answers(f"{self.url}{self.ping}")
