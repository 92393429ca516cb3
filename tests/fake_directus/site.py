"""/server and /settings."""

import json
import operator
from email.utils import formatdate
from typing import Any

from . import answers
from .answers import Answer, data
from .asked import Asked, Caller
from .limits import limit_of
from .state import State

VERSION = "11.17.4"
SETTINGS = "directus_settings"
OPERATORS = {
    "_eq": operator.eq,
    "_gt": operator.gt,
    "_gte": operator.ge,
    "_lt": operator.lt,
}


def ping(state: State, asked: Asked, caller: Caller | None) -> Answer:
    """GET /server/ping."""
    headers = {
        "Content-Type": "text/html; charset=utf-8",
        "Date": formatdate(state.now, usegmt=True),
    }
    return Answer(200, "pong", headers)


def info(state: State, asked: Asked, caller: Caller | None) -> Answer:
    """GET /server/info: more for callers with a token."""
    project = {
        "project_name": "Directus",
        "default_language": "en-US",
        "public_registration": state.registration,
        "public_registration_verify_email": state.registration_confirms,
    }
    facts: dict[str, object] = {"project": project, "setupCompleted": True}
    if not state.takes_rules:
        facts["license"] = {"source": None, "entitlements": {}}
    if caller is not None:
        facts |= {
            "rateLimit": False,
            "queryLimit": {"default": 100, "max": state.query_limit_max or -1},
            "version": VERSION,
        }
    return data(facts)


def activity(state: State, asked: Asked, caller: Caller | None) -> Answer:
    """GET /activity: of users, page by page; for the site itself."""
    if caller is None or not caller.is_service or not state.activity_readable:
        raise answers.forbidden_collection("directus_activity")
    users, *rules = json.loads(asked.query["filter"])["_and"]
    assert users == {"collection": {"_eq": "directus_users"}}
    fits = [row for row in state.activity if all(_fits(row, rule) for rule in rules)]
    if asked.query["sort"] == "-id":
        fits.reverse()
    names = asked.query["fields"].split(",")
    rows = [{name: row[name] for name in names} for row in fits]
    return data(rows[: limit_of(state, asked)])


def _fits(row: dict[str, Any], rule: dict[str, Any]) -> bool:
    ((name, condition),) = rule.items()
    if name == "_or":
        return any(_fits(row, each) for each in condition)
    ((relation, value),) = condition.items()
    return OPERATORS[relation](row[name], value)


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
