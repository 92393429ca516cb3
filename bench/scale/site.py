"""One host of the site: gunicorn in a network namespace, with a folder of its own."""

import signal
from collections.abc import Mapping
from pathlib import Path

from local.website import Website

from .network import Host


class SiteHost(Website):
    """The site on one host.

    Args:
        host: its place in the network.
        number: its number among the hosts of the site, from 0.
        env: the settings that all hosts share.
        folder: for its static files, its temporary files and its log.
    """

    def __init__(
        self, host: Host, number: int, env: Mapping[str, str], folder: Path
    ) -> None:
        self.host, self.number = host, number
        self.netloc = host.netloc
        for name in ("static", "tmp"):
            (folder / name).mkdir()
        own = {"STATIC_ROOT": str(folder / "static"), "TMPDIR": str(folder / "tmp")}
        super().__init__({**env, **own}, host.port, folder / "site.log")
        self.url = f"http://{self.netloc}"

    def start(self, **overrides: str) -> None:
        """Start gunicorn on this host."""
        with self.host.entered():
            super().start(HOST=self.host.address, **overrides)

    def kill(self) -> None:
        """End gunicorn at once."""
        if self._process is not None:
            self._process.stop(signal_number=signal.SIGKILL)

    def manage(self, *args: str, **overrides: str) -> str:
        """Run a management command on this host; return what it printed."""
        with self.host.entered():
            return super().manage(*args, **overrides)
