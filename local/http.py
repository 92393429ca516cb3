"""Plain HTTP to servers on loopback, past any proxy of the environment."""

import json
import urllib.error
import urllib.request
from typing import Any

_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Refused(Exception):
    """The server answered with an error."""

    def __init__(self, status: int, body: str) -> None:
        super().__init__(f"{status} {body[:500]}")
        self.status = status
        self.body = body


def answers(url: str) -> bool:
    """Tell whether a server answers a GET with anything at all."""
    try:
        with _opener.open(url, timeout=2):
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


def call_json(
    method: str, url: str, body: Any = None, *, token: str = "", timeout: float = 30
) -> Any:
    """Send JSON and return the answer's JSON, or None when there is none."""
    headers = {"Content-Type": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, headers, method=method)
    try:
        with _opener.open(request, timeout=timeout) as response:
            text = response.read()
    except urllib.error.HTTPError as error:
        raise Refused(error.code, error.read().decode(errors="replace")) from None
    return json.loads(text) if text else None
