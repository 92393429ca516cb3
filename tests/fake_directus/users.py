"""/users: profiles, read and written with the rights of the caller."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from . import answers
from .answers import Answer, Refusal, data, nothing
from .asked import Asked, Caller
from .limits import limit_of
from .rights import Rights
from .state import CUSTOMER, EMAIL, FakeUser, State

ENDS_SESSIONS = {"email", "password"}
PATTERNS = {"_icontains": "%{}%", "_istarts_with": "{}%", "_iends_with": "%{}"}


def get_me(state: State, asked: Asked, caller: Caller | None) -> Answer:
    """GET /users/me: the id alone, when anything asked for may not be read."""
    if caller is None:
        raise answers.invalid_credentials()
    try:
        return get_user(state, asked, caller, caller.id)
    except Refusal:
        return data({"id": caller.id})


def patch_me(state: State, asked: Asked, caller: Caller | None) -> Answer:
    """PATCH /users/me."""
    if caller is None:
        raise answers.invalid_credentials()
    answer = patch_user(state, asked, caller, caller.id)
    if answer.status == 204:
        # Written all the same.
        raise answers.forbidden_collection("directus_users")
    return answer


def get_user(state: State, asked: Asked, caller: Caller | None, user_id: str) -> Answer:
    """GET /users/<id>."""
    rights = Rights(state, caller)
    fields = rights.readable(_fields(asked))
    user = state.users.get(user_id)
    if user is None or not rights.sees(user):
        raise answers.forbidden()
    return data(_shown(state, user, fields))


def list_users(state: State, asked: Asked, caller: Caller | None) -> Answer:
    """GET /users, with filter, sort, page and limit; or how many there are."""
    rights = Rights(state, caller)
    if "aggregate[count]" in asked.query:
        rights.readable(["id"])
        count = sum(rights.sees(user) for user in state.users.values())
        return data([{"count": {"id": count}}])
    fields = rights.readable(_fields(asked))
    users = _page(state, asked, _sorted(asked, _matching(state, asked, rights)))
    return data([_shown(state, user, fields) for user in users if rights.sees(user)])


def create_user(state: State, asked: Asked, caller: Caller | None) -> Answer:
    """POST /users: the site itself, or the public where that is allowed."""
    rights = Rights(state, caller)
    values = dict(asked.body)
    rights.check_creatable(values)
    email = values.get("email")
    if not isinstance(email, str) or not EMAIL.fullmatch(email):
        raise answers.failed_validation("email", "email")
    if state.find(email):
        raise answers.not_unique("email", f"[{email.lower()}]")
    state.check_password(values.get("password"))
    added = {name: values.pop(name) for name in state.user_fields if name in values}
    for name, value in added.items():
        _check_custom(state, name, value)
    role = values.pop("role", None if caller is None else state.role_id(CUSTOMER))
    user = FakeUser(**{"password": None, "role": role} | values)
    vars(user).update(added)
    state.users[user.id] = user
    return _read_back(state, asked, rights, user)


def patch_user(
    state: State, asked: Asked, caller: Caller | None, user_id: str
) -> Answer:
    """PATCH /users/<id>."""
    rights = Rights(state, caller)
    changes = asked.body
    user = state.users.get(user_id)
    rights.check_writable(changes, user)
    assert user is not None
    if "email" in changes:
        _check_email(state, user, changes["email"])
    state.check_password(changes.get("password"))
    for name, value in changes.items():
        _check_custom(state, name, value)
    for name, value in changes.items():
        setattr(user, name, value)
    if "password" in changes:
        state.set_password(user, changes["password"])
    if changes.keys() & ENDS_SESSIONS or user.status != "active":
        state.end_sessions(user)
    return _read_back(state, asked, rights, user)


def patch_users(state: State, asked: Asked, caller: Caller | None) -> Answer:
    """PATCH /users with a list, or by query: all of them, or none."""
    before = [(user, dict(vars(user))) for user in state.users.values()]
    sessions = dict(state.sessions)
    changes = list(_changes(state, asked, caller))
    try:
        for user_id, values in changes:
            patch_user(state, replace(asked, json=values), caller, user_id)
    except Refusal:
        for user, earlier in before:
            vars(user).update(earlier)
        state.sessions = sessions
        raise
    return data([{"id": user_id} for user_id, _values in changes])


def _changes(
    state: State, asked: Asked, caller: Caller | None
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the id of each user, and the values to write."""
    if isinstance(asked.json, list):
        for row in asked.json:
            yield row["id"], {k: v for k, v in row.items() if k != "id"}
        return
    # Rights are checked for the write alone: other users refuse it as a whole.
    rule = asked.body["query"]["filter"]
    users = list(state.users.values())
    for name, operator, wanted in _conditions(rule):
        users = [u for u in users if _fits(getattr(u, name), operator, wanted)]
    for user in users:
        yield user.id, asked.body["data"]


