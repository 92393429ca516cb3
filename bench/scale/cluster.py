"""Three hosts of the site, what they share, and a proxy in front of them."""

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import psycopg
import redis

from accounts.sessions.keys import digest
from local.admin import ensure_user
from local.databases import Postgres, Valkey
from local.directus import PASSED_ON
from local.mail import MailCatcher, links, mails, read_mail
from local.ports import HOST, Ports
from local.processes import wait_until
from local.stack import Stack
from local.state import State

from ..proxy import CountingProxy
from .browser import Browser
from .clock import settings_of_clock
from .front import Front
from .network import Host, Network
from .relay import Relay
from .site import SiteHost

HOSTS = 3
MAIL_SECONDS = 15
# The proxy has finished its requests to a host that is no longer in its list.
DRAIN_SECONDS = 2.0
PASSWORD = "correct horse battery staple"
DIRECTUS_ENV = {
    # No provider runs.
    "AUTH_PROVIDERS": "",
    "LOGIN_STALL_TIME": "1",
    "HASH_MEMORY_COST": "1024",
    "HASH_TIME_COST": "2",
    "HASH_PARALLELISM": "1",
}
# No commit may be lost with the first server.
FIRST_DATABASE = {
    "synchronous_commit": "on",
    "wal_level": "replica",
    "max_wal_senders": "4",
}


