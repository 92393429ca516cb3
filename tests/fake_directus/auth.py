"""/auth: signing in and out, and passwords."""

from typing import Any

from . import answers
from .answers import Answer, data, nothing
from .asked import Asked, Caller
from .links import check_url, send_link
from .sso import check_refresh
from .state import State
from .tokens import is_one_time_code, read_jwt

RESET_SECONDS = 24 * 3600
NO_TOKEN = "The refresh token is required in either the payload or cookie"


def login(state: State, asked: Asked, caller: Caller | None) -> Answer:
    """POST /auth/login: one answer for everything that is wrong."""
    if not state.password_sign_in:
        raise answers.no_route(asked.path)
    email, password = asked.email(), asked.text("password")
    otp = asked.optional_text("otp")
    user = state.find(email)
    if not user or user.status != "active" or user.provider != "default":
        raise answers.invalid_credentials()
    state.count_attempt(user)
    if user.password is None or user.password != password:
        raise answers.invalid_credentials()
    if user.otp_secret and not is_one_time_code(otp or "", user.otp_secret, state.now):
        raise answers.invalid_otp()
    user.attempts = 0
    tokens = state.start_session(user, asked.address, asked.user_agent, is_sign_in=True)
    return data(tokens)


def refresh(state: State, asked: Asked, caller: Caller | None) -> Answer:
    """POST /auth/refresh: a token works once."""
    token = _refresh_token(asked)
    session = state.sessions.get(token)
    user = state.users.get(session.user_id) if session else None
    if user and user.status == "active":
        check_refresh(state, user)
    state.sessions.pop(token, None)
    if not session or not user or session.expires_at < state.now:
        raise answers.invalid_credentials()
    if user.status == "suspended":
        raise answers.user_suspended()
    if user.status != "active":
        raise answers.invalid_credentials()
    return data(state.start_session(user, asked.address, asked.user_agent))


def logout(state: State, asked: Asked, caller: Caller | None) -> Answer:
    """POST /auth/logout: whether the token lives or not."""
    state.sessions.pop(_refresh_token(asked), None)
    return nothing()


def _refresh_token(asked: Asked) -> Any:
    token = asked.body.get("refresh_token")
    if not token or asked.body.get("mode", "json") != "json":
        raise answers.invalid_payload(NO_TOKEN)
    return token


def request_reset(state: State, asked: Asked, caller: Caller | None) -> Answer:
    """POST /auth/password/request: a mail to a known user, always 204."""
    email = _field(asked, "email")
    url = asked.body.get("reset_url")
    check_url(state, url, "reset-password", "reset passwords")
    user = state.find(email)
    if user and user.status == "active" and user.provider == "default":
        claims = {"scope": "password-reset", "hash": user.password_mark}
        subject = "Password Reset Request"
        send_link(state, user.email, subject, url, seconds=RESET_SECONDS, **claims)
    return nothing()


def reset(state: State, asked: Asked, caller: Caller | None) -> Answer:
    """POST /auth/password/reset: a link works once, and ends all sessions."""
    token, password = _field(asked, "token"), _field(asked, "password")
    claims = read_jwt(state.now, token)
    if claims.get("scope") != "password-reset":
        raise answers.forbidden()
    user = state.find(claims["email"])
    if not user or user.status != "active" or user.password_mark != claims["hash"]:
        raise answers.forbidden()
    state.check_password(password)
    state.set_password(user, password or None)
    state.end_sessions(user)
    return nothing()


def _field(asked: Asked, name: str) -> str:
    value = asked.body.get(name)
    if not isinstance(value, str):
        raise answers.invalid_payload(f'"{name}" field is required')
    return value
