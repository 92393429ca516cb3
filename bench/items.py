"""Pages over a collection with 100 000 rows, against the calls that they consist of,
and against a ListView over as many rows in a database of Django.
"""

import json
import re
import socket
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlencode

from local.ports import HOST

from .browser import FORM_TOKEN, Browser
from .item_rows import add_rows
from .load import Page, fetch, requests_per_second
from .servers import PASSWORD, Servers
from .table import Line, ratio

ROWS = 100_000
ROUNDS = 3
PAIRS = 15
CLIENTS = 4
TURN_SECONDS = 2
MOST_ADDED = 6
LIST = "/bench/rows/"
FAR_PAGE = 1000
FIELDS = "id,number,subject,status,date_created"
FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Sent:
    """A request for the load generator."""

    port: int
    path: str
    headers: tuple[str, ...]
    body: str = ""

    @property
    def request(self) -> bytes:
        """The bytes of the request."""
        method = "POST" if self.body else "GET"
        lines = [
            f"{method} {self.path} HTTP/1.1",
            f"Host: localhost:{self.port}",
            f"Content-Length: {len(self.body)}",
            *self.headers,
        ]
        return ("\r\n".join(lines) + "\r\n\r\n" + self.body).encode()


def compare(servers: Servers) -> list[Line]:
    """Compare latency with one client, then throughput with several."""
    admin, email = servers.stack.admin, servers.accounts[0]
    owners = [admin.find_user(each)["id"] for each in servers.accounts[:3]]
    pk = add_rows(admin, servers.state.folder, owners, ROWS)
    site = _Site(
        servers.ports.site, Browser(servers.ports.site).sign_in(email, PASSWORD)
    )

    def direct() -> _Direct:
        # Its token is valid for minutes.
        token = admin.sign_in(email, PASSWORD)
        return _Direct(servers.ports.directus, token, owners[0])

    far = f"{LIST}?page={FAR_PAGE}"
    lines = [
        _added("list, page 1", site.get(LIST), direct().rows(1)),
        _added(f"list, page {FAR_PAGE}", site.get(far), direct().rows(FAR_PAGE)),
        _added("one item", site.get(f"{LIST}{pk}/"), direct().one(pk)),
        _added("create", site.create(), direct().create()),
    ]
    return [*lines, *_throughput(servers, site.get(LIST), direct().rows(1))]


class _Site:
    def __init__(self, port: int, cookie: str) -> None:
        self.port, self._cookie = port, cookie

    def get(self, path: str) -> Sent:
        return Sent(self.port, path, (f"Cookie: {self._cookie}", "Accept: text/html"))

    def create(self) -> Sent:
        token, cookie = self._form()
        headers = (
            f"Cookie: {self._cookie}; {cookie}",
            f"Content-Type: {FORM}",
            f"Origin: http://localhost:{self.port}",
        )
        body = urlencode({"csrfmiddlewaretoken": token, "subject": "New"})
        return Sent(self.port, f"{LIST}new/", headers, body)

    def _form(self) -> tuple[str, str]:
        with socket.create_connection((HOST, self.port), timeout=30) as connection:
            connection.sendall(self.get(f"{LIST}new/").request)
            answer = b""
            while b"</html>" not in answer:
                answer += connection.recv(65536)
        token = FORM_TOKEN.search(answer)
        cookie = re.search(rb"\r\nset-cookie: ([^;]*csrf[^;]*)", answer, re.IGNORECASE)
        return token[1].decode() if token else "", cookie[1].decode() if cookie else ""


class _Direct:
    def __init__(self, port: int, token: str, owner: str) -> None:
        self._port, self._owner = port, owner
        self._headers = (f"Authorization: Bearer {token}",)

    def rows(self, page: int) -> Sent:
        own = {"_and": [{"owner": {"_eq": self._owner}}]}
        limits = {"limit": 25, "offset": (page - 1) * 25, "meta": "filter_count"}
        return self._get(own, sort="-number,id", **limits)

    def one(self, pk: int) -> Sent:
        both = [{"owner": {"_eq": self._owner}}, {"id": {"_eq": pk}}]
        return self._get({"_and": both}, limit=1)

    def create(self) -> Sent:
        body = json.dumps({"subject": "New", "owner": self._owner})
        headers = (*self._headers, "Content-Type: application/json")
        return Sent(self._port, "/items/bench_rows?fields=id", headers, body)

    def _get(self, rule: object, **params: object) -> Sent:
        query = urlencode({"fields": FIELDS, "filter": json.dumps(rule), **params})
        return Sent(self._port, f"/items/bench_rows?{query}", self._headers)


def _added(what: str, site: Sent, direct: Sent) -> Line:
    """Return a line about the milliseconds that the site adds at the median."""
    slow, fast, more = [], [], []
    for _ in range(ROUNDS):
        times = [(_seconds(site), _seconds(direct)) for _ in range(PAIRS)]
        slow.append(statistics.median(own for own, _ in times) * 1000)
        fast.append(statistics.median(other for _, other in times) * 1000)
        more.append(slow[-1] - fast[-1])
    return Line(
        f"{ROWS} rows, {what}, milliseconds added at the median",
        f"{statistics.median(slow):.1f} ms",
        f"{statistics.median(fast):.1f} ms",
        f"{statistics.median(more):.1f} ms",
        f"<= {MOST_ADDED}",
        statistics.median(more) <= MOST_ADDED,
    )


def _seconds(sent: Sent) -> float:
    with socket.create_connection((HOST, sent.port), timeout=30) as connection:
        started = time.perf_counter()
        status = fetch(connection, sent.request)
        taken = time.perf_counter() - started
    if status not in {200, 302}:
        raise ValueError(f"{sent.path} answered {status}")
    return taken


def _throughput(servers: Servers, site: Sent, direct: Sent) -> list[Line]:
    """Compare the first page with the call, and with a page of Django alone."""
    cookie = servers.bare.start(rows=ROWS)
    bare = Page(servers.bare.port, cookie, "/rows/")
    try:
        rounds = [[_rate(each) for each in (site, direct, bare)] for _ in range(ROUNDS)]
    finally:
        servers.bare.stop()
    own, call, django = zip(*rounds, strict=True)
    what = f"{ROWS} rows, list, {CLIENTS} clients, against"
    return [
        ratio(f"{what} the call to Directus", own, call, unit="/s", at_least=0.6),
        # Directus reads its rows itself: how far that is from the ORM is no goal.
        ratio(f"{what} a ListView over the ORM", own, django, unit="/s", at_least=0),
    ]


def _rate(page: Sent | Page) -> float:
    find: Callable[..., float] = requests_per_second
    return find(page, clients=CLIENTS, seconds=TURN_SECONDS)
