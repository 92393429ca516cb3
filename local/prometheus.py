"""Prometheus for the tests: the machine's own, or Debian's package, unpacked."""

import contextlib
import json
import os
import shutil
import tempfile
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlencode

from .debian import unpack
from .paths import cache_folder, installing
from .ports import HOST, free_port
from .problem import Problem
from .processes import Process, run, wait_until
from .progress import step

START_SECONDS = 60


def program(name: str) -> str:
    """Return the path of `prometheus` or `promtool`, fetching them when there are none.

    Raises:
        Problem: they cannot be fetched.
    """
    found = shutil.which(name)
    if found:
        return found
    path = _folder() / "usr/bin" / name
    if not path.exists():
        _fetch()
    return str(path)


def _fetch() -> None:
    with installing(_folder()) as folder:
        if folder is not None:
            with step("Fetching Prometheus (first time only)"):
                is_there = unpack(["prometheus"], folder)
            if not is_there:
                raise Problem(
                    "The tests of alerts need Prometheus: install it"
                    " (on Debian and Ubuntu: apt-get install prometheus)."
                )


def _folder() -> Path:
    return cache_folder() / "prometheus"


def promtool(*args: str | Path) -> tuple[int, str]:
    """Run promtool; return its exit code and output."""
    command = [program("promtool"), *args]
    return run(command, env={"PATH": os.environ["PATH"]}, cwd=Path.cwd())


class Prometheus:
    """A Prometheus server that keeps its data in a folder of its own.

    Args:
        config: the text of its configuration.
    """

    def __init__(self, config: str) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="prometheus-"))
        self._config = self._folder / "prometheus.yml"
        self._config.write_text(config)
        self._port = free_port()
        self._process: Process | None = None

    def __enter__(self) -> Self:
        command: list[str | Path] = [program("prometheus")]
        command += [f"--config.file={self._config}"]
        command += [f"--storage.tsdb.path={self._folder / 'data'}"]
        command += [f"--web.listen-address={HOST}:{self._port}"]
        self._process = Process(
            "Prometheus",
            command,
            env={"PATH": os.environ["PATH"]},
            cwd=self._folder,
            log=self._folder / "log",
        )
        if not wait_until(self._is_ready, seconds=START_SECONDS, running=self._process):
            words = self._process.last_words()
            self.__exit__()
            raise Problem(f"Prometheus did not start: {words}")
        return self

    def __exit__(self, *_error: object) -> None:
        if self._process is not None:
            self._process.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def query(self, expression: str) -> list[dict[str, Any]]:
        """Return the series that an expression has now.

        Raises:
            Problem: Prometheus does not understand it.
        """
        return self._get("query", query=expression)["result"]

    def firing(self) -> set[str]:
        """Return the names of the alerts that fire."""
        alerts = self._get("alerts")["alerts"]
        return {each["labels"]["alertname"] for each in alerts if is_firing(each)}

    def _get(self, path: str, **values: str) -> Any:
        url = f"http://{HOST}:{self._port}/api/v1/{path}?{urlencode(values)}"
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            raise Problem(f"{values}: {error.read().decode()}") from None

    def _is_ready(self) -> bool:
        with contextlib.suppress(OSError):
            url = f"http://{HOST}:{self._port}/-/ready"
            with urllib.request.urlopen(url, timeout=2) as answer:
                return answer.status == 200
        return False


def is_firing(alert: dict[str, Any]) -> bool:
    """Return whether an alert fires, after the time that it waits."""
    return alert["state"] == "firing"
