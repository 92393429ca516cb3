"""Example Hub: an OAuth2 provider like GitHub, strict about all that a client sends.

It has no id_token and no issuer, and knows people by number. It may know no address of
a person. It serves from a thread; tests read and change its attributes.
"""

import base64
import hashlib
import html
import json
import secrets
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from local.ports import HOST

PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>
<main><h1>{title}</h1>{body}</main></html>"""

CANCEL = "cancel"


@dataclass(frozen=True)
class Grant:
    """What a code stands for."""

    person: str
    redirect_uri: str
    challenge: str = field(repr=False)


class Hub:
    """
    The provider.

    Attributes:
        people: what /user answers, by the number in it.
        with_refresh_token: the people whose access tokens can be renewed.
        refuses_client: treat the client's secret as wrong.
    """

    label = "Example Hub"
    client_id = "directus"

    def __init__(self, port: int, redirect_uri: str) -> None:
        self.url = f"http://{HOST}:{port}"
        self.redirect_uri = redirect_uri
        self.secret = secrets.token_urlsafe(32)
        self.people: dict[str, dict[str, Any]] = {}
        self.with_refresh_token: set[str] = set()
        self.refuses_client = False
        self.codes: dict[str, Grant] = {}
        self.tokens: dict[str, str] = {}
        self._port = port
        self._server: ThreadingHTTPServer | None = None

    def start(self) -> None:
        """Serve."""
        handler = type("Handler", (_Handler,), {"hub": self})
        self._server = ThreadingHTTPServer((HOST, self._port), handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        """Stop serving: connections are refused from now on."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def restore(self) -> None:
        """Undo what a test has done to it."""
        self.refuses_client = False
        if self._server is None:
            self.start()

    def directus_settings(self, name: str, **others: str) -> dict[str, str]:
        """Return the variables that describe it to Directus under a name."""
        values = {
            "DRIVER": "oauth2",
            "CLIENT_ID": self.client_id,
            "CLIENT_SECRET": self.secret,
            "AUTHORIZE_URL": f"{self.url}/authorize",
            "ACCESS_URL": f"{self.url}/token",
            "PROFILE_URL": f"{self.url}/user",
            "IDENTIFIER_KEY": "id",
            "SCOPE": "read:user",
            "FIRST_NAME_KEY": "name",
            "ALLOW_PUBLIC_REGISTRATION": "true",
            "LABEL": self.label,
            **others,
        }
        return {f"AUTH_{name.upper()}_{key}": value for key, value in values.items()}

    def authorize(self, asked: dict[str, str]) -> str:
        """Return where a browser goes after a choice; refuse what is not allowed."""
        assert asked["client_id"] == self.client_id
        assert asked["redirect_uri"] == self.redirect_uri
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        answer = {"state": asked["state"]}
        if asked["person"] in self.people:
            answer["code"] = secrets.token_hex(10)
            self.codes[answer["code"]] = Grant(
                asked["person"], asked["redirect_uri"], asked["code_challenge"]
            )
        else:
            answer["error"] = "access_denied"
            answer["error_description"] = "The user has denied access."
        return f"{self.redirect_uri}?{urlencode(answer)}"

    def exchange(self, asked: dict[str, str]) -> dict[str, str]:
        """Return tokens for a code or a refresh token; {} for one that is not good."""
        if asked["grant_type"] == "refresh_token":
            return self._tokens(self.tokens.pop(asked["refresh_token"], ""))
        grant = self.codes.pop(asked["code"], None)
        digest = hashlib.sha256(asked["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        expected = (asked["redirect_uri"], challenge)
        if grant is None or (grant.redirect_uri, grant.challenge) != expected:
            return {}
        return self._tokens(grant.person)

    def _tokens(self, person: str) -> dict[str, str]:
        if person not in self.people:
            return {}
        tokens = {"access_token": self._new_token(person), "token_type": "bearer"}
        if person in self.with_refresh_token:
            tokens["refresh_token"] = self._new_token(person)
        return tokens

    def _new_token(self, person: str) -> str:
        token = secrets.token_hex(20)
        self.tokens[token] = person
        return token


class _Handler(BaseHTTPRequestHandler):
    hub: Hub

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        asked = dict(parse_qsl(url.query))
        if url.path == "/user":
            token = self.headers.get("Authorization", "").rpartition(" ")[2]
            person = self.hub.people.get(self.hub.tokens.get(token, ""))
            return self._send(200 if person else 401, person or {"message": "Bad"})
        if url.path != "/authorize":
            return self._send(404, {"message": "Not Found"})
        if "person" not in asked:
            return self._send(200, self._page(), kind="text/html")
        return self._send(302, {}, Location=self.hub.authorize(asked))

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        asked = dict(parse_qsl(self.rfile.read(length).decode()))
        if self.hub.refuses_client or not self._is_client(asked):
            return self._send(401, {"error": "invalid_client"})
        tokens = self.hub.exchange(asked)
        return self._send(200 if tokens else 400, tokens or {"error": "invalid_grant"})

    def _is_client(self, asked: dict[str, str]) -> bool:
        given = f"{asked.get('client_id')}:{asked.get('client_secret')}"
        header = self.headers.get("Authorization", "")
        if header.startswith("Basic "):
            given = base64.b64decode(header.removeprefix("Basic ")).decode()
        return given == f"{self.hub.client_id}:{self.hub.secret}"

    def _page(self) -> str:
        """Return a page with a link for each person, and one for "Cancel"."""
        names = {number: person["name"] for number, person in self.hub.people.items()}
        rows = [
            f'<p><a href="{html.escape(self.path)}&amp;person={key}">'
            f"{html.escape(name)}</a></p>"
            for key, name in (names | {CANCEL: "Cancel"}).items()
        ]
        return PAGE.format(title=self.hub.label, body="".join(rows))

    def _send(
        self,
        status: int,
        body: Any,
        *,
        kind: str = "application/json",
        **headers: str,
    ) -> None:
        data = (body if isinstance(body, str) else json.dumps(body)).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing: a code is in the address."""
