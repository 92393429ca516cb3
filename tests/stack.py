"""
The real stack for tests: Directus, its mails and the site, started as `make run` does.

A pytest plugin. The servers start when the first test asks, on free ports and in a
folder of their own, and serve the whole run. Without Directus the tests fail; they
never skip. What a test changes with restart_* or stop_* is put back after it.
"""

import json
import os
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from accounts.directus.ids import WEBHOOK_FLOW
from accounts.operations.provisioning.sso import callback_address
from local.databases import Postgres, Valkey
from local.directus import PASSED_ON
from local.mail import links, mails, read_mail
from local.ports import Ports, free_port
from local.problem import Problem
from local.processes import wait_until
from local.provider import CUSTOMER_ROLE, PROVIDER
from local.stack import Stack
from local.state import State
from local.tests import marked_files
from local.versions import chosen_version

from .oauth2_provider import Hub
from .on_wire.site import LONG_AGO, put_into_past

LATER_CODES = Path(__file__).with_name("later_codes.cjs")
DIRECTUS_ENV = {
    # One JSON object a line, for calls().
    "LOG_STYLE": "raw",
    # All browsers of a test run share one address; the default is 5 a minute.
    "RATE_LIMITER_REGISTRATION_POINTS": "100",
    # Sign-ins and sign-ups that take no time on purpose, and passwords that are hashed
    # with little work: tests make hundreds of them.
    "LOGIN_STALL_TIME": "1",
    "REGISTER_STALL_TIME": "1",
    "HASH_MEMORY_COST": "1024",
    "HASH_TIME_COST": "2",
    "HASH_PARALLELISM": "1",
    "NODE_OPTIONS": f'--max-old-space-size=512 --require "{LATER_CODES}"',
}
SITE_ENV = {
    # Each browser of a test can have an address of its own, in X-Forwarded-For.
    "TRUSTED_PROXIES": "127.0.0.1",
    "SIGN_IN_FLOOR_SECONDS": "0",
    "SIGN_UP_FLOOR_SECONDS": "0",
    "RESET_FLOOR_SECONDS": "0",
}
# The providers of Directus: the local stack's, the same without registration, another.
CLOSED = "closedid"
HUB = "examplehub"
# Marks of tests that run apart from the others.
OWN_PARTS = ("real", "browser", "alone")
RUNNING: pytest.StashKey["RunningStack"] = pytest.StashKey()


