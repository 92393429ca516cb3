"""/server and /settings."""

from . import answers
from .answers import Answer, data
from .asked import Asked, Caller
from .state import State

VERSION = "11.17.4"
SETTINGS = "directus_settings"


def ping(state: State, asked: Asked, caller: Caller | None) -> Answer:
    """GET /server/ping."""
    return Answer(200, "pong", {"Content-Type": "text/html; charset=utf-8"})


def info(state: State, asked: Asked, caller: Caller | None) -> Answer:
    """GET /server/info: more for who is signed in."""
    project = {
        "project_name": "Directus",
        "default_language": "en-US",
        "public_registration": state.registration,
        "public_registration_verify_email": state.registration_confirms,
    }
    facts: dict[str, object] = {"project": project, "setupCompleted": True}
    if caller is not None:
        facts |= {
            "rateLimit": False,
            "queryLimit": {"default": 100, "max": -1},
            "version": VERSION,
        }
    return data(facts)


def settings(state: State, asked: Asked, caller: Caller | None) -> Answer:
    """GET /settings: only the site itself may."""
    if caller is None or not (caller.is_service or caller.is_admin):
        raise answers.forbidden_collection(SETTINGS)
    known = {
        "auth_password_policy": state.password_policy,
        "auth_login_attempts": state.login_attempts,
        "public_registration": state.registration,
        "public_registration_verify_email": state.registration_confirms,
    }
    fields = asked.query.get("fields", "")
    names = fields.split(",") if fields else list(known)
    for name in names:
        if name not in known:
            raise answers.forbidden_field(name, SETTINGS)
    return data({name: known[name] for name in names})
