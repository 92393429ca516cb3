"""/users/me/tfa, and users who must have a second factor."""

from . import answers
from .answers import Answer, data, nothing
from .asked import Asked, Caller
from .rights import USERS
from .state import FakeUser, State
from .tokens import is_one_time_code


def enable(state: State, asked: Asked, caller: Caller | None) -> Answer:
    """POST /users/me/tfa/enable: with a secret that the caller chooses."""
    user = _user(state, caller)
    secret, otp = asked.text("secret"), asked.text("otp")
    if user.otp_secret is not None:
        raise answers.invalid_payload("TFA Secret is already set for this user")
    if not is_one_time_code(otp, secret, state.now):
        raise answers.invalid_payload('"otp" is invalid')
    _check_right(state)
    user.otp_secret = secret
    return nothing()


def disable(state: State, asked: Asked, caller: Caller | None) -> Answer:
    """POST /users/me/tfa/disable."""
    user = _user(state, caller)
    otp = asked.text("otp")
    if user.otp_secret is None:
        raise answers.invalid_payload(f'User "{user.id}" doesn\'t have TFA enabled')
    if not is_one_time_code(otp, user.otp_secret, state.now):
        raise answers.invalid_payload('"otp" is invalid')
    _check_right(state)
    user.otp_secret = None
    return nothing()


def disable_for(
    state: State, asked: Asked, caller: Caller | None, user_id: str
) -> Answer:
    """POST /users/<id>/tfa/disable: for administrators, not for the site."""
    if caller is None:
        raise answers.invalid_credentials()
    if not caller.is_admin:
        raise answers.forbidden()
    state.users[user_id].otp_secret = None
    return nothing()


def globals_of(state: State, asked: Asked, caller: Caller | None) -> Answer:
    """GET /policies/me/globals: what all policies of the caller amount to."""
    if not state.has_policies:
        raise answers.no_route(asked.path)
    demanded = caller is not None and (
        caller.role in state.demanding_roles or caller.id in state.demanding_users
    )
    is_admin = caller is not None and caller.is_admin
    return data(
        {"app_access": is_admin, "admin_access": is_admin, "enforce_tfa": demanded}
    )


def get_role(state: State, asked: Asked, caller: Caller | None, role: str) -> Answer:
    """GET /roles/<id>: on version 10 it says whether a second factor is demanded."""
    if caller is None or not caller.is_service or state.has_policies:
        raise answers.forbidden_field("enforce_tfa", "directus_roles")
    assert asked.query == {"fields": "enforce_tfa"}
    return data({"enforce_tfa": role in state.demanding_roles})


def _user(state: State, caller: Caller | None) -> FakeUser:
    if caller is None:
        raise answers.invalid_credentials()
    return state.users[caller.id]


def _check_right(state: State) -> None:
    if "tfa_secret" not in state.customer_writes:
        raise answers.forbidden_collection(USERS)