def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Leave out what does not hold for the real Directus that was chosen."""
    major = chosen_version().major
    left_out = [item for item in items if not _holds(item, major)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


def pytest_itemcollected(item: pytest.Item) -> None:
    """Refuse a marked test in a file that `make test` does not look into."""
    marks = [mark for mark in OWN_PARTS if item.get_closest_marker(mark)]
    if marks and item.path not in _marked_files():
        text = f"{item.nodeid}: write mark.{marks[0]} in this file"
        raise pytest.UsageError(text)


@cache
def _marked_files() -> set[Path]:
    return set(marked_files(OWN_PARTS))


def _holds(item: pytest.Item, major: int) -> bool:
    marker = item.get_closest_marker("directus")
    is_real = any(map(item.get_closest_marker, ("real", "browser")))
    return not marker or major in marker.args or not is_real


class Call(NamedTuple):
    """A request that Directus has answered."""

    method: str
    path: str
    status: int
    forwarded_for: str
    user_agent: str


def is_on_postgresql() -> bool:
    """Tell whether Directus keeps its data in PostgreSQL in this run."""
    name = os.environ.get("DIRECTUS_DATABASE") or "sqlite"
    assert name in {"sqlite", "postgresql"}, "DIRECTUS_DATABASE: sqlite or postgresql"
    return name == "postgresql"


class RunningStack(Stack):
    """The stack of one test run, and what tests do to it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.hub = Hub(free_port(), callback_address(self.site_url, HUB))
        if self.provider is None:
            return
        self.provider.env["REDIRECT_URIS"] += (
            f" {callback_address(self.site_url, CLOSED)}"
        )
        closed = {"LABEL": "Closed ID", "ALLOW_PUBLIC_REGISTRATION": "false"}
        self.directus.env |= {
            "AUTH_PROVIDERS": f"{PROVIDER},{HUB},{CLOSED}",
            **self.provider.directus_settings(CLOSED, **closed),
            **self.hub.directus_settings(HUB, DEFAULT_ROLE_ID=CUSTOMER_ROLE),
        }

    def start_provider(self) -> None:
        """Start both providers, if there are any."""
        super().start_provider()
        self.hub.restore()

    def stop(self) -> None:
        """Stop everything."""
        self.hub.stop()
        super().stop()

    def start_directus(self, **env: str) -> None:
        """Start Directus again; env replaces settings, as in ACCESS_TOKEN_TTL="5s"."""
        self.directus.start(**env)
        self.directus.wait()
        self._directus_changed = bool(env)

    def stop_directus(self) -> None:
        """Stop Directus: connections are refused from now on."""
        self._directus_changed = True
        self.directus.stop()

    def restart_directus(self, **env: str) -> None:
        """Stop Directus and start it with these settings instead of the usual ones."""
        self.stop_directus()
        self.start_directus(**env)

    def start_site(self, **env: str) -> None:
        """Start the site; a DATABASE_URL in env gets its tables first."""
        whole = self._usual_site | env
        if "DATABASE_URL" in env:
            self.site.manage("migrate", "--no-input", **whole)
        self._site_is_used = True
        self.site.start(**whole)
        self.site.wait()
        self._site_changed = whole != self._usual_site

    def stop_site(self) -> None:
        """Stop the site: connections are refused from now on."""
        self._site_changed = True
        self.site.stop()

    def restart_site(self, **env: str) -> None:
        """Stop the site and start it with these settings instead of the usual ones."""
        self.stop_site()
        self.start_site(**env)

    @contextmanager
    def usual_site(self, **env: str) -> Iterator[None]:
        """Let the site have these settings, too, in all tests until the end."""
        self._usual_site = SITE_ENV | env
        self.restart_site()
        yield
        self._usual_site = SITE_ENV
        self.restart_site()

    def make_stale(self, *columns: str, to: str = LONG_AGO) -> None:
        """Put these columns of all sessions of the site into the past."""
        put_into_past(self.site_settings()["DATABASE_URL"], *columns, to=to)

    @contextmanager
    def after_message(self) -> Iterator[None]:
        """Wait at the end until the Flow told the site of a change made inside."""
        before = self._messages()
        yield
        assert wait_until(lambda: self._messages() > before, seconds=20)

    def _messages(self) -> int:
        """Return how many messages of the Flow the site has followed."""
        return self.site.log.read_text().count('"webhook.followed"')

    def restore(self) -> None:
        """Start again what a test has stopped, killed or started differently."""
        if self._directus_changed or not self.directus.is_running():
            self.restart_directus()
        if self.provider is not None:
            self.hub.restore()
            if not self.provider.is_running():
                self.start_provider()
        if self._site_is_used and (self._site_changed or not self.site.is_running()):
            self.restart_site()

    @property
    def service_token(self) -> str:
        """Return the site's own token at Directus."""
        return self.site_settings()["DIRECTUS_SERVICE_TOKEN"]

    def mark(self) -> int:
        """Return the present end of Directus' log, for calls()."""
        return self.directus.log.stat().st_size

    def calls(self, since: int, path: str = "") -> list[Call]:
        """Return what Directus has answered since the mark, of one path if given."""
        time.sleep(0.1)
        with open(self.directus.log, "rb") as log:
            log.seek(since)
            entries = [_call(line) for line in log]
        return [call for call in entries if call and path in {"", call.path}]

    _usual_site = SITE_ENV
    _directus_changed = False
    _site_changed = False
    _site_is_used = False


def _call(line: bytes) -> Call | None:
    try:
        entry = json.loads(line)
        request, status = entry["req"], entry["res"]["statusCode"]
    except (ValueError, KeyError, TypeError):
        return None
    headers = request.get("headers", {})
    return Call(
        request["method"],
        request["url"].split("?")[0],
        status,
        headers.get("x-forwarded-for", ""),
        headers.get("user-agent", ""),
    )


class Mailbox:
    """The mails that have come in since the test began."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read = set(mails(folder))

    def wait_for(
        self, address: str, subject: str = "", *, seconds: float = 10
    ) -> EmailMessage:
        """Return the oldest unread mail to this address, once it is there."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            for path, message in self._unread(address):
                if subject in str(message["Subject"]):
                    self._read.add(path)
                    return message
            time.sleep(0.1)
        seen = [f"{m['To']}: {m['Subject']}" for _, m in self._unread("")]
        pytest.fail(f"No mail {subject!r} to {address} in {seconds} s; unread: {seen}")

    def link_for(self, address: str, subject: str = "", *, seconds: float = 10) -> str:
        """Return the link in the oldest unread mail to this address."""
        return link_in(self.wait_for(address, subject, seconds=seconds))

    def count(self, address: str) -> int:
        """Return how many unread mails to this address have arrived by now."""
        return len(list(self._unread(address)))

    def _unread(self, address: str) -> Iterator[tuple[Path, EmailMessage]]:
        for path in mails(self._folder):
            if path not in self._read:
                message = read_mail(path)
                if address.lower() in str(message["To"]).lower():
                    yield path, message


