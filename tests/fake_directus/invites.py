"""/users/invite/accept: the first password of an invited user."""

from . import answers
from .answers import Answer, Refusal, nothing
from .asked import Asked, Caller
from .links import send_link
from .state import CUSTOMER, FakeUser, State
from .tokens import read_jwt

INVITE_SECONDS = 7 * 24 * 3600


def invite(state: State, email: str) -> None:
    """Do as an administrator does in Directus' app."""
    user = state.find(email)
    if user is None:
        role = state.role_id(CUSTOMER)
        user = FakeUser(email, None, status="invited", role=role)
        state.users[user.id] = user
    if user.status == "invited":
        send_link(
            state,
            email,
            "You've been invited",
            f"{state.site_url}/invite/",
            seconds=INVITE_SECONDS,
            scope="invite",
        )


def accept(state: State, asked: Asked, caller: Caller | None) -> Answer:
    """POST /users/invite/accept: 204 once, 400 ever after."""
    token, password = asked.text("token"), asked.text("password")
    claims = read_jwt(state.now, token)
    if claims.get("scope") != "invite":
        raise answers.forbidden()
    user = state.find(claims["email"])
    if user is None or user.status != "invited":
        raise Refusal(400, "INVALID_INVITE", "This invite is no longer valid.")
    state.check_password(password)
    if state.is_full:
        raise answers.limit_exceeded("seats")
    state.set_password(user, password)
    user.status = "active"
    return nothing()
