"""/server and /settings."""

import json

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


def activity(state: State, asked: Asked, caller: Caller | None) -> Answer:
    """GET /activity: of users, since a moment, page by page; for the site itself."""
    if caller is None or not caller.is_service or not state.activity_readable:
        raise answers.forbidden_collection("directus_activity")
    rules = json.loads(asked.query["filter"])["_and"]
    assert rules[0] == {"collection": {"_eq": "directus_users"}}
    since, last = rules[1]["timestamp"]["_gte"], rules[2]["id"]["_gt"]
    rows = [
        {"id": row["id"], "item": row["item"]}
        for row in state.activity
        if row["timestamp"] >= since and row["id"] > last
    ]
    return data(rows[: int(asked.query["limit"])])


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
