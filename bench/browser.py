"""Signing in: through the site's form, or at Directus directly."""

import http.client
import itertools
import json
import re
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from urllib.parse import urlencode

from accounts.directus.users import ALL_FIELDS
from local.ports import HOST

FORM_TOKEN = re.compile(rb'name="csrfmiddlewaretoken" value="(\w+)"')
FORM = "application/x-www-form-urlencoded"
_numbers = itertools.count(1)


def sign_in_directly(port: int, email: str, password: str) -> None:
    """Make the two calls that a sign-in consists of."""
    connection = http.client.HTTPConnection(HOST, port, timeout=30)
    headers = {"X-Forwarded-For": visitor(), "Content-Type": "application/json"}
    body = json.dumps({"email": email, "password": password, "mode": "json"})
    try:
        status, answer = _exchange(connection, "POST", "/auth/login", body, headers)
        token = json.loads(answer)["data"]["access_token"] if status == 200 else ""
        headers = {"Authorization": f"Bearer {token}"}
        path = f"/users/me?fields={ALL_FIELDS}"
        status, answer = _exchange(connection, "GET", path, None, headers)
        if status != 200 or "email" not in json.loads(answer)["data"]:
            raise ValueError(f"Directus answered {status}")
    finally:
        connection.close()


@dataclass
class Browser:
    """Browsers, each sign-in from an address of its own.

    Attributes:
        remembers: whether a user comes back with the browser of the last time, which
            knows the user; otherwise each sign-in is that of a browser without a past.
    """

    port: int
    remembers: bool = False
    _devices: dict[str, str] = field(default_factory=dict)

    def sign_in_page(self) -> str:
        """Return the page with the form."""
        connection = http.client.HTTPConnection(HOST, self.port, timeout=30)
        headers = {"Host": f"localhost:{self.port}"}
        try:
            return _exchange(connection, "GET", "/login/", None, headers)[1].decode()
        finally:
            connection.close()

    def sign_in(self, email: str, password: str) -> str:
        """Get the form, send it, and return the session's cookie."""
        connection = http.client.HTTPConnection(HOST, self.port, timeout=30)
        headers = {"X-Forwarded-For": visitor(), "Host": f"localhost:{self.port}"}
        # As settings.COOKIE_PREFIX has it for an address with a port.
        name, device = f"{self.port}-session", f"{self.port}-device"
        cookies: SimpleCookie = SimpleCookie()
        if email in self._devices:
            cookies[device] = self._devices[email]
        try:
            connection.request(
                "GET", "/login/", headers=headers | {"Cookie": _header(cookies)}
            )
            page = _read(connection, cookies)
            token = FORM_TOKEN.search(page.body)
            fields = {"email": email, "password": password}
            fields["csrfmiddlewaretoken"] = token[1].decode() if token else ""
            headers |= {"Cookie": _header(cookies), "Content-Type": FORM}
            connection.request("POST", "/login/", urlencode(fields), headers)
            page = _read(connection, cookies)
        finally:
            connection.close()
        if page.status != 302 or name not in cookies:
            raise ValueError(f"/login/ answered {page.status}")
        if self.remembers:
            self._devices[email] = cookies[device].value
        return f"{name}={cookies[name].value}"


@dataclass(frozen=True)
class _Answer:
    status: int
    body: bytes


def visitor() -> str:
    """Return a new address from the block that is reserved for benchmarks."""
    number = next(_numbers)
    return f"198.18.{number // 250 % 250}.{number % 250 + 1}"


def _exchange(
    connection: http.client.HTTPConnection,
    method: str,
    path: str,
    body: str | None,
    headers: dict[str, str],
) -> tuple[int, bytes]:
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    return answer.status, answer.read()


def _read(connection: http.client.HTTPConnection, cookies: SimpleCookie) -> _Answer:
    answer = connection.getresponse()
    for value in answer.headers.get_all("Set-Cookie", []):
        cookies.load(value)
    return _Answer(answer.status, answer.read())


def _header(cookies: SimpleCookie) -> str:
    return "; ".join(f"{name}={cookie.value}" for name, cookie in cookies.items())
