"""The state of the fake: users, sessions, mails, settings."""

import re
import secrets
import time
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from .answers import failed_validation
from .collections import FakeCollection
from .tokens import make_jwt

CUSTOMER = "Customer"
ADMINISTRATOR = "Administrator"
SERVICE = "Django site"
PROFILE = (
    "id",
    "email",
    "first_name",
    "last_name",
    "status",
    "role",
    "language",
    "last_access",
    "provider",
    "avatar",
    "tfa_secret",
)
OWN_FIELDS = ("first_name", "last_name", "password", "language", "tfa_secret")
REFRESH_SECONDS = 7 * 24 * 3600
# No top-level domains: Directus refuses addresses in them.
NO_DOMAINS = "local|localhost|internal|test|example|invalid|lan|home|corp|intranet"
EMAIL = re.compile(
    rf"[^\s@\"<>(),;:]+@(?:[^\W_](?:[\w-]*[^\W_])?\.)+(?!(?:{NO_DOMAINS})$)(?:[^\W\d_]{{2,}}|xn--[a-z\d]+)",
    re.IGNORECASE,
)


@dataclass(eq=False)
class FakeUser:
    """A user; tests read these and change them only through FakeDirectus' verbs.

    Only a user of a provider may have no `email`; it is None in Directus, too.
    """

    email: str | None
    password: str | None
    status: str = "active"
    role: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    language: str | None = None
    last_access: str | None = None
    provider: str = "default"
    external_identifier: str | None = None
    # The refresh token of the provider: None, "alive" or "revoked".
    grant: str | None = None
    avatar: str | None = None
    # A field that an operator may have added.
    date_updated: str | None = None
    otp_secret: str | None = None
    token: str | None = None
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    # What stands in a link to reset the password: another one for each password.
    password_mark: str = field(default_factory=lambda: secrets.token_hex(4))
    attempts: int = 0


@dataclass
class FakeProvider:
    """A provider that Directus is set up for, as its AUTH_<PROVIDER>_… say.

    `is_down`: Directus cannot reach it. `hangs`: Directus waits for it in vain.
    `was_discovered`: Directus could reach it once. `refuses_client`: Directus has a
    wrong client secret.
    """

    name: str
    driver: str = "openid"
    label: str = ""
    icon: str = ""
    role: str | None = None
    issuer: str = "http://provider.test"
    allows_registration: bool = True
    requires_verified_email: bool = True
    # MODE: session, or cookie.
    has_session_cookie: bool = True
    gives_refresh_token: bool = False
    is_down: bool = False
    hangs: bool = False
    was_discovered: bool = True
    refuses_client: bool = False


@dataclass(frozen=True)
class Person:
    """A person whom a provider knows; `sub` is the number there."""

    email: str | None
    email_verified: bool = True
    sub: str = field(default_factory=lambda: str(uuid.uuid4()))
    first_name: str | None = None
    last_name: str | None = None


@dataclass(frozen=True)
class FakeSession:
    """The row behind a refresh token."""

    user_id: str
    expires_at: float
    address: str
    user_agent: str


@dataclass(frozen=True)
class Mail:
    """A mail that was sent: the parts that tests use."""

    to: str
    subject: str
    link: str

    @property
    def token(self) -> str:
        """The token in the link."""
        return self.link.rpartition("token=")[2]


