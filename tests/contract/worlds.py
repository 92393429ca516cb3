"""Requests that the fake and the real Directus have in common."""

import secrets
from dataclasses import dataclass, field
from typing import Any

import requests

from accounts.directus import (
    AuthenticationFailed,
    BearerAuth,
    DirectusClient,
    DirectusUser,
    InvalidCredentials,
    NewUser,
    TokenPair,
    Transport,
    UserSuspended,
    Visitor,
)


@dataclass(frozen=True)
class Person:
    """A customer made for one test."""

    id: str
    email: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class Reply:
    """An answer as it came over the wire."""

    status: int
    headers: dict[str, str] = field(repr=False)
    json: Any = None

    @property
    def code(self) -> str:
        """The code of the error."""
        return str(self.json["errors"][0]["extensions"]["code"])

    @property
    def facts(self) -> dict[str, Any]:
        """The extensions of the error."""
        return dict(self.json["errors"][0]["extensions"])


class World:
    """A Directus, set up as `directus_setup` does it."""

    version: str
    url: str
    site_url: str
    service_token: str
    customer_role: str
    registrations_a_minute = 100
    is_on_postgresql = False

    def __init__(self) -> None:
        self.transport = Transport(self.url)

    @property
    def major(self) -> int:
        """The first number of the version."""
        return int(self.version.partition(".")[0])

    @property
    def refusal_of_suspended(self) -> type[AuthenticationFailed]:
        """The error of a suspended user's refresh: later versions end the session."""
        return UserSuspended if self.major == 10 else InvalidCredentials

    # Asking through the product's client

    def anonymous(self, visitor: Visitor | None = None) -> DirectusClient:
        """Return a client without rights."""
        return DirectusClient(self.transport, visitor=visitor)

    def as_owner_of(self, tokens: TokenPair) -> DirectusClient:
        """Return a client that acts with these tokens."""
        return DirectusClient(self.transport, auth=BearerAuth(tokens.access_token))

    def service(self) -> DirectusClient:
        """Return the client of the site itself."""
        return DirectusClient(self.transport, auth=BearerAuth(self.service_token))

    def sign_in(self, person: Person, otp: str = "") -> TokenPair:
        """Sign a person in."""
        email, password = person.email, person.password
        return self.anonymous().login(email=email, password=password, otp=otp)

    def sign_up(self, email: str, password: str, **names: str) -> None:
        """Sign up with an address."""
        url = f"{self.site_url}/verify-email/"
        user = NewUser(email, password, **names)
        self.anonymous().register_user(user, verification_url=url)

    def ask_for_reset(self, email: str) -> None:
        """Ask for a link to reset a password."""
        url = f"{self.site_url}/reset-password/"
        self.anonymous().request_password_reset(email=email, reset_url=url)

    def read(self, tokens: TokenPair) -> DirectusUser:
        """Return a profile as the site reads it: as the user, else as itself."""
        own = self.as_owner_of(tokens).get_current_user()
        return own if own.is_complete else self.service().get_user(own.id)

    # Asking past it

    def ask(
        self,
        method: str,
        path: str,
        json: Any = None,
        *,
        token: str = "",
        **headers: str,
    ) -> Reply:
        """Ask with exactly these words."""
        if token:
            headers["Authorization"] = f"Bearer {token}"
        response = requests.request(
            method,
            self.url + path,
            json=json,
            headers={name.replace("_", "-"): text for name, text in headers.items()},
            allow_redirects=False,
            timeout=20,
        )
        is_json = response.headers.get("Content-Type", "").startswith(
            "application/json"
        )
        body = response.json() if is_json else response.text or None
        return Reply(response.status_code, dict(response.headers), body)

    def close(self) -> None:
        """Leave everything as it was found."""
        self.transport.close()


def new_email(name: str = "customer") -> str:
    """Return an address that no user has."""
    return f"{name}-{secrets.token_hex(6)}@example.com"
