"""Show a plan as lines of text; the caller adds colours."""

import json
from collections.abc import Callable, Iterator
from typing import Any

from .changes import CREATE, Change
from .plan import Plan

Style = Callable[[str], str]
# Plain names of some kinds of changes.
IN_WORDS = {
    "access": "policy of a role",
    "field": "field of users",
    "item field": "field",
    "texts": "texts for",
    "operation": "operation of a flow",
}


def plain(text: str) -> str:
    """Return the text unchanged."""
    return text


def render_plan(
    plan: Plan, *, added: Style = plain, changed: Style = plain, removed: Style = plain
) -> Iterator[str]:
    """Yield the lines that show a plan; a token is never among them."""
    for change in plan.changes:
        yield from _render(change, added, changed, removed)
    if plan.changes:
        yield ""
    yield _summary(plan)
    if plan.differences:
        yield ""
        yield from (changed(text) for text in plan.differences)
    if plan.beyond:
        yield ""
        yield from _beyond(plan, changed)
    if plan.leftovers:
        yield ""
        yield from _leftovers(plan)
    if plan.is_restricted:
        yield ""
        yield from _restrictions(changed)


def describe(change: Change) -> str:
    """Return a short description of a change."""
    return f"{IN_WORDS.get(change.kind, change.kind)} {change.name}".rstrip()


def _render(
    change: Change, added: Style, changed: Style, removed: Style
) -> Iterator[str]:
    if change.verb == CREATE:
        yield added(f"+ {describe(change)}")
        lines = _new_values(change)
    else:
        yield changed(f"~ {describe(change)}")
        lines = _changed_values(change, added, removed)
    yield from lines
    if change.needs_token:
        yield "    token: a new token"
    if change.before.get("token"):
        yield removed("    The present token becomes invalid.")


def _new_values(change: Change) -> Iterator[str]:
    for key, value in change.values.items():
        if key == change.hidden:
            yield _hidden(key)
        elif value not in (None, {}) and not _is_said(change.kind, key):
            yield f"    {key}: {_text(value)}"


def _hidden(key: str) -> str:
    return f"    {key}: not shown here"


def _is_said(kind: str, key: str) -> bool:
    """Return whether the heading of the change names the value already."""
    if kind == "access" or (kind, key) == ("permission", "role"):
        return True
    return key in {
        "id",
        "name",
        "policy",
        "collection",
        "action",
        "email",
        "field",
        "flow",
        "resolve",
        "position_x",
        "position_y",
    }


def _changed_values(change: Change, added: Style, removed: Style) -> Iterator[str]:
    for key, value in change.values.items():
        before = change.before[key]
        if key == change.hidden:
            yield _hidden(key)
        elif isinstance(value, list) and isinstance(before, list):
            yield f"    {key}:"
            yield from (
                removed(f"      - {item}") for item in before if item not in value
            )
            yield from (
                added(f"      + {item}") for item in value if item not in before
            )
        else:
            yield f"    {key}: {_text(before)} → {_text(value)}"


def _text(value: Any) -> str:
    if isinstance(value, list):
        # Of the fields of a new collection, the names.
        names = [row.get("field") if isinstance(row, dict) else row for row in value]
        if all(isinstance(name, str) for name in names):
            return ", ".join(names)
    return value if isinstance(value, str) else json.dumps(value)


def _beyond(plan: Plan, changed: Style) -> Iterator[str]:
    """List the rights of new customers that the site does not need."""
    name = f"{plan.customer_role_name} ({plan.customer_role})"
    yield changed(f"The customers' role {name} has rights beyond the site's needs:")
    yield from (f"  ! {each.text}" for each in plan.beyond)


def _leftovers(plan: Plan) -> Iterator[str]:
    """List the policies that an upgrade of Directus made."""
    yield (
        "Directus 11 made these policies from roles of version 10. Their rights stay "
        "in effect until you delete them in Directus, after this command:"
    )
    yield from (f"  - {each.name}, id {each.id}" for each in plan.leftovers)


def _restrictions(changed: Style) -> Iterator[str]:
    """List the rights that Directus refuses without a licence."""
    yield changed(
        "This Directus has no licence for permissions that name fields and rows."
    )
    yield from (
        f"  - {line}"
        for line in (
            (
                "Customers get no permission in Directus: otherwise they could read "
                "each other. The site reads their profiles with its service token."
            ),
            (
                "The service token's permissions cannot be limited to customers: a "
                "user with the token can become an administrator of Directus. Protect "
                "it like an administrator's password."
            ),
            (
                "Nor can they be limited to the folder of profile pictures: the "
                "service token can read and delete all files, and delete all users."
            ),
            (
                "Customers cannot switch on a second factor, nor change "
                "their profile in Directus."
            ),
        )
    )


def _summary(plan: Plan) -> str:
    if not plan.changes and plan.token_missing:
        return "Directus needs no changes, but the site has no service token."
    if not plan.changes:
        return "Directus needs no changes."
    new = sum(change.verb == CREATE for change in plan.changes)
    changed = len(plan.changes) - new
    parts = [
        f"{new} to create",
        f"{changed} to change",
    ]
    return f"{', '.join(parts)}, nothing to delete."
