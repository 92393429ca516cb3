"""The fake itself: the wire on one side, verbs for tests on the other."""

import re
import threading
import time
import uuid
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any

import requests
import responses

from accounts.directus.wire import CURRENT_EXCHANGE, Stage

from . import answers, invites, site, users
from .answers import Answer, Refusal
from .asked import Asked, Caller, caller_of
from .collections import KEY, FakeCollection, Junction, described
from .routes import ONE_OF_MANY, ROUTES
from .sso import Sso
from .state import CUSTOMER, SERVICE, FakeUser, Mail, State
from .trouble import Special, Trouble

METHODS = ("GET", "POST", "PATCH", "DELETE", "PUT", "HEAD", "OPTIONS")
SERVICE_TOKEN = "the-static-token-of-the-site"


@dataclass
class FakeDirectus(Trouble, Sso):
    """A Directus that is asked over `responses`; an unexpected call fails the test.

    `calls` are the requests so far, `mails` what was sent. The attributes of `state`
    are Directus' settings: `directus.state.password_policy = "/^.{8,}$/"`.
    """

    mock: responses.RequestsMock
    url: str = "http://directus.test:8055"
    site_url: str = "http://testserver"
    calls: list[Asked] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self.state = State(self.site_url)
        self._lock = threading.RLock()
        for method in METHODS:
            self.mock.add_callback(
                method, re.compile(".*"), self._receive, content_type=None
            )

    # Users

    def add_user(
        self,
        email: str = "ada@example.com",
        password: str | None = "Ada's secret 1815",
        *,
        role: str | None = CUSTOMER,
        **values: Any,
    ) -> FakeUser:
        """Add a user, active unless told otherwise; `role` is a name."""
        user = FakeUser(email, password, role=self.state.role_id(role), **values)
        self.state.users[user.id] = user
        self.state.note(user)
        return user

    def add_service_user(self) -> str:
        """Add the site's own user, and return its token."""
        user = self.add_user("django-site@example.com", None, role=SERVICE)
        user.token = SERVICE_TOKEN
        return SERVICE_TOKEN

    def invite(self, email: str) -> str:
        """Invite a user as an administrator; return the link in the mail."""
        invites.invite(self.state, email)
        return self.last_link(email)

    def change(self, user: FakeUser, **values: Any) -> None:
        """Change a user as an administrator; `role` is a name. Ends sessions."""
        self.state.note(user)
        if "role" in values:
            values["role"] = self.state.role_id(values["role"])
        if "password" in values:
            self.state.set_password(user, values["password"])
        for name, value in values.items():
            setattr(user, name, value)
        if user.status != "active" or values.keys() & users.ENDS_SESSIONS:
            self.state.end_sessions(user)

    def suspend(self, user: FakeUser) -> None:
        """Suspend a user: sessions end, access tokens live on."""
        self.change(user, status="suspended")

    def lock_out(self, user: FakeUser) -> None:
        """Suspend a user as too many failed sign-ins do: the sessions stay."""
        user.status = "suspended"

    def delete(self, user: FakeUser) -> None:
        """Delete a user; access tokens live on."""
        self.state.remove(user)

    def sign_in(self, user: FakeUser) -> dict[str, Any]:
        """Return tokens as a sign-in elsewhere gets them."""
        return self.state.start_session(user, "127.0.0.1", "")

    def sessions_of(self, user: FakeUser) -> list[str]:
        """Return the refresh tokens of a user that are alive."""
        sessions = self.state.sessions.items()
        return [token for token, session in sessions if session.user_id == user.id]

    # Rights

    def hides_profiles(self) -> None:
        """Let customers read nothing of their own profile but the id."""
        self.state.customer_reads = frozenset()

    def hides_role_names(self) -> None:
        """Let no user read roles."""
        self.state.role_names_readable = False

    def demands_second_factor(
        self, role: str = CUSTOMER, *, of: FakeUser | None = None
    ) -> None:
        """Let a role, named by name, or a user have a policy that demands one."""
        if of:
            self.state.demanding_users.add(of.id)
        else:
            self.state.demanding_roles.add(self.state.role_id(role) or "")

    def attach(
        self, policy: str, *, role: str | None = None, user: FakeUser | None = None
    ) -> None:
        """Let a role, named by name, or a user have a policy, named by name."""
        row = {
            "id": str(uuid.uuid4()),
            "role": self.state.role_id(role),
            "user": user and user.id,
            "policy": self.state.policy_id(policy),
        }
        self.state.access.append(row)

    def detach(self, policy: str) -> None:
        """Take a policy away from all roles and users."""
        gone = self.state.policy_id(policy)
        rows = self.state.access
        rows[:] = [row for row in rows if row["policy"] != gone]

    # Fields that operators add

    def add_field(
        self, name: str, type: str = "string", *, schema: Any = None, **meta: Any
    ) -> None:
        """Add a field to users; `meta` is its interface, options and the like."""
        usual = {"max_length": 255, "is_nullable": True, "default_value": None}
        self.state.user_fields[name] = {
            "collection": "directus_users",
            "field": name,
            "type": type,
            "meta": {"interface": "input", "options": None, "required": False} | meta,
            "schema": usual | (schema or {}),
        }
        self.state.customer_reads |= {name}

    # Collections

    def add_collection(
        self,
        name: str,
        fields: dict[str, Any],
        *,
        owner: str = "",
        rights: dict[str, Any] | None = None,
        key: str = KEY,
        key_type: str = "uuid",
    ) -> FakeCollection:
        """Add a collection.

        `fields` maps each name to a type, or to a dict with the type and the rest of
        its description. `rights` maps actions to the fields that customers may use.
        """
        shapes = {key: key_type, **fields}
        shapes = {
            n: {"type": s} if isinstance(s, str) else s for n, s in shapes.items()
        }
        self.state.collections[name] = collection = FakeCollection(
            name,
            {each: described(name, each, **shape) for each, shape in shapes.items()},
            owner=owner,
            rights={action: frozenset(may) for action, may in (rights or {}).items()},
            key=key,
        )
        collection.fields[key]["schema"]["is_primary_key"] = True
        return collection

    def add_file_list(
        self,
        collection: str,
        field: str,
        *,
        file_key: str = "directus_files_id",
        order: str = "",
    ) -> None:
        """Make a field a list of files, with a junction collection."""
        name, back = f"{collection}_{field}", f"{collection}_id"
        junction = Junction(name, field, collection, back, file_key, order)
        readable = {"id", back, file_key, *([order] if order else [])}
        columns = dict.fromkeys(readable - {"id"}, "string")
        made = self.add_collection(
            name, columns, rights={"read": readable}, key_type="integer"
        )
        made.junction = junction
        self.state.collections[collection].lists[field] = junction

    def add_item(self, collection: str, **values: Any) -> Any:
        """Add a row as an administrator; return its key."""
        found = self.state.collections[collection]
        row = dict.fromkeys(found.fields)
        found.rows.append(row | {found.key: found.new_key()} | values)
        return found.rows[-1][found.key]

    def change_item(self, collection: str, pk: Any, **values: Any) -> None:
        """Change a row as an administrator."""
        found = self.state.collections[collection]
        (row,) = [row for row in found.rows if row[found.key] == pk]
        row |= values

    def items_of(self, collection: str) -> list[dict[str, Any]]:
        """Return the rows of a collection."""
        return self.state.collections[collection].rows

    def add_text(self, key: str, **values: str) -> None:
        """Keep a text under a key, by language: `de_DE="Firma"`."""
        for language, value in values.items():
            row = {"key": key, "language": language.replace("_", "-"), "value": value}
            self.state.translations.append(row)

    # Time

    def time_passes(self, seconds: float) -> None:
        """Put Directus' clock forward: tokens and links get old, ours does not move."""
        self.state.seconds_ahead += seconds

    def expires_access_tokens(self) -> None:
        """Let all access tokens get too old, while they look fresh to the site."""
        self.time_passes(self.state.access_token_seconds + 1)

    # Mails

    @property
    def mails(self) -> list[Mail]:
        """The mails that were sent, oldest first."""
        return self.state.mails

    def last_link(self, email: str) -> str:
        """Return the link in the last mail to an address."""
        links = [mail.link for mail in self.mails if mail.to == email]
        assert links, f"no mail to {email}"
        return links[-1]

    # Requests

    def calls_to(self, path: str) -> list[Asked]:
        """Return the requests to one path."""
        return [call for call in self.calls if call.path == path]

    def was_asked_once(self, path: str) -> Asked:
        """Assert that there was one request to a path, and return it."""
        found = self.calls_to(path)
        assert len(found) == 1, f"{path}: asked {len(found)} times, not once"
        return found[0]

    def was_not_asked(self, path: str | None = None) -> None:
        """Assert that there was no request, or none to a path."""
        found = self.calls if path is None else self.calls_to(path)
        assert not found, f"asked: {found}"

    def forget_calls(self) -> None:
        """Start counting anew."""
        self.calls.clear()

    # The wire

    def _receive(
        self, request: requests.PreparedRequest
    ) -> tuple[int, list[tuple[str, str]], str | bytes]:
        if not (request.url or "").startswith(self.url + "/"):
            self._fail_test(f"{request.method} {request.url}")
        asked = Asked.from_request(request)
        with self._lock:
            self.calls.append(asked)
            special = self._special_for(asked)
        answer = self._answer_or_trouble(asked, special)
        date = {"Date": formatdate(self.state.now, usegmt=True)}
        headers = [*(date | answer.headers).items()]
        headers += [("Set-Cookie", cookie) for cookie in answer.cookies]
        return answer.status, headers, answer.body

    def _answer_or_trouble(self, asked: Asked, special: Special) -> Answer:
        _note_stage(self._trouble)
        if isinstance(self._trouble, Exception):
            raise self._trouble
        if special.seconds:
            time.sleep(special.seconds)
        if special.error is not None:
            raise special.error
        answer = self._trouble or special.answer or self._answer(asked)
        self._arrive(asked, answer)
        if special.loses_answer:
            raise requests.ReadTimeout("the answer was lost")
        return answer

    def _answer(self, asked: Asked) -> Answer:
        with self._lock:
            try:
                if asked.path == "/server/ping":
                    return site.ping(self.state, asked, None)
                caller = caller_of(self.state, asked)
                return self._handle(asked, caller)
            except Refusal as refusal:
                return refusal.answer

    def _handle(self, asked: Asked, caller: Caller | None) -> Answer:
        for pattern, methods in ONE_OF_MANY.items():
            one = re.fullmatch(pattern, asked.path)
            if one and asked.method in methods:
                return methods[asked.method](self.state, asked, caller, *one.groups())
        if asked.path not in ROUTES:
            self._fail_test(f"{asked.method} {asked.path}")
        handler = ROUTES[asked.path].get(asked.method)
        if handler is None:
            raise answers.no_route(asked.path)
        return handler(self.state, asked, caller)

    def _fail_test(self, call: str) -> None:
        self.unexpected.append(call)
        raise AssertionError(f"unexpected call: {call}")


def _note_stage(trouble: Answer | Exception | None) -> None:
    """Say how far the exchange came, as the connection does that is not there."""
    exchange = CURRENT_EXCHANGE.get(None)
    if exchange is not None:
        refused = isinstance(trouble, requests.ConnectionError)
        exchange.stage = Stage.CONNECTING if refused else Stage.SENT
