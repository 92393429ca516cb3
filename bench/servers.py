"""The servers that are measured, on free ports, with their data in `.local/bench`."""

import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from local.admin import ensure_user
from local.http import answers
from local.paths import ROOT
from local.ports import HOST, Ports, free_port
from local.problem import Problem
from local.processes import Process, run, wait_until
from local.stack import Stack
from local.state import State

from .proxy import CountingProxy

FOLDER = ROOT / ".local" / "bench"
PASSWORD = "correct horse battery staple"
ACCOUNTS = 24
START_SECONDS = 60
SETTINGS = "bench.settings"


@contextmanager
def empty_state() -> Iterator[State]:
    """Hold the folder, without what an earlier run left in it."""
    with State(FOLDER).held():
        for path in FOLDER.iterdir():
            if path.is_dir():
                shutil.rmtree(path)
            elif path.name != "lock":
                path.unlink()
        yield State(FOLDER)


class Servers:
    """Directus, its provider, the site, and the bare site."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.ports = Ports.free()
        self.stack = Stack(self.state, self.ports, base_env=os.environ)
        self.accounts = [f"bench{n}@example.com" for n in range(ACCOUNTS)]
        self.bare = Bare(self.state, free_port(), self.stack.site.env)
        self.bare_open = Bare(self.state, free_port(), self.stack.site.env)
        self.proxy: CountingProxy

    @property
    def site_database(self) -> Path:
        """The file with the site's tables."""
        return self.state.folder / "site.sqlite3"

    def start(self) -> None:
        """Start Directus and its provider; create the accounts that sign in."""
        self.stack.directus.start()
        self.stack.start_provider()
        self.stack.prepare_site()
        self.stack.directus.wait()
        self.stack.provision()
        for email in self.accounts:
            role = self.stack.customer_role
            names = {"first_name": "Bench", "last_name": "Example"}
            ensure_user(self.stack.admin, email, PASSWORD, role=role, **names)

    @contextmanager
    def site(self, **settings: str) -> Iterator[None]:
        """Run the site while the block runs, behind a proxy on this machine."""
        site = self.stack.site
        # Each client of the bench is another visitor, by its X-Forwarded-For.
        settings["DJANGO_SETTINGS_MODULE"] = SETTINGS
        site.start(TRUSTED_PROXIES=HOST, **settings)
        try:
            site.wait()
            yield
        finally:
            site.stop()

    @contextmanager
    def site_behind_proxy(self) -> Iterator[None]:
        """Run the site, its page that asks Directus, and a proxy that counts."""
        proxy = CountingProxy(self.ports.directus)
        with proxy as self.proxy, self.site(DIRECTUS_URL=proxy.url):
            yield

    def manage(self, *args: str, **settings: str) -> None:
        """Run a management command of the site, with these settings instead."""
        env = self.stack.site.env | settings
        code, output = run([sys.executable, "manage.py", *args], env=env, cwd=ROOT)
        if code:
            raise RuntimeError(f"{args[0]}: {output.strip()[-500:]}")

    def inside(self, *args: str, **settings: str) -> str:
        """Run bench.inside with the site's settings; return what it printed."""
        env = self.stack.site.env | {"DJANGO_SETTINGS_MODULE": SETTINGS} | settings
        return _output(["bench.inside", *args], env)

    def worker_memory(self, *, with_children: bool = False) -> list[float]:
        """Return the resident memory of each of the site's workers, in MB.

        Args:
            with_children: also of what the workers started, in the same list.
        """
        workers = _children(self.stack.site.pid)
        started = [pid for worker in workers for pid in _children(worker)]
        return [_resident(pid) for pid in workers + (started if with_children else [])]

    def stop(self) -> None:
        """Stop everything."""
        self.bare.stop()
        self.bare_open.stop()
        self.stack.stop()


class Bare:
    """The bare site, under the same gunicorn line."""

    def __init__(self, state: State, port: int, env: Mapping[str, str]) -> None:
        self.port = port
        self._log = state.log / f"bare-{port}.log"
        # The gunicorn line reads the number of workers from the site's settings.
        self._env = {
            **env,
            "HOST": HOST,
            "PORT": str(port),
            "BARE_DATABASE": str(state.folder / f"bare-{port}.sqlite3"),
        }
        self._process: Process | None = None

    def start(self, *, rows: int = 0, keeps_database: bool = False) -> str:
        """Make its tables and start it; return the cookie of a signed-in user.

        Args:
            rows: how many rows the user has, in an empty database.
            keeps_database: whether a thread keeps its connection to the database.
        """
        self._env["BARE_KEEPS_DATABASE"] = "1" if keeps_database else ""
        if rows:
            Path(self._env["BARE_DATABASE"]).unlink(missing_ok=True)
        cookie = _output(["bench.bare"], self._env | {"BARE_ROWS": str(rows)}).strip()
        args = ["gunicorn", "-c", "config/gunicorn.py", "bench.bare"]
        self._process = Process(
            "The bare site",
            [sys.executable, "-m", *args],
            env=self._env,
            cwd=ROOT,
            log=self._log,
        )
        if not wait_until(self._answers, seconds=START_SECONDS, running=self._process):
            raise Problem(f"The bare site did not start: {self._log} tells why.")
        return cookie

    def stop(self) -> None:
        """Stop it, if it runs."""
        if self._process is not None:
            self._process.stop()

    def _answers(self) -> bool:
        return answers(f"http://{HOST}:{self.port}/")


def _output(args: list[str], env: dict[str, str]) -> str:
    code, output = run([sys.executable, "-m", *args], env=env, cwd=ROOT)
    if code:
        raise RuntimeError(f"{args[0]}: {output.strip()[-500:]}")
    return output


def _children(pid: int) -> list[int]:
    """Return what a process started, in any of its threads."""
    lists = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for path in lists for child in _text(path).split()]


def _resident(pid: int) -> float:
    """Return the resident memory in MB; 0 of a process that has just ended."""
    for line in _text(Path(f"/proc/{pid}/status")).splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""
