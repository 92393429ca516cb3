"""The Django site: its management commands, and gunicorn."""

import sys
from collections.abc import Mapping
from pathlib import Path

from .http import answers
from .paths import ROOT
from .ports import HOST
from .problem import Problem
from .processes import Process, run, wait_until

START_SECONDS = 120


class Website:
    """The site under gunicorn, with settings from one environment."""

    def __init__(self, env: Mapping[str, str], port: int, log: Path) -> None:
        self.env = dict(env)
        self.url = f"http://localhost:{port}"
        self.log = log
        self._port = port
        self._process: Process | None = None

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
            "Django",
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

    def wait(self) -> None:
        """Return when the site answers."""
        if not wait_until(self.answers, seconds=START_SECONDS, running=self._process):
            self.stop()
            raise Problem(f"Django did not start: {self.log} tells why.")

    def stop(self) -> None:
        """End gunicorn with its workers, if it runs."""
        if self._process is not None:
            self._process.stop()

    def is_running(self) -> bool:
        """Tell whether the process is alive."""
        return self._process is not None and self._process.is_running()

    @property
    def pid(self) -> int:
        """Return the process id of gunicorn's master."""
        assert self._process is not None
        return self._process.pid

    def answers(self) -> bool:
        """Tell whether the site answers."""
        return answers(f"{self.url}/healthz")
