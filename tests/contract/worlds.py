"""Two Directus servers behind the same verbs: the fake, and the real one."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import requests

from accounts.directus import (
    BearerAuth,
    DirectusClient,
    TokenPair,
    Transport,
    Visitor,
)
from accounts.provisioning import ids
from tests.fake_directus import FakeDirectus, FakeUser, one_time_code
from tests.stack import Mailbox, RunningStack

SECOND_FACTOR_SECRET = "BJ4A22TICIBESDBT"
OPEN = {
    "public_registration": True,
    "public_registration_verify_email": True,
    "public_registration_email_filter": None,
    "auth_password_policy": None,
    "auth_login_attempts": 25,
}


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
    """What both have in common: how they are asked."""

    url: str
    site_url: str
    service_token: str
    customer_role: str
    registrations_a_minute = 100

    def __init__(self) -> None:
        self.transport = Transport(self.url)

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
        self.anonymous().register_user(
            email=email, password=password, verification_url=url, **names
        )

    def ask_for_reset(self, email: str) -> None:
        """Ask for a link to reset a password."""
        url = f"{self.site_url}/reset-password/"
        self.anonymous().request_password_reset(email=email, reset_url=url)

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
    """Return an address that nobody has."""
    return f"{name}-{secrets.token_hex(6)}@example.com"


class FakeWorld(World):
    """The fake."""

    def __init__(self, directus: FakeDirectus) -> None:
        self.directus = directus
        self.url = directus.url
        self.site_url = directus.site_url
        self.service_token = directus.add_service_user()
        role = directus.state.role_id("Customer")
        assert role is not None
        self.customer_role = role
        directus.state.registrations_a_minute = self.registrations_a_minute
        super().__init__()

    def add_user(self, email: str = "", **values: Any) -> Person:
        """Add a customer."""
        password = f"Correct-horse-{secrets.token_hex(6)}"
        user = self.directus.add_user(email or new_email(), password, **values)
        return Person(user.id, user.email, password)

    def add_administrator(self) -> Person:
        """Add an administrator."""
        return self.add_user(role="Administrator")

    def change(self, person: Person, **values: Any) -> None:
        """Change a user as an administrator does."""
        self.directus.change(self._user(person), **values)

    def promote(self, person: Person) -> None:
        """Make a customer an administrator."""
        self.directus.change(self._user(person), role="Administrator")

    def delete(self, person: Person) -> None:
        """Delete a user."""
        self.directus.delete(self._user(person))

    def status_of(self, email: str) -> str:
        """Return the status of a user."""
        user = self.directus.state.find(email)
        assert user is not None
        return user.status

    def set_second_factor(self, person: Person) -> str:
        """Switch the second factor on; return its secret."""
        self._user(person).otp_secret = SECOND_FACTOR_SECRET
        return SECOND_FACTOR_SECRET

    def last_login_of(self, person: Person) -> tuple[str, str]:
        """Return from where and with what a person last signed in."""
        session = self.directus.state.sessions[
            self.directus.sessions_of(self._user(person))[-1]
        ]
        return session.address, session.user_agent

    def link_for(self, email: str) -> str:
        """Return the link in the next mail to an address."""
        for mail in self.directus.mails:
            if mail.to.lower() == email.lower():
                self.directus.mails.remove(mail)
                return mail.link
        raise AssertionError(f"no mail to {email}")

    def has_mail(self, email: str) -> bool:
        """Tell whether a mail to an address has not been read."""
        return any(mail.to == email for mail in self.directus.mails)

    def set(self, **settings: Any) -> None:
        """Change settings of Directus."""
        state = self.directus.state
        names = {
            "public_registration": "registration",
            "auth_password_policy": "password_policy",
            "auth_login_attempts": "login_attempts",
        }
        for name, value in settings.items():
            setattr(state, names[name], value)

    def allow_sign_up_only_at(self, domain: str) -> None:
        """Let only addresses of one domain sign up."""
        self.directus.state.registration_filter = f"@{domain}$"

    def hide_profiles(self) -> None:
        """Take customers the right to read their profile."""
        self.directus.hides_profiles()

    def hide_role_names(self) -> None:
        """Take customers the right to read their role."""
        self.directus.hides_role_names()

    def _user(self, person: Person) -> FakeUser:
        return self.directus.state.users[person.id]


class RealWorld(World):
    """A real Directus, as `directus_setup` left it."""

    def __init__(self, stack: RunningStack, mailbox: Mailbox) -> None:
        self.stack = stack
        self.admin = stack.admin
        self.mailbox = mailbox
        self.url = stack.directus.url
        self.site_url = stack.site_url
        self.service_token = stack.service_token
        self.customer_role = stack.customer_role
        self._undo: list[Callable[[], Any]] = []
        super().__init__()

    def add_user(self, email: str = "", **values: Any) -> Person:
        """Add a customer."""
        password = f"Correct-horse-{secrets.token_hex(6)}"
        email = email or new_email()
        values = {"role": self.customer_role} | values
        user = self.admin.create_user(email, password, **values)
        return Person(user["id"], email, password)

    def add_administrator(self) -> Person:
        """Add an administrator."""
        return self.add_user(role=self.admin.role_id("Administrator"))

    def change(self, person: Person, **values: Any) -> None:
        """Change a user as an administrator does."""
        self.admin.patch_user(person.id, **values)

    def promote(self, person: Person) -> None:
        """Make a customer an administrator."""
        self.change(person, role=self.admin.role_id("Administrator"))

    def delete(self, person: Person) -> None:
        """Delete a user."""
        self.admin.delete_user(person.id)

    def status_of(self, email: str) -> str:
        """Return the status of a user."""
        user = self.admin.find_user(email)
        assert user is not None
        return str(user["status"])

    def set_second_factor(self, person: Person) -> str:
        """Switch the second factor on; return its secret."""
        return self.admin.enable_second_factor(person.id, person.email, person.password)

    def last_login_of(self, person: Person) -> tuple[str, str]:
        """Return from where and with what a person last signed in."""
        rows = self.admin.call(
            "GET",
            "/activity?fields=ip,user_agent&sort=-id&limit=1"
            f"&filter[action][_eq]=login&filter[item][_eq]={person.id}",
        )
        return rows[0]["ip"], rows[0]["user_agent"]

    def link_for(self, email: str) -> str:
        """Return the link in the next mail to an address."""
        return self.mailbox.link_for(email)

    def has_mail(self, email: str) -> bool:
        """Tell whether a mail to an address has not been read."""
        # One that does arrive, sent later, is the proof that the first one does not.
        person = self.add_user()
        self.ask_for_reset(person.email)
        self.mailbox.wait_for(person.email)
        return self.mailbox.count(email) > 0

    def set(self, **settings: Any) -> None:
        """Change settings of Directus."""
        self._undo.append(lambda: self.admin.patch_settings(**OPEN))
        self.admin.patch_settings(**settings)

    def allow_sign_up_only_at(self, domain: str) -> None:
        """Let only addresses of one domain sign up."""
        rule = {"_and": [{"email": {"_ends_with": f"@{domain}"}}]}
        self.set(public_registration_email_filter=rule)

    def hide_profiles(self) -> None:
        """Take customers the right to read their profile."""
        self._take_right("directus_users")

    def hide_role_names(self) -> None:
        """Take customers the right to read their role."""
        self._take_right("directus_roles")

    def close(self) -> None:
        """Leave everything as it was found."""
        super().close()
        for undo in self._undo:
            undo()

    def _take_right(self, collection: str) -> None:
        """Delete the customers' right to read a collection, for this test."""
        rows = self.admin.call(
            "GET",
            f"/permissions?filter[policy][_eq]={ids.CUSTOMER_POLICY}"
            f"&filter[collection][_eq]={collection}&filter[action][_eq]=read",
        )
        for row in rows:
            self.admin.call("DELETE", f"/permissions/{row.pop('id')}")
            self._undo.append(
                lambda row=row: self.admin.call("POST", "/permissions", row)
            )


AnyWorld = FakeWorld | RealWorld

__all__ = [
    "AnyWorld",
    "FakeWorld",
    "Person",
    "RealWorld",
    "Reply",
    "new_email",
    "one_time_code",
]
