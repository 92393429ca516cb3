"""Sign-in with Example ID over plain HTTP: through the site, or at Directus directly.

Both ways pass the same pages of the provider. They take no part in the time.
"""

import html
import http.client
import json
import re
import time
from dataclasses import dataclass
from http.cookies import SimpleCookie
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

from accounts.directus.tokens import claims_of
from accounts.directus.users import ALL_FIELDS
from accounts.operations.provisioning.sso import callback_address
from local.ports import HOST, Ports
from local.provider import PROVIDER

from .browser import FORM, FORM_TOKEN, visitor

GOES_ON = re.compile(rb'http-equiv="refresh" content="0; url=([^"]+)"')


@dataclass(frozen=True)
class _Answer:
    status: int
    location: str
    body: bytes


class _Visit:
    """A browser at one server, over a connection that is kept.

    Attributes:
        seconds: how long the answers took so far.
    """

    def __init__(self, port: int, host: str, **headers: str) -> None:
        self.seconds = 0.0
        self.cookies: SimpleCookie = SimpleCookie()
        self._connection = http.client.HTTPConnection(HOST, port, timeout=30)
        self._headers = {"Host": f"{host}:{port}", **headers}

    def get(self, path: str, **headers: str) -> _Answer:
        return self._ask("GET", path, None, headers)

    def post(self, path: str, form: dict[str, str]) -> _Answer:
        return self._ask("POST", path, urlencode(form), {"Content-Type": FORM})

    def post_json(self, path: str, body: dict[str, str]) -> _Answer:
        headers = {"Content-Type": "application/json"}
        return self._ask("POST", path, json.dumps(body), headers)

    def close(self) -> None:
        self._connection.close()

    def _ask(
        self, method: str, path: str, body: str | None, headers: dict[str, str]
    ) -> _Answer:
        pairs = (f"{name}={each.value}" for name, each in self.cookies.items())
        headers = self._headers | {"Cookie": "; ".join(pairs)} | headers
        began = time.perf_counter()
        self._connection.request(method, path, body, headers)
        answer = self._connection.getresponse()
        text = answer.read()
        self.seconds += time.perf_counter() - began
        for value in answer.headers.get_all("Set-Cookie", []):
            self.cookies.load(value)
        return _Answer(answer.status, answer.headers.get("Location", ""), text)


def sign_in_through_site(ports: Ports, sub: str) -> float:
    """Press the button, choose a person, come back; return the site's seconds."""
    site = _Visit(ports.site, "localhost", **{"X-Forwarded-For": visitor()})
    try:
        token = FORM_TOKEN.search(site.get("/login/").body)
        before = site.seconds
        form = {"csrfmiddlewaretoken": token[1].decode() if token else ""}
        page = site.post(f"/sso/{PROVIDER}/", form)
        to = GOES_ON.search(page.body)
        if to is None:
            raise ValueError(f"/sso/{PROVIDER}/ answered {page.status}")
        back = _choose(ports, html.unescape(to[1].decode()), sub)
        answer = site.get(back)
        if answer.location != "/":
            raise ValueError(f"the callback answered {answer.status}")
        return site.seconds - before
    finally:
        site.close()


def sign_in_directly(ports: Ports, sub: str) -> float:
    """Make the site's calls past the site; return the seconds of Directus."""
    own = {"X-Forwarded-For": visitor(), "X-Forwarded-Proto": "http"}
    directus = _Visit(ports.directus, "localhost", **own)
    try:
        path = f"/auth/login/{PROVIDER}"
        page = directus.get(f"{path}?redirect=/", Host=f"localhost:{ports.site}")
        back = urlsplit(_choose(ports, page.location, sub))
        directus.get(f"{path}/callback?{back.query}")
        swap = {"mode": "json", "refresh_token": _session_of(directus)}
        answer = json.loads(directus.post_json("/auth/refresh", swap).body)
        bearer = f"Bearer {answer['data']['access_token']}"
        path = f"/users/me?fields={ALL_FIELDS}"
        answer = directus.get(path, Authorization=bearer, Cookie="")
        if json.loads(answer.body)["data"]["provider"] != PROVIDER:
            raise ValueError("Directus answered with another user")
        return directus.seconds
    finally:
        directus.close()


def _choose(ports: Ports, url: str, sub: str) -> str:
    """Choose a person on the provider's page; return the way back to the site."""
    provider = _Visit(ports.provider, HOST)
    back = callback_address(f"http://localhost:{ports.site}", PROVIDER)
    if parse_qs(urlsplit(url).query).get("redirect_uri") != [back]:
        raise ValueError("the provider would not lead back to the site")
    try:
        page = urljoin(url, provider.get(_path(url)).location)
        provider.get(_path(page))
        to = urljoin(page, provider.post(_path(page), {"sub": sub}).location)
        while not to.startswith(back):
            location = provider.get(_path(to)).location
            if not location:
                raise ValueError(f"the provider ended at {urlsplit(to).path}")
            to = urljoin(to, location)
        return _path(to)
    finally:
        provider.close()


def _path(url: str) -> str:
    return urlsplit(url)._replace(scheme="", netloc="").geturl()


def _session_of(directus: _Visit) -> str:
    """Return the refresh token: a claim of the session token in a cookie."""
    tokens = (
        claims_of(each.value).get("session") for each in directus.cookies.values()
    )
    found = [token for token in tokens if isinstance(token, str)]
    if not found:
        raise ValueError("Directus refused the answer of the provider")
    return found[0]