@dataclass
class State:
    """All of it. Attributes with a default are settings that tests may change."""

    site_url: str
    users: dict[str, FakeUser] = field(default_factory=dict)
    sessions: dict[str, FakeSession] = field(default_factory=dict)
    mails: list[Mail] = field(default_factory=list)
    roles: dict[str, str] = field(default_factory=dict)
    # The role above a role, by id.
    parents: dict[str, str] = field(default_factory=dict)
    policies: dict[str, str] = field(default_factory=dict)
    access: list[dict[str, object]] = field(default_factory=list)
    files: dict[str, Any] = field(default_factory=dict)
    # What operators added to users, as /fields describes it.
    user_fields: dict[str, dict[str, Any]] = field(default_factory=dict)
    # Collections of operators, by name.
    collections: dict[str, FakeCollection] = field(default_factory=dict)
    providers: dict[str, FakeProvider] = field(default_factory=dict)
    # The provider of each `state` that it was asked with.
    authorizations: dict[str, str] = field(default_factory=dict)
    codes: dict[str, Any] = field(default_factory=dict)
    # Rows of directus_translations.
    translations: list[dict[str, Any]] = field(default_factory=list)
    # Rights that the site has not, against what `directus_setup` gives.
    lacks: set[str] = field(default_factory=set)
    registrations: dict[str, list[float]] = field(default_factory=dict)
    activity: list[dict[str, object]] = field(default_factory=list)

    # AUTH_ALLOWED_PUBLIC_URLS.
    allowed_public_urls: tuple[str, ...] = ()
    seconds_ahead: float = 0
    access_token_seconds: float = 900
    password_policy: str | None = None
    login_attempts: int | None = 25
    password_sign_in: bool = True
    registration: bool = True
    registration_confirms: bool = True
    registration_filter: str = ""
    registrations_a_minute: int = 5
    # QUERY_LIMIT_MAX; None: there is none.
    query_limit_max: int | None = None
    public_creates: bool = False
    # The licence allows no more users (version 12).
    is_full: bool = False
    customer_reads: frozenset[str] = frozenset(PROFILE)
    service_deletes: bool = True
    customer_writes: frozenset[str] = frozenset(OWN_FIELDS)
    role_names_readable: bool = True
    activity_readable: bool = True
    has_date_updated: bool = False
    # Permissions may name fields and rows: not in version 12 without a licence.
    takes_rules: bool = True
    # Version 10 has none.
    has_policies: bool = True
    # Ids of roles with a policy that demands a second factor.
    demanding_roles: set[str] = field(default_factory=set)
    # By a policy of their own, which the tokens of a sign-in do not tell.
    demanding_users: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.allowed_public_urls = (f"{self.site_url}/sso",)

    @property
    def now(self) -> float:
        """The time by Directus' clock."""
        return time.time() + self.seconds_ahead

    def note(self, user: FakeUser) -> None:
        """Note that and when an administrator changed a user, in the log too."""
        user.date_updated = self.log("update", user, by=ADMINISTRATOR)

    def log(
        self,
        action: str,
        user: FakeUser,
        *,
        by: str,
        address: str = "192.0.2.200",
        user_agent: str = "an administrator's",
    ) -> str:
        """Add a change of a user to the activity log; return its time."""
        moment = datetime.fromtimestamp(self.now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        entry = {
            "id": len(self.activity) + 1,
            "action": action,
            "item": user.id,
            "user": by,
            "timestamp": moment,
            "ip": address,
            "user_agent": user_agent,
        }
        self.activity.append(entry)
        return moment

    # Users

    def role_id(self, name: str | None) -> str | None:
        """Return the id of a role, made when it is new."""
        return name and self.roles.setdefault(name, str(uuid.uuid4()))

    def policy_id(self, name: str) -> str:
        """Return the id of a policy, made when it is new."""
        return self.policies.setdefault(name, str(uuid.uuid4()))

    def role_name(self, role_id: str | None) -> str:
        """Return the name of a role."""
        names = {number: name for name, number in self.roles.items()}
        return names.get(role_id or "", "")

    def remove(self, user: FakeUser) -> None:
        """Delete a user; the sessions end, access tokens live on."""
        self.note(user)
        self.end_sessions(user)
        del self.users[user.id]

    def find(self, email: str) -> FakeUser | None:
        """Return the user with this address; upper and lower case are the same."""
        wanted = email.lower()
        same = (u for u in self.users.values() if (u.email or "").lower() == wanted)
        return next(same, None)

    def set_password(self, user: FakeUser, password: str | None) -> None:
        """Set a password; links that were mailed before are void."""
        user.password = password
        user.password_mark = secrets.token_hex(4)

    def check_password(self, password: str | None) -> None:
        """Refuse what the policy refuses, repeating the password as Directus does."""
        policy = self.password_policy or ""
        if policy.startswith("/") and policy.endswith("/"):
            policy = policy[1:-1]
        if password and not re.search(policy, password):
            raise failed_validation("password", "regex", invalid=password)

    def count_attempt(self, user: FakeUser) -> None:
        """Suspend after too many attempts; if this one is right, it is let in still."""
        user.attempts += 1
        if self.login_attempts is not None and user.attempts > self.login_attempts:
            user.status = "suspended"
            user.attempts = 0

    # Sessions

    def start_session(
        self,
        user: FakeUser,
        address: str,
        user_agent: str,
        *,
        is_sign_in: bool = False,
    ) -> dict[str, object]:
        """Return tokens, and note when the user was last here."""
        if is_sign_in:
            facts = {"address": address, "user_agent": user_agent}
            self.log("login", user, by=user.id, **facts)
        refresh_token = secrets.token_urlsafe(48)
        self.sessions[refresh_token] = FakeSession(
            user.id, self.now + REFRESH_SECONDS, address, user_agent
        )
        user.last_access = datetime.fromtimestamp(self.now, UTC).strftime(
            "%Y-%m-%dT%H:%M:%S"
        )
        return {
            "expires": int(self.access_token_seconds * 1000),
            "refresh_token": refresh_token,
            "access_token": self.access_token(user, is_sign_in=is_sign_in),
        }

    def access_token(self, user: FakeUser, *, is_sign_in: bool = False) -> str:
        """Return an access token: it knows the role of now, and nothing of later."""
        is_admin = self.role_name(user.role) == ADMINISTRATOR
        is_told = is_sign_in and self.has_policies and user.otp_secret is None
        demanded = is_told and user.role in self.demanding_roles
        claims = {"enforce_tfa": True} if demanded else {}
        return make_jwt(
            self.now,
            self.access_token_seconds,
            id=user.id,
            role=user.role,
            app_access=is_admin,
            admin_access=is_admin,
            **claims,
        )

    def end_sessions(self, user: FakeUser) -> None:
        """End all sessions of a user; access tokens live on."""
        for token, session in list(self.sessions.items()):
            if session.user_id == user.id:
                del self.sessions[token]
