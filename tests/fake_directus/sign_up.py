"""/users/register: signing up."""

import re

from . import answers
from .answers import Answer, nothing
from .asked import Asked, Caller
from .links import check_url, send_link
from .state import CUSTOMER, FakeUser, State
from .tokens import read_jwt

ALLOWED = ("email", "password", "verification_url", "first_name", "last_name")
VERIFICATION_SECONDS = 7 * 24 * 3600
LIMIT_SECONDS = 60


def register(state: State, asked: Asked, caller: Caller | None) -> Answer:
    """POST /users/register: 204 hides whether the address is known."""
    _count(state, asked.address)
    email, password = asked.email(), asked.text("password")
    url = asked.optional_text("verification_url") or None
    names = {name: asked.optional_text(name) or None for name in ALLOWED[3:]}
    for name in asked.body:
        if name not in ALLOWED:
            raise answers.invalid_payload(f'"{name}" is not allowed')
    check_url(state, url, "verify-email", "verify registered users")
    allowed = re.search(state.registration_filter, email)
    if not state.registration or not allowed:
        raise answers.forbidden()
    user = state.find(email)
    if user is None:
        state.check_password(password)
        user = _create(state, email, password, names)
    if user.status == "unverified":
        # Also if the address signed up before, and to the address as it is typed now;
        # the first password stays.
        send_link(
            state,
            email,
            "Verify your email address",
            url,
            seconds=VERIFICATION_SECONDS,
            scope="pending-registration",
        )
    return nothing()


def _create(
    state: State, email: str, password: str, names: dict[str, str | None]
) -> FakeUser:
    status = "unverified" if state.registration_confirms else "active"
    role = state.role_id(CUSTOMER)
    user = FakeUser(email, password, status=status, role=role, **names)
    state.users[user.id] = user
    return user


def _count(state: State, address: str) -> None:
    """Allow so many sign-ups a minute from one address, valid or not."""
    now = state.now
    recent = [
        at for at in state.registrations.get(address, []) if at > now - LIMIT_SECONDS
    ]
    if len(recent) >= state.registrations_a_minute:
        wait = int(recent[0] + LIMIT_SECONDS - now) + 1
        raise answers.too_many(wait, state.registrations_a_minute)
    state.registrations[address] = [*recent, now]


def verify_email(state: State, asked: Asked, caller: Caller | None) -> Answer:
    """GET /users/register/verify-email: 302 once, 400 ever after."""
    claims = read_jwt(state.now, asked.query.get("token", ""))
    if claims.get("scope") != "pending-registration":
        raise answers.forbidden()
    user = state.find(claims["email"])
    if user is None or user.status != "unverified":
        raise answers.invalid_payload("Invalid verification code")
    user.status = "active"
    url = f"/admin/users/{user.id}"
    headers = {"Location": url, "Content-Type": "text/plain; charset=utf-8"}
    return Answer(302, f"Found. Redirecting to {url}", headers)
