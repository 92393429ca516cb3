"""A browser that can go to each host of the site, under the site's one address."""

import http.client
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

from ..browser import FORM, FORM_TOKEN, visitor

SECONDS = 40


@dataclass(frozen=True)
class Answer:
    """The answer of a host."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    @property
    def location(self) -> str:
        """The path that a redirect leads to."""
        return self.headers.get("Location", "")

    @property
    def is_signed_out(self) -> bool:
        """Whether it leads to the sign-in page."""
        return self.location.startswith("/login/")


class Browser:
    """Cookies for one site. Its requests may run in several threads, like tabs.

    Args:
        site: host and port of the site's address.
        cookies: the cookies that it has from the start.
    """

    def __init__(self, site: str, cookies: Mapping[str, str] | None = None) -> None:
        self._site = site
        self._cookies = dict(cookies or {})
        self._lock = threading.Lock()
        self._visitor = visitor()

    def twin(self) -> "Browser":
        """Return another browser with the present cookies."""
        return Browser(self._site, self._cookies)

    def get(self, at: str, path: str = "/") -> Answer:
        """Fetch a page from the host at an address."""
        return self._ask(at, "GET", path)

    def post(self, at: str, path: str, page: str = "/", **fields: str) -> Answer:
        """Send a form to a host, with the token of a page."""
        token = FORM_TOKEN.search(self.get(at, page).body)
        return self.send(at, path, token[1].decode() if token else "", **fields)

    def send(self, at: str, path: str, token: str, **fields: str) -> Answer:
        """Send a form with this token."""
        body = urlencode({"csrfmiddlewaretoken": token, **fields})
        return self._ask(at, "POST", path, body)

    def follow(self, at: str, link: str) -> str:
        """Open a mailed link at a host; return the token of the form there."""
        parts = urlsplit(link)
        path = f"{parts.path}?{parts.query}"
        while (answer := self.get(at, path)).location:
            path = answer.location
        token = FORM_TOKEN.search(answer.body)
        return token[1].decode() if token else ""

    def sign_in(self, at: str, email: str, password: str) -> None:
        """Sign in, and stay signed in.

        Raises:
            ValueError: the site refuses.
        """
        form = {"email": email, "password": password, "remember": "on"}
        answer = self.post(at, "/login/", page="/login/", **form)
        if answer.status != 302:
            raise ValueError(f"/login/ answered {answer.status}")

    @property
    def session_key(self) -> str:
        """The key in the cookie of the session."""
        return next(self._cookies[name] for name in self._cookies if "session" in name)

    def _ask(self, at: str, method: str, path: str, body: str | None = None) -> Answer:
        connection = http.client.HTTPConnection(at, timeout=SECONDS)
        try:
            connection.request(method, path, body, self._headers(body))
            answer = connection.getresponse()
            whole = Answer(answer.status, answer.headers, answer.read())
        finally:
            connection.close()
        with self._lock:
            self._keep(answer.headers.get_all("Set-Cookie", []))
        return whole

    def _headers(self, body: str | None) -> dict[str, str]:
        with self._lock:
            cookies = "; ".join(f"{k}={v}" for k, v in self._cookies.items())
        # The proxy passes on the second one as the first.
        addresses = dict.fromkeys(("X-Forwarded-For", "X-Visitor"), self._visitor)
        headers = {"Host": self._site, "Cookie": cookies, **addresses}
        return headers | ({"Content-Type": FORM} if body is not None else {})

    def _keep(self, lines: list[str]) -> None:
        for line in lines:
            name, _, value = line.partition(";")[0].partition("=")
            self._cookies[name] = value.strip('"')
            if not self._cookies[name]:
                del self._cookies[name]
