"""The site under gunicorn, and a browser that shares its cookies with its tabs."""

import http.client
import itertools
import os
import re
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar
from urllib.parse import urlencode, urlsplit

import psycopg
import redis
from cryptography.fernet import Fernet

from local.ports import free_port
from local.website import Website

LONG_AGO = "2020-01-01 00:00:00"
numbers = itertools.count(1)


def new_address() -> str:
    """Return the address of a new visitor."""
    high, low = divmod(next(numbers), 250)
    return f"198.18.{high}.{low + 1}"


class Site(Website):
    """Two worker processes on one database, with Redis in front if there is an URL."""

    def __init__(self, folder: Path, directus: str, database: str, cache: str) -> None:
        self.database = database or f"sqlite:///{folder / 'db.sqlite3'}"
        self.cache = cache
        self.port = free_port()
        env = {
            "PATH": os.environ["PATH"],
            "DJANGO_SETTINGS_MODULE": "tests.on_wire.settings",
            "DJANGO_ENV_FILE": "/nonexistent",
            "DJANGO_SECRET_KEY": "tests-" + "x" * 60,
            "TOKEN_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
            "PUBLIC_URL": f"http://localhost:{self.port}",
            "DJANGO_ALLOWED_HOSTS": "localhost,127.0.0.1",
            "DATABASE_URL": self.database,
            "CACHE_URL": cache or "locmemcache://",
            "TRUSTED_PROXIES": "127.0.0.1",
            "DIRECTUS_URL": directus,
            "DIRECTUS_TOTAL_TIMEOUT": "1.5",
            # A lease lasts three seconds longer.
            "DIRECTUS_REQUEST_TIMEOUT": "4",
            "WEB_WORKERS": "2",
            "WEB_THREADS": "16",
        }
        super().__init__(env, self.port, folder / "site.log")

    def make_tables(self) -> None:
        """Make the tables; on SQLite a later site gets a copy of an earlier one's."""
        if not self.database.startswith("sqlite"):
            self.manage("migrate", "--no-input")
            return
        path = Path(urlsplit(self.database).path)
        settings = self.env["DJANGO_SETTINGS_MODULE"]
        if settings in self._made:
            path.write_bytes(self._made[settings])
            return
        self.manage("migrate", "--no-input")
        with closing(sqlite3.connect(path)) as connection:
            self._made[settings] = connection.serialize()

    # Databases with empty tables, by the settings that they were made with.
    _made: ClassVar[dict[str, bytes]] = {}

    @contextmanager
    def serving(self) -> Iterator["Site"]:
        """Make the tables, serve, and afterwards find no traceback in the log."""
        self.make_tables()
        self.start()
        try:
            self.wait()
            yield self
        finally:
            self.stop()
        assert "Traceback" not in self.log.read_text()

    def workers(self) -> list[str]:
        """Return the process ids of the workers."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text()
        return children.split()

    def kill_workers(self) -> None:
        """Kill both workers without a word; gunicorn starts new ones."""
        for pid in self.workers():
            os.kill(int(pid), signal.SIGKILL)

    def make_stale(self, *columns: str) -> None:
        """Put these columns of all sessions into the past."""
        put_into_past(self.database, *columns)
        if self.cache:
            with redis.Redis.from_url(self.cache) as client:
                client.flushdb()


def put_into_past(
    database: str,
    *columns: str,
    table: str = "accounts_session",
    to: str = LONG_AGO,
) -> None:
    """Put these columns of all rows of a table into the past."""
    if database.startswith("sqlite"):
        connection = sqlite3.connect(urlsplit(database).path, timeout=5)
    else:
        connection = psycopg.connect(database)
    values = ", ".join(f"{column} = '{to}'" for column in columns)
    with connection:
        connection.execute(f"UPDATE {table} SET {values}")
    connection.close()


@dataclass
class Page:
    """What a browser got."""

    status: int
    location: str
    text: str = field(repr=False)


@dataclass
class Browser:
    """A browser at an address of its own, or else tests used up each other's limits.

    `get` may be called in several threads, like tabs.
    """

    port: int
    cookies: dict[str, str] = field(default_factory=dict, repr=False)
    address: str = field(default_factory=new_address)

    def get(self, path: str) -> Page:
        """Fetch a page."""
        return self._ask("GET", path, None)

    def post(self, path: str, **form: str) -> Page:
        """Send a form, with the token of the page it is on."""
        page = self.get("/login/").text
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
        if token is None:
            token = re.search(
                r'name="csrfmiddlewaretoken" value="(\w+)"', self.get("/").text
            )
        form["csrfmiddlewaretoken"] = token[1]
        return self._ask("POST", path, urlencode(form))

    def sign_in(self, user) -> None:
        """Sign in with this address and password."""
        page = self.post("/login/", email=user.email, password=user.password)
        assert (page.status, page.location) == (302, "/"), page

    def _ask(self, method: str, path: str, body: str | None) -> Page:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        headers = {
            "Host": f"localhost:{self.port}",
            "Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items()),
            "X-Forwarded-For": self.address,
        }
        if body:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        text = response.read().decode()
        for cookie in response.headers.get_all("Set-Cookie") or []:
            name, _, value = cookie.split(";")[0].partition("=")
            self.cookies[name] = value.strip('"')
        connection.close()
        return Page(response.status, response.headers.get("Location", ""), text)
