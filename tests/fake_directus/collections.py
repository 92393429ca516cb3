"""Collections of operators, their fields and rows, and the rights to them."""

import uuid
from dataclasses import dataclass, field
from typing import Any

KEY = "id"
# The types of columns by the names that tests use most.
MADE_BY_DIRECTUS = {"date-created", "date-updated", "user-created", "user-updated"}
ALL = frozenset({"*"})


@dataclass(frozen=True)
class Junction:
    """The collection behind a list of files: a row for each link.

    Its field `back` points at the row with the list, `file_key` at a file; `order` is
    empty if staff do not order the list.
    """

    name: str
    field: str
    parent: str
    back: str
    file_key: str
    order: str = ""

    def relation(self) -> dict[str, Any]:
        """Return the relation as /relations tells it."""
        meta = {
            "one_field": self.field,
            "junction_field": self.file_key,
            "sort_field": self.order or None,
        }
        return {
            "collection": self.name,
            "field": self.back,
            "related_collection": self.parent,
            "meta": meta,
        }


@dataclass
class FakeCollection:
    """A collection as `directus_setup` leaves it.

    `rights` are those of customers by action: the fields; an action that is missing is
    forbidden. `owner` names the field that rules compare with the caller; if it is
    empty, all users share the rows.
    """

    name: str
    fields: dict[str, dict[str, Any]]
    owner: str = ""
    rights: dict[str, frozenset[str]] = field(default_factory=dict)
    rows: list[dict[str, Any]] = field(default_factory=list)
    key: str = KEY
    # Rules of customers' permissions beside the owner's, by action.
    only: dict[str, dict[str, Any]] = field(default_factory=dict)
    # The junction collections of its lists of files, by field.
    lists: dict[str, Junction] = field(default_factory=dict)
    # Of a junction collection: its rows belong to the owners of these rows.
    junction: Junction | None = None

    def new_key(self) -> Any:
        """Return the key of the next row."""
        if self.fields[self.key]["type"] == "uuid":
            return str(uuid.uuid4())
        return max((row[self.key] for row in self.rows), default=0) + 1

    def target_of(self, name: str) -> str:
        """Return the collection that a field points at; empty if it is no relation."""
        schema = self.fields.get(name, {}).get("schema") or {}
        return schema.get("foreign_key_table") or ""

    def special(self, name: str) -> set[str]:
        """Return what Directus itself does with a field."""
        return set(self.fields[name]["meta"].get("special") or [])


def described(
    collection: str, name: str, type: str, *, schema: Any = None, **meta: Any
) -> dict[str, Any]:
    """Return a field as /fields describes it."""
    usual = {
        "max_length": 255 if type == "string" else None,
        "is_nullable": True,
        "default_value": None,
        "is_primary_key": name == KEY,
        "foreign_key_table": None,
    }
    shape = None if type == "alias" else usual | (schema or {})
    return {
        "collection": collection,
        "field": name,
        "type": type,
        "meta": {"interface": "input", "options": None, "required": False} | meta,
        "schema": shape,
    }
