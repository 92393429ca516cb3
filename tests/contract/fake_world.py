"""The fake Directus behind the verbs of the contract tests."""

import secrets
from typing import Any

from tests.fake_directus import FakeDirectus, FakeUser
from tests.items.documents import FakeDocuments
from tests.items.fields import add_to

from .worlds import Person, World, new_email

SECOND_FACTOR_SECRET = "BJ4A22TICIBESDBT"


class FakeWorld(World):
    """The fake, which speaks as version 11."""

    version = "11.17.4"

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

    def invite(self, email: str) -> None:
        """Invite a user."""
        self.directus.invite(email)

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

    def demand_second_factor(self) -> None:
        """Let customers have to have a second factor."""
        self.directus.demands_second_factor()

    def demand_second_factor_of(self, person: Person) -> None:
        """Let one person have to have a second factor."""
        self.directus.demands_second_factor(of=self._user(person))

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

    def add_profile_field(self, name: str, type: str = "string", **described: Any):
        """Add a field to users, which belongs to the profile."""
        rule = described.get("validation")
        if rule:
            described["validation"] = rule[name]
        self.directus.add_field(name, type, **described)

    def add_text(self, key: str, **values: str) -> None:
        """Keep a text under a key, by language: `de_DE="Firma"`."""
        self.directus.add_text(key, **values)

    def open_documents(self) -> FakeDocuments:
        """Make the collection `documents`, with lists of files."""
        return FakeDocuments(self.directus)

    def open_shop(self) -> FakeDirectus:
        """Make the collections `tickets` and `products`."""
        add_to(self.directus)
        return self.directus

    def _user(self, person: Person) -> FakeUser:
        return self.directus.state.users[person.id]
