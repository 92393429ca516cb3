"""One change of Directus, as a call."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from .state import Row

CREATE, UPDATE = "create", "update"


@dataclass(frozen=True)
class Change:
    """One call that changes Directus.

    Attributes:
        kind: role, policy, access, folder, field, collection, relation, texts,
            permission, settings, user, flow or operation.
        name: the object's name, for messages.
        values: the body of the call.
        rows: the body of a call that creates several objects, instead of `values`.
        before: the present values of the same keys; empty for a new object.
        needs_token: whether a new token is added to the values.
        hidden: the key whose value is secret.
    """

    verb: str
    kind: str
    name: str
    path: str
    values: Row
    before: Row = field(default_factory=dict)
    needs_token: bool = False
    hidden: str = ""
    rows: list[Row] = field(default_factory=list)


def update(kind: str, name: str, path: str, row: Row, values: Row) -> Iterator[Change]:
    """Yield the change to a present row, if any of the values differs."""
    changed = {
        key: value for key, value in values.items() if not _same(row.get(key), value)
    }
    if changed:
        before = {key: row.get(key) for key in changed}
        yield Change(UPDATE, kind, name, path, changed, before)


def _same(present: Any, value: Any) -> bool:
    """Return whether two values mean the same: no rule equals an empty rule."""
    return (present or None) == (value or None) if _is_rule(value) else present == value


def _is_rule(value: Any) -> bool:
    return value is None or isinstance(value, dict)
