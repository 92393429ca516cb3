"""The Django site: its management commands, and gunicorn."""

import sys
from collections.abc import Mapping
from pathlib import Path

from .paths import ROOT
from .ports import HOST
from .problem import Problem
from .processes import Process, run
from .server import Server


class Website(Server):
    """The site under gunicorn, with settings from one environment."""

    name = "Django"
    ping = "/healthz"
    start_seconds = 120

    def __init__(self, env: Mapping[str, str], port: int, log: Path) -> None:
        super().__init__(env, f"http://localhost:{port}", log)
        self._port = port

    def manage(self, *args: str, **overrides: str) -> str:
        """Run a management command and return what it printed."""
        command = [sys.executable, "manage.py", *args]
        code, output = run(command, env=self.env | overrides, cwd=ROOT)
        if code:
            with open(self.log, "a") as log:
                log.write(output)
            raise Problem(f"`manage.py {args[0]}` failed: {self.log} tells why.")
        return output

    def start(self, **overrides: str) -> None:
        """Start gunicorn, with these settings instead of the usual ones."""
        env = self.env | {"HOST": HOST, "PORT": str(self._port)} | overrides
        self._process = Process(
            self.name,
            [
                sys.executable,
                "-m",
                "gunicorn",
                "-c",
                "config/gunicorn.py",
                "config.wsgi",
            ],
            env=env,
            cwd=ROOT,
            log=self.log,
        )
