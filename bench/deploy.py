"""An upgrade beside a running site: no request may fail.

The version before the newest migration serves on PostgreSQL and a shared cache, behind
nginx. The present code migrates the database, joins the old processes on the same
address, and serves alone in the end. Visitors go on all the time.
"""

import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import requests
from requests.adapters import HTTPAdapter

from local.databases import Postgres, Valkey
from local.paths import ROOT
from local.ports import HOST, free_port
from local.processes import Process, run, wait_until
from local.proxies import nginx

from .browser import FORM_TOKEN
from .servers import PASSWORD, Servers
from .table import Line

VISITORS = 4
# In each of the three states: old code, old code with new columns, both.
SECONDS = 8
LEAST_ANSWERS = 100
MIGRATIONS = "accounts/migrations"
# gunicorn takes the socket that systemd would hand to it.
SERVE = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ |= {"LISTEN_FDS": "1", "LISTEN_PID": str(os.getpid())}
line = [sys.executable, "-m", "gunicorn", "-c", "config/gunicorn.py", "config.wsgi"]
os.execv(sys.executable, line)
"""


def upgrade(servers: Servers) -> list[Line]:
    """Upgrade from the version before the newest migration under load."""
    old = _version_before_newest_migration(servers.state.folder / "old")
    with ExitStack() as stack:
        site = _Site(servers, stack)
        first = site.serve(old)
        with _visits(servers) as visitors:
            time.sleep(SECONDS)
            site.manage(ROOT, "migrate", "--no-input")
            time.sleep(SECONDS)
            site.serve(ROOT)
            time.sleep(SECONDS)
            first.stop(patience=30)
            time.sleep(SECONDS)
    failures = [failure for visitor in visitors for failure in visitor.failures]
    if failures:
        print(*failures, sep="\n", file=sys.stderr)
    answers = sum(visitor.answers for visitor in visitors)
    longest = max(visitor.longest for visitor in visitors)
    return [
        Line(
            "upgrade under load: failed requests",
            str(len(failures)),
            f"{answers}, longest {longest:.1f} s",
            str(len(failures)),
            "= 0",
            # Without visitors nothing fails either.
            not failures and answers >= LEAST_ANSWERS,
        )
    ]


def _version_before_newest_migration(folder: Path) -> Path:
    """Unpack it into a folder."""
    folder.mkdir()
    added = ["log", "-1", "--diff-filter=A", "--format=%H", "--", MIGRATIONS]
    newest = _git(*added).decode().strip()
    archive = _git("archive", f"{newest}^")
    subprocess.run(["tar", "-x", "-C", folder], input=archive, check=True)
    return folder


def _git(*args: str) -> bytes:
    return subprocess.run(
        ["git", *args], cwd=ROOT, stdout=subprocess.PIPE, check=True
    ).stdout


class _Site:
    """Several versions of the site behind one nginx, on one socket."""

    def __init__(self, servers: Servers, stack: ExitStack) -> None:
        self._stack, self._folder = stack, servers.state.folder
        self._socket = stack.enter_context(socket.create_server((HOST, 0), backlog=512))
        database, cache = Postgres(), Valkey()
        for server in (database, cache):
            stack.callback(server.stop)
            server.start()
        self._env = dict(servers.stack.site.env) | {
            "DATABASE_URL": database.url,
            "CACHE_URL": cache.url,
            "TRUSTED_PROXIES": HOST,
            "STATIC_ROOT": str(self._folder / "static"),
        }
        self._start_nginx(servers.ports.site)

    def manage(self, folder: Path, *args: str) -> None:
        """Run a command of one version."""
        code, output = run(
            [sys.executable, "manage.py", *args], env=self._env, cwd=folder
        )
        if code:
            raise RuntimeError(f"{args[0]}: {output.strip()[-500:]}")

    def serve(self, folder: Path) -> Process:
        """Let one version serve, too; return its process once it does."""
        if folder != ROOT:
            self.manage(folder, "migrate", "--no-input")
        self.manage(folder, "collectstatic", "--no-input")
        number = self._socket.fileno()
        log = self._folder / f"deploy-{folder.name}.log"
        process = Process(
            "The site",
            [sys.executable, "-c", SERVE, str(number)],
            env=self._env,
            cwd=folder,
            log=log,
            pass_fds=(number,),
        )
        self._stack.callback(process.stop)
        booted = "Booting worker"
        if not wait_until(
            lambda: booted in log.read_text(), seconds=90, running=process
        ):
            raise RuntimeError(process.last_words())
        return process

    def _start_nginx(self, port: int) -> None:
        text = (ROOT / "deploy" / "nginx.conf").read_text()
        text = text.replace("127.0.0.1:8000", f"{HOST}:{self._socket.getsockname()[1]}")
        text = text.replace("listen 443 ssl", f"listen {HOST}:{port}")
        # Without TLS: this is about the way behind nginx.
        text = re.sub(r"\n    ssl_\w+ .*", "", text)
        text = text.replace("listen 80", f"listen {HOST}:{free_port()}")
        folder = self._folder / "nginx"
        folder.mkdir()
        process = Process(
            "nginx", nginx(folder, text), env={}, cwd=folder, log=folder / "log"
        )
        self._stack.callback(process.stop)


class _From(HTTPAdapter):
    """Connections from one address of this machine."""

    def __init__(self, address: str) -> None:
        self._address = address
        super().__init__()

    def init_poolmanager(self, *args, **options):
        super().init_poolmanager(*args, source_address=(self._address, 0), **options)


class _Visitor(requests.Session):
    """A user who signs in, looks around, signs out and comes back."""

    def __init__(self, port: int, number: int, email: str) -> None:
        super().__init__()
        self.trust_env = False
        self.mount("http://", _From(f"127.0.1.{number}"))
        self.headers["Host"] = f"localhost:{port}"
        self._address, self._email = f"http://{HOST}:{port}", email
        self.answers, self.longest = 0, 0.0
        self.failures: list[str] = []

    def go_on(self, until: threading.Event) -> None:
        """Visit until the event; note each answer that is not the usual one."""
        while not until.is_set():
            self._form("/login/", email=self._email, password=PASSWORD)
            for path in ["/", "/account/"] * 20:
                if not until.is_set():
                    self._ask("GET", path, 200)
            self._form("/logout/", page="/")

    def _form(self, path: str, *, page: str = "", **fields: str) -> None:
        answer = self._ask("GET", page or path, 200)
        token = FORM_TOKEN.search(answer.content) if answer is not None else None
        if token:
            fields["csrfmiddlewaretoken"] = token[1].decode()
            self._ask("POST", path, 302, data=fields)

    def _ask(
        self, method: str, path: str, usual: int, **options
    ) -> requests.Response | None:
        began = time.monotonic()
        options |= {"timeout": 90, "allow_redirects": False}
        try:
            answer = self.request(method, self._address + path, **options)
        except requests.RequestException as error:
            self.failures.append(f"{method} {path}: {type(error).__name__}")
            return None
        self.answers += 1
        self.longest = max(self.longest, time.monotonic() - began)
        if answer.status_code != usual:
            self.failures.append(f"{method} {path}: {answer.status_code}")
        return answer


@contextmanager
def _visits(servers: Servers) -> Iterator[list[_Visitor]]:
    """Let visitors come while the block runs."""
    is_over = threading.Event()
    visitors = [
        _Visitor(servers.ports.site, number + 1, email)
        for number, email in enumerate(servers.accounts[:VISITORS])
    ]
    threads = [
        threading.Thread(target=visitor.go_on, args=(is_over,)) for visitor in visitors
    ]
    for thread in threads:
        thread.start()
    try:
        yield visitors
    finally:
        is_over.set()
        for thread in threads:
            thread.join()
