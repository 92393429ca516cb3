"""Requests, and their callers."""

import json
from dataclasses import dataclass, field
from email import message_from_bytes
from email.policy import HTTP
from typing import Any
from urllib.parse import parse_qs, urlsplit

from requests import PreparedRequest

from . import answers
from .state import ADMINISTRATOR, EMAIL, SERVICE, State
from .tokens import ISSUER, claims_of, read_jwt

CLAIMS = {"role", "app_access", "admin_access"}


@dataclass(frozen=True)
class Sent:
    """A form with a file in it."""

    fields: dict[str, str]
    name: str
    media_type: str
    content: bytes = field(repr=False)


@dataclass(frozen=True)
class Asked:
    """One request, as it arrived."""

    method: str
    path: str
    query: dict[str, str] = field(repr=False)
    json: Any = field(repr=False)
    headers: dict[str, str] = field(repr=False)
    upload: Sent | None = field(default=None, repr=False)

    @classmethod
    def from_request(cls, request: PreparedRequest) -> "Asked":
        """Read a prepared request."""
        parts = urlsplit(request.url or "")
        query = parse_qs(parts.query, keep_blank_values=True)
        upload = _upload_of(request)
        return cls(
            request.method or "",
            parts.path,
            {name: values[-1] for name, values in query.items()},
            json.loads(request.body) if request.body and not upload else None,
            {name.title(): str(value) for name, value in request.headers.items()},
            upload,
        )

    @property
    def address(self) -> str:
        """Where the request comes from: Django is the one trusted proxy."""
        forwarded = self.headers.get("X-Forwarded-For", "127.0.0.1")
        return forwarded.rpartition(",")[2].strip()

    @property
    def user_agent(self) -> str:
        """What the browser calls itself."""
        return self.headers.get("User-Agent", "")

    @property
    def token(self) -> str:
        """The token that the request is signed with, or nothing."""
        scheme, _, token = self.headers.get("Authorization", "").partition(" ")
        return token if scheme.lower() == "bearer" else ""

    @property
    def body(self) -> dict[str, Any]:
        """The JSON object that was sent."""
        return self.json if isinstance(self.json, dict) else {}

    def text(self, name: str) -> str:
        """Return a text of the body that must be there."""
        if name not in self.body:
            raise answers.invalid_payload(f'"{name}" is required')
        return self.optional_text(name)

    def optional_text(self, name: str) -> str:
        """Return a text of the body that is not empty, if it is there at all."""
        value = self.body.get(name, "")
        if not isinstance(value, str):
            raise answers.invalid_payload(f'"{name}" must be a string')
        if name in self.body and not value:
            raise answers.invalid_payload(f'"{name}" is not allowed to be empty')
        return value

    def email(self) -> str:
        """Return the address of the body."""
        email = self.text("email")
        if not EMAIL.fullmatch(email):
            raise answers.invalid_payload('"email" must be a valid email')
        return email


def _upload_of(request: PreparedRequest) -> Sent | None:
    """Read a form with a file; Directus takes only the fields that come before it."""
    kind = str(request.headers.get("Content-Type", ""))
    if not kind.startswith("multipart/form-data"):
        return None
    assert isinstance(request.body, bytes)
    head = f"Content-Type: {kind}\r\n\r\n".encode()
    parts = message_from_bytes(head + request.body, policy=HTTP).iter_parts()
    fields = {}
    for part in parts:
        name = part.get_param("name", header="Content-Disposition")
        content = part.get_payload(decode=True)
        if part.get_filename():
            return Sent(fields, part.get_filename(), part.get_content_type(), content)
        fields[name] = content.decode()
    return None


@dataclass(frozen=True)
class Caller:
    """The caller. `role` comes from the token, and may be out of date."""

    id: str
    role: str | None
    is_service: bool = False
    is_admin: bool = False


def caller_of(state: State, asked: Asked) -> Caller | None:
    """Return the caller, None if the request has no token; refuse a bad token."""
    token = asked.token
    if not token:
        return None
    claims = claims_of(token)
    if claims.get("iss") != ISSUER:
        return _static_caller(state, token)
    read_jwt(state.now, token)
    if not claims.keys() >= CLAIMS:
        raise answers.invalid_token()
    return _caller(state, claims["id"], claims["role"])


def _static_caller(state: State, token: str) -> Caller:
    for user in state.users.values():
        if user.token == token and user.status == "active":
            return _caller(state, user.id, user.role)
    raise answers.invalid_credentials()


def _caller(state: State, user_id: str, role: str | None) -> Caller:
    name = state.role_name(role)
    return Caller(user_id, role, name == SERVICE, name == ADMINISTRATOR)
