"""Uploads that grow when decoded: the site's memory for many pixels."""

import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from math import isqrt

import requests
from PIL import Image

from accounts.profile.image_worker import MOST_PIXELS
from local.ports import HOST

from .browser import FORM_TOKEN, visitor
from .servers import PASSWORD, Servers
from .table import Line, at_most

CLIENTS = 16
LOOK_SECONDS = 0.05
# The most memory of a worker, and of the one process beside each.
MOST_PEAK = 2 * (120 + 420)
MOST_KEPT = 20


def unfolding(servers: Servers) -> list[Line]:
    """Send the largest picture from many browsers at once."""
    content = _largest()
    sites = [_signed_in(servers, email) for email in servers.accounts[:CLIENTS]]
    before = max(servers.worker_memory())
    with _peak_of(servers) as peaks:
        _all_at_once([lambda site=site: site.upload(content) for site in sites])
    if not any(site.status == 302 for site in sites):
        raise ValueError(f"no picture was stored: {[site.status for site in sites]}")
    kept = max(0.0, max(servers.worker_memory()) - before)
    size = f"{len(content) // 1024} KB that unfold to {MOST_PIXELS // 1_000_000} MP"
    return [
        at_most(
            f"{CLIENTS} uploads of {size}: memory of all workers at the most",
            max(peaks),
            MOST_PEAK,
            unit="MB",
        ),
        at_most("kept by the largest worker afterwards", kept, MOST_KEPT, unit="MB"),
    ]


class _Site(requests.Session):
    """The site, for one signed-in customer."""

    status = 0

    def __init__(self, port: int) -> None:
        super().__init__()
        self.trust_env = False
        self.headers["X-Forwarded-For"] = visitor()
        self._address = f"http://{HOST}:{port}"
        self.headers["Host"] = f"localhost:{port}"

    def send_form(self, page: str, action: str, **form) -> None:
        """Open a page, and send the form on it."""
        shown = self.get(self._address + page, timeout=60).content
        token = FORM_TOKEN.search(shown)
        data = {"csrfmiddlewaretoken": token[1].decode() if token else ""}
        answer = self.post(
            self._address + action,
            data | form.pop("data", {}),
            timeout=60,
            allow_redirects=False,
            **form,
        )
        self.status = answer.status_code

    def upload(self, content: bytes) -> None:
        """Send a new picture of the profile."""
        files = {"picture": ("me.webp", content)}
        self.send_form("/account/", "/account/picture/change/", files=files)


def _signed_in(servers: Servers, email: str) -> _Site:
    site = _Site(servers.ports.site)
    site.send_form("/login/", "/login/", data={"email": email, "password": PASSWORD})
    if site.status != 302:
        raise ValueError(f"/login/ answered {site.status}")
    return site


def _largest() -> bytes:
    side = isqrt(MOST_PIXELS)
    buffer = io.BytesIO()
    Image.new("RGBA", (side, side), "green").save(buffer, "WEBP", lossless=True)
    return buffer.getvalue()


def _all_at_once(actions) -> None:
    threads = [threading.Thread(target=action) for action in actions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@contextmanager
def _peak_of(servers: Servers) -> Iterator[list[float]]:
    """Look at the memory of the workers and what they started, again and again."""
    over = threading.Event()
    seen: list[float] = [0.0]

    def look() -> None:
        while not over.wait(LOOK_SECONDS):
            seen.append(sum(servers.worker_memory(with_children=True)))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join()