def delete_user(
    state: State, asked: Asked, caller: Caller | None, user_id: str
) -> Answer:
    """DELETE /users/<id>: sessions end, access tokens live on."""
    user = state.users.get(user_id)
    Rights(state, caller).check_deletable(user)
    assert user is not None
    state.remove(user)
    return nothing()


def _check_custom(state: State, name: str, value: Any) -> None:
    """Refuse what a field that operators added does not take."""
    described = state.user_fields.get(name)
    if described is None:
        return
    if value is None and not described["schema"]["is_nullable"]:
        raise answers.failed_validation(name, "nnull")
    rule = described["meta"].get("validation")
    if rule and isinstance(value, str) and not re.search(rule["_regex"], value):
        raise answers.failed_validation(name, "regex", invalid=value)


def _check_email(state: State, user: FakeUser, email: Any) -> None:
    if not isinstance(email, str) or not EMAIL.fullmatch(email):
        raise answers.failed_validation("email", "email")
    if state.find(email) not in {None, user}:
        raise answers.not_unique("email", f"[{email.lower()}]")


def _read_back(state: State, asked: Asked, rights: Rights, user: FakeUser) -> Answer:
    """Answer 200 with the written fields, or 204 if the caller may not read them."""
    try:
        fields = rights.readable(_fields(asked))
    except Refusal:
        return nothing()
    return data(_shown(state, user, fields)) if rights.sees(user) else nothing()


def _fields(asked: Asked) -> list[str]:
    names = asked.query.get("fields", "")
    return [name for name in names.split(",") if name and name != "*"]


def _shown(state: State, user: FakeUser, fields: Iterable[str]) -> dict[str, Any]:
    """Return a user as JSON: plain values first, then what belongs to the role."""
    shown: dict[str, Any] = {}
    role: dict[str, Any] = {}
    for name in fields:
        if name == "role.id":
            role["id"] = user.role
        elif name == "role.name":
            role["name"] = state.role_name(user.role)
        elif name == "tfa_secret":
            # Directus hides it from all callers.
            shown[name] = user.otp_secret and "**********"
        else:
            shown[name] = getattr(user, name, None)
    if role:
        shown["role"] = role if user.role else None
    return shown


def _matching(state: State, asked: Asked, rights: Rights) -> list[FakeUser]:
    """Return the users that a filter lets through: fields, and `_and` of them."""
    text = asked.query.get("filter")
    users = list(state.users.values())
    if text is None:
        return users
    for name, operator, wanted in _conditions(json.loads(text)):
        if name != "date_updated":
            rights.readable([name])
        elif not state.has_date_updated:
            raise answers.forbidden_field(name)
        users = [u for u in users if _fits(getattr(u, name), operator, wanted)]
    return users


def _conditions(rule: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """Yield the field, the operator and the value of each condition of a filter."""
    for each in rule.get("_and", [rule]):
        ((name, condition),) = each.items()
        ((operator, wanted),) = condition.items()
        yield name, operator, wanted


def _fits(value: Any, operator: str, wanted: Any) -> bool:
    if operator == "_eq":
        return bool(value == wanted)
    if operator == "_null":
        return value is None
    if operator == "_in":
        return value in wanted
    if operator == "_gte":
        return value is not None and value >= wanted
    if operator in PATTERNS:
        pattern = _like(PATTERNS[operator].format(wanted.lower()))
        return re.fullmatch(pattern, (value or "").lower(), re.DOTALL) is not None
    raise answers.invalid_query(
        f'"string" field type does not contain the "{operator}" filter operator'
    )


def _like(pattern: str) -> str:
    """Return SQL's pattern as a regular expression: Directus escapes nothing."""
    return re.escape(pattern).replace("_", ".").replace("%", ".*")


def _sorted(asked: Asked, users: list[FakeUser]) -> list[FakeUser]:
    name = asked.query.get("sort", "id")
    return sorted(
        users,
        key=lambda user: str(getattr(user, name.removeprefix("-")) or ""),
        reverse=name.startswith("-"),
    )


def _page(state: State, asked: Asked, users: list[FakeUser]) -> list[FakeUser]:
    limit = limit_of(state, asked)
    if limit == -1:
        # On whatever page.
        return users
    first = (int(asked.query.get("page", "1")) - 1) * limit
    return users[first : first + limit]