class Cluster:
    """Everything that runs, each part at an address of its own.

    Attributes:
        sites: the hosts of the site.
        database, second: the PostgreSQL that is written to, and one for a copy of it.
        counter: counts the site's calls to Directus.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.network = Network()
        self._stops = contextlib.ExitStack()
        self._parts: dict[str, Host] = {}
        self._wires: dict[int, Relay] = {}
        for name in ("database", "second", "cache", "front"):
            self._parts[name] = self.network.add_host()
        first, second, cache = map(self.host, ("database", "second", "cache"))
        self.database = Postgres(first.address, first.port, **FIRST_DATABASE)
        self.second = Postgres(second.address, second.port, self.database)
        self.cache = Valkey(cache.address, cache.port)
        ports = Ports.free()
        passed = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        self.stack = Stack(
            State(folder / "stack"), ports, base_env=passed, directus_env=DIRECTUS_ENV
        )
        self.counter = CountingProxy(ports.directus, self.network.address)
        self.mail = MailCatcher(self.stack.state.mail, ports.smtp, self.network.address)
        self.front = Front(self.host("front"), folder / "front")
        self.stack.site.env |= self._shared_settings(ports.smtp)
        self.sites = [self._site(number) for number in range(HOSTS)]

    def host(self, name: str) -> Host:
        """Return the host of a part other than the site."""
        return self._parts[name]

    @contextlib.contextmanager
    def running(self) -> Iterator["Cluster"]:
        """Run everything while the block runs."""
        with self._stops:
            self._start_shared()
            self._start_sites()
            yield self

    def account(self, name: str) -> str:
        """Create a user of the site; return the address."""
        email = f"{name}@example.com"
        role = self.stack.customer_role
        names = {"first_name": "Scale", "last_name": "Example"}
        ensure_user(self.stack.admin, email, PASSWORD, role=role, **names)
        return email

    def browser(self) -> Browser:
        """Return a new browser; it reaches each host of the site, and the proxy."""
        return Browser(self.front.netloc)

    def connected(self) -> psycopg.Connection:
        """Return a connection to the database that is written to."""
        return psycopg.connect(self.database.url, autocommit=True)

    def forget_cached(self) -> None:
        """Empty the cache."""
        with redis.Redis.from_url(self.cache.url) as client:
            client.flushdb()

    def cached_seconds(self, browser: Browser) -> float:
        """Return how long the cache keeps a browser's session; 0 without it."""
        name = f"*session-row:{digest(browser.session_key)}"
        with redis.Redis.from_url(self.cache.url) as client:
            return max(
                (client.pttl(key) / 1000 for key in client.keys(name)), default=0
            )

    def link_mailed_to(self, email: str) -> str:
        """Return the link in the first mail to an address, once it is there.

        Raises:
            ValueError: no mail has come.
        """
        found: list[str] = []

        def has_come() -> bool:
            found.extend(
                link
                for path in mails(self.mail.folder)
                if email in str((message := read_mail(path))["To"])
                for link in links(message)
                if "token=" in link
            )
            return bool(found)

        if not wait_until(has_come, seconds=MAIL_SECONDS):
            raise ValueError("no mail has come")
        return found[0]

    @contextlib.contextmanager
    def without_cache(self, site: SiteHost) -> Iterator[None]:
        """Cut a host off from the cache: what it sends there is lost."""
        wire = self._wires.get(site.number)
        cache = self.host("cache")
        cut, mend = (
            (wire.cut, wire.mend)
            if wire
            else (partial(site.host.lose, cache), partial(site.host.find, cache))
        )
        cut()
        try:
            yield
        finally:
            mend()

    @contextlib.contextmanager
    def clock_ahead(self, site: SiteHost, seconds: int) -> Iterator[None]:
        """Run a host with a clock that is ahead."""
        self.restart(site, **settings_of_clock(seconds, self.folder))
        try:
            yield
        finally:
            self.restart(site)

    def restart(self, site: SiteHost, **settings: str) -> None:
        """Stop a host of the site and start it again."""
        site.stop()
        site.start(**settings)
        site.wait()

    def restart_behind_proxy(self, site: SiteHost) -> None:
        """Take a host out of the proxy's list, restart it, and put it back.

        A host that is in the list may get a form while it stops. The proxy repeats
        pages, and never forms, which could count twice.
        """
        places = [each.netloc for each in self.sites]
        self.front.pass_to([at for at in places if at != site.netloc])
        time.sleep(DRAIN_SECONDS)
        self.restart(site)
        self.front.pass_to(places)

    def start_copy(self) -> None:
        """Start a copy of the database; no commit is done before the copy has it."""
        with self.host("second").entered():
            self.second.start()
        with self.connected() as connection:
            connection.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
            connection.execute("SELECT pg_reload_conf()")

    def lose_database(self) -> None:
        """Take the database off the network, and end it at once."""
        self.host("database").unplug()
        self.database.end(signal.SIGKILL)

    def promote_copy(self) -> None:
        """Let the copy take over; from now on it is the database."""
        with self.host("second").entered():
            self.second.promote()
        self.database = self.second

    def _start_shared(self) -> None:
        stops = self._stops
        stops.callback(self.stack.directus.stop)
        self.stack.directus.start()
        stops.callback(self.database.stop)
        stops.callback(self.second.stop)
        with self.host("database").entered():
            self.database.start()
        stops.callback(self.cache.stop)
        with self.host("cache").entered():
            self.cache.start()
        stops.enter_context(self.counter)
        self.mail.start()
        stops.callback(self.mail.stop)
        self.stack.site.manage("migrate", "--no-input")
        self.stack.directus.wait()
        self.stack.provision()

    def _start_sites(self) -> None:
        # What directus_setup has written is in the file that all of them read.
        for site in self.sites:
            self._stops.callback(site.kill)
            site.start()
        for site in self.sites:
            site.wait()
        self._stops.callback(self.front.stop)
        self.front.start([site.host.netloc for site in self.sites])

    def _site(self, number: int) -> SiteHost:
        folder = self.folder / f"host{number + 1}"
        folder.mkdir()
        # Past the counting proxy, directus_setup asks Directus itself.
        env = self.stack.site.env | {"DIRECTUS_URL": self.counter.url}
        if not self.network.is_isolated:
            wire = Relay(self.cache.host, self.cache.port)
            self._wires[number] = wire
            env["CACHE_URL"] = f"redis://{HOST}:{wire.port}/0"
        return SiteHost(self.network.add_host(), number, env, folder)

    def _shared_settings(self, smtp_port: int) -> dict[str, str]:
        """Return the settings that all hosts have in common."""
        servers = f"{self.host('database').netloc},{self.host('second').netloc}"
        return {
            "DJANGO_SETTINGS_MODULE": "bench.scale.settings",
            "PUBLIC_URL": f"http://{self.front.netloc}",
            "TRUSTED_PROXIES": self.network.range,
            "DATABASE_URL": f"postgres://postgres@{servers}/postgres"
            "?target_session_attrs=read-write",
            "CACHE_URL": self.cache.url,
            # The hosts share the processors of one machine.
            "WEB_WORKERS": "1",
            "EMAIL_URL": f"smtp://{self.network.address}:{smtp_port}",
        }