def link_in(message: EmailMessage) -> str:
    """Return the link with a token in a mail, or else its first link."""
    found = links(message)
    return next((link for link in found if "token=" in link), found[0])


@dataclass(frozen=True)
class Customer:
    """A user of Directus with the customer role, made for one test."""

    id: str
    email: str
    password: str


@pytest.fixture(scope="session")
def directus_server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningStack]:
    """Directus with its mail catcher, set up by directus_setup; the site is not up."""
    try:
        with directus_database() as database:
            stack = _stack(tmp_path_factory.mktemp("stack"), database)
            request.config.stash[RUNNING] = stack
            try:
                _start(stack)
                yield stack
            finally:
                stack.stop()
                del request.config.stash[RUNNING]
    except Problem as problem:
        pytest.fail(str(problem), pytrace=False)


@pytest.fixture(scope="session")
def live_site(directus_server: RunningStack) -> RunningStack:
    """The same stack with the site running: gunicorn, two workers, SQLite."""
    try:
        directus_server.start_site()
    except Problem as problem:
        pytest.fail(str(problem), pytrace=False)
    return directus_server


@pytest.fixture(scope="module")
def directus_mails(live_site: RunningStack) -> Iterator[RunningStack]:
    """The same with ACCOUNT_MAILS=directus, and registration open in Directus."""
    opened = {
        "public_registration": True,
        "public_registration_role": live_site.customer_role,
        "public_registration_verify_email": True,
    }
    before = live_site.admin.get_settings()
    live_site.admin.patch_settings(**opened)
    with live_site.usual_site(ACCOUNT_MAILS="directus"):
        yield live_site
    live_site.admin.patch_settings(**{name: before[name] for name in opened})


@pytest.fixture(autouse=True)
def _usual_stack(request: pytest.FixtureRequest) -> Iterator[None]:
    """Put back what the test has changed or stopped."""
    yield
    stack = request.config.stash.get(RUNNING, None)
    if stack is not None:
        stack.restore()


@pytest.fixture
def mailbox(directus_server: RunningStack) -> Mailbox:
    """The mails that arrive during this test."""
    return Mailbox(directus_server.state.mail)


@pytest.fixture
def make_customer(directus_server: RunningStack) -> Callable[..., Customer]:
    """A function that creates a customer in Directus; takes any field of a user."""

    def make(**fields: Any) -> Customer:
        name = secrets.token_hex(6)
        email = fields.pop("email", f"customer-{name}@example.com")
        password = fields.pop("password", f"Correct-horse-{name}")
        role = fields.pop("role", directus_server.customer_role)
        user = directus_server.admin.create_user(email, password, role=role, **fields)
        return Customer(user["id"], email, password)

    return make


@pytest.fixture
def without_flow(directus_server: RunningStack) -> Iterator[None]:
    """Let Directus tell the site nothing of users that changed."""
    path = f"/flows/{WEBHOOK_FLOW}"
    directus_server.admin.call("PATCH", path, {"status": "inactive"})
    yield
    directus_server.admin.call("PATCH", path, {"status": "active"})


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The DATABASE_URL of a real PostgreSQL server."""
    yield from _url(Postgres())


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """The CACHE_URL of a real server that speaks Redis' protocol."""
    yield from _url(Valkey())


def _url(server: Postgres | Valkey) -> Iterator[str]:
    try:
        server.start()
        yield server.url
    except Problem as problem:
        pytest.fail(str(problem), pytrace=False)
    finally:
        server.stop()


@contextmanager
def directus_database() -> Iterator[dict[str, str]]:
    """Have Directus' database: SQLite, or what DIRECTUS_DATABASE=postgresql says."""
    if not is_on_postgresql():
        yield {}
        return
    server = Postgres()
    try:
        server.start()
        yield {"DB_CLIENT": "pg", "DB_CONNECTION_STRING": server.url}
    finally:
        server.stop()


def _stack(folder: Path, database: dict[str, str]) -> RunningStack:
    # Nothing of the test settings' environment: the site is to run as it ships.
    env = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    return RunningStack(
        State(folder),
        Ports.free(),
        base_env=env,
        directus_env=DIRECTUS_ENV | database,
    )


def _start(stack: RunningStack) -> None:
    stack.start_mail()
    stack.directus.start()
    stack.start_provider()
    stack.prepare_site()
    stack.directus.wait()
    stack.provision()
