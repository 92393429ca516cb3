"""The bytes that a browser loads: the page and everything that it names."""

import http.client
import re
from html.parser import HTMLParser
from urllib.parse import urldefrag, urljoin, urlsplit

ENCODINGS = "gzip, br"
IN_STYLE = re.compile(r"""url\(\s*["']?([^"')]+)""")
LINKS = {"stylesheet", "icon", "preload", "modulepreload", "manifest"}


def load(url: str) -> dict[str, int]:
    """Load a page as a browser without a cache does; return bytes by address.

    The bytes are those of the answers on the wire, headers included.
    """
    sizes: dict[str, int] = {}
    waiting = [url]
    while waiting:
        address = waiting.pop()
        if address in sizes:
            continue
        sizes[address], named = _load_one(address)
        waiting += named
    return sizes


class _References(HTMLParser):
    """Collects what a browser loads on its own."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note stylesheets, icons, scripts and pictures."""
        values = dict(attrs)
        if tag == "link" and LINKS & set((values.get("rel") or "").split()):
            self.found.append(values.get("href") or "")
        if tag in {"script", "img", "source", "iframe", "video"}:
            self.found.append(values.get("src") or "")


def _load_one(address: str) -> tuple[int, list[str]]:
    body, head, media_type = _get(address)
    named: list[str] = []
    if media_type == "text/html":
        parser = _References()
        parser.feed(_text(address))
        named = parser.found
    elif media_type == "text/css":
        named = IN_STYLE.findall(_text(address))
    remote = (link for link in named if link and not link.startswith("data:"))
    # A picture's fragment (`#icon`) is not another file.
    return head + len(body), [urldefrag(urljoin(address, link))[0] for link in remote]


def _text(address: str) -> str:
    return _get(address, "identity")[0].decode()


def _get(address: str, encodings: str = ENCODINGS) -> tuple[bytes, int, str]:
    parts = urlsplit(address)
    connection = http.client.HTTPConnection(parts.netloc, timeout=30)
    connection.request("GET", parts.path, headers={"Accept-Encoding": encodings})
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    if answer.status != 200:
        raise ValueError(f"{parts.path} answered {answer.status}")
    lines = (f"{name}: {value}\r\n" for name, value in answer.getheaders())
    head = len("HTTP/1.1 200 OK\r\n\r\n") + sum(map(len, lines))
    return body, head, answer.headers.get_content_type()
