"""Items of collections: rows that operators' own collections hold.

Updates and deletions are by query, never by path: the filter names the row and its
owner, so that another row is not found instead of being refused. Directus checks no
permission on the fields of such a filter; it is never made from a visitor's values.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from .answers import as_list, as_object
from .calls import DONE, Call, Repeat
from .exceptions import DirectusUnavailable
from .plain import PlainClient

Rule = Mapping[str, Any]
Row = dict[str, Any]
# The fields by action; `*` for all.
Rights = dict[str, frozenset[str]]
_ALWAYS = Repeat.ALWAYS
_NAME = r"[A-Za-z_][A-Za-z0-9_]{0,62}"
_COLLECTION = re.compile(rf"(?!(?i:directus_)){_NAME}")
_FIELD = re.compile(_NAME)
# Through relations; no functions, no `*`.
_FIELD_PATH = re.compile(rf"{_NAME}(\.{_NAME}){{0,4}}")
_SORT = re.compile(rf"-?{_FIELD_PATH.pattern}")
_LOGICAL = {"_and", "_or"}
_OPERATOR = re.compile(r"_[a-z_]{1,30}")
# What one call deletes at most.
DELETED_AT_ONCE = 100


@dataclass(frozen=True)
class ItemPage:
    """Some rows of a collection, and how many there are in all, if that was asked."""

    rows: list[Row] = field(repr=False)
    count: int | None = None


class ItemsClient(PlainClient):
    """Reads and writes rows of collections.

    All methods raise ValueError for a name that no collection or field may have, for
    one of Directus' own tables, and for a value that would write a related row.
    """

    def list_items(
        self,
        collection: str,
        *,
        fields: Sequence[str],
        rule: Rule,
        sort: Sequence[str] = (),
        limit: int,
        offset: int = 0,
        counts: bool = False,
        whole: Sequence[str] = (),
    ) -> ItemPage:
        """Return rows that match a filter, and their number if `counts`.

        Args:
            whole: fields with several related rows, of which all are read. Of others
                Directus sends 100 rows.

        Raises:
            Forbidden: the collection, or one of the fields, may not be read.
        """
        params = {
            "fields": ",".join(_checked(_FIELD_PATH, fields)),
            "filter": json.dumps(checked_rule(rule)),
            "limit": str(limit),
            "offset": str(offset),
        }
        if sort:
            params["sort"] = ",".join(_checked(_SORT, sort))
        if whole:
            names = _checked(_FIELD, whole)
            params["deep"] = json.dumps({name: {"_limit": -1} for name in names})
        if counts:
            params["meta"] = "filter_count"
        call = Call("GET", _path(collection), params, large=True, repeat=_ALWAYS)
        payload = self._answer_signed(call).payload
        rows = _rows(payload, {path.partition(".")[0] for path in fields}, limit)
        return ItemPage(rows, _count(payload) if counts else None)

    def create_item(
        self, collection: str, values: Mapping[str, Any], *, key: str = "id"
    ) -> Any:
        """Create a row; return its key, or None if it may not be read.

        Raises:
            InvalidPayload: `errors` says which values are refused.
            Forbidden: the row, or one of the fields, may not be written.
        """
        params = {"fields": checked_field(key)}
        body = checked_values(values)
        row = self._ask_signed(
            Call("POST", _path(collection), params, body, expected=DONE)
        )
        return None if row is None else _key(row, key)

    def update_items(
        self, collection: str, rule: Rule, values: Mapping[str, Any], *, key: str = "id"
    ) -> list[Any]:
        """Change the rows that match a filter; return their keys.

        Raises:
            InvalidPayload: `errors` says which values are refused.
            Forbidden: a row, or one of the fields, may not be written.
        """
        query = {"filter": checked_rule(rule)}
        body = {"query": query, "data": checked_values(values)}
        params = {"fields": checked_field(key)}
        rows = as_list(
            self.patch(_path(collection), body, params=params), "PATCH /items"
        )
        return [_key(row, key) for row in rows]

    def delete_items(self, collection: str, rule: Rule) -> None:
        """Delete the rows that match a filter; none is no error.

        One call deletes DELETED_AT_ONCE rows at most.

        Raises:
            Forbidden: a row may not be deleted.
        """
        query = {"filter": checked_rule(rule), "limit": DELETED_AT_ONCE}
        self.delete(_path(collection), {"query": query})

    def describe_fields(self, collection: str) -> list[dict[str, Any]]:
        """Return Directus' descriptions of the fields that the caller may read.

        Raises:
            Forbidden: the caller may not read descriptions, or there are none.
        """
        rows = as_list(
            self._read(f"/fields/{checked_collection(collection)}", large=True),
            "GET /fields",
        )
        return [as_object(row) for row in rows]

    def read_relations(self) -> list[dict[str, Any]]:
        """Return Directus' descriptions of the relations whose fields may be read.

        Raises:
            Forbidden: the caller may not read relations.
        """
        rows = as_list(self._read("/relations", large=True), "GET /relations")
        return [as_object(row) for row in rows]

    def own_rights(self) -> dict[str, Rights] | None:
        """Return what the caller may do in some rows or all, by collection.

        None on version 10, which does not say it.
        """
        call = Call("GET", "/permissions/me", expected=DONE, repeat=_ALWAYS, large=True)
        rights = self._ask_signed(call)
        if rights is None or rights == []:
            return None
        return {name: _allowed(each) for name, each in as_object(rights).items()}

    def rights_on_item(self, collection: str, pk: Any) -> frozenset[str]:
        """Return whether the caller may update and delete a row; from version 11 on."""
        path = f"/permissions/me/{checked_collection(collection)}"
        rights = as_object(self._read(f"{path}/{quote(str(pk), safe='')}"))
        return frozenset(
            action
            for action in ("update", "delete")
            if as_object(rights.get(action)).get("access") is True
        )

    def rules_of(self, collection: str) -> list[tuple[str, Rule]]:
        """Return the rules of all permissions on a collection: an action, a filter.

        Raises:
            Forbidden: the caller may not read permissions.
        """
        rule = {"collection": {"_eq": checked_collection(collection)}}
        params = {"fields": "action,permissions", "filter": json.dumps(rule)}
        rows = as_list(
            self._read("/permissions", params | {"limit": "-1"}, large=True),
            "GET /permissions",
        )
        found = map(as_object, rows)
        return [(str(row.get("action")), row.get("permissions") or {}) for row in found]


def checked_collection(name: str) -> str:
    """Return the name of a collection. Raises ValueError if it cannot be one."""
    if not _COLLECTION.fullmatch(name):
        raise ValueError("not the name of a collection")
    return name


def checked_field(name: str) -> str:
    """Return the name of a field. Raises ValueError if it cannot be one."""
    return _checked(_FIELD, [name])[0]


def checked_rule(rule: Rule) -> Rule:
    """Return a filter. Raises ValueError if a name in it cannot be a field's."""
    for name, condition in rule.items():
        if name in _LOGICAL:
            for each in condition:
                checked_rule(each)
            continue
        if not _OPERATOR.fullmatch(name):
            checked_field(name)
        if isinstance(condition, Mapping):
            checked_rule(condition)
    return rule


def checked_values(values: Mapping[str, Any]) -> Row:
    """Return the values of a row.

    Raises:
        ValueError: a name cannot be a field's, or a value is an object: Directus would
            write it into the related row.
    """
    for name, value in values.items():
        checked_field(name)
        parts = value if isinstance(value, (list, tuple)) else [value]
        if any(isinstance(part, (Mapping, list, tuple)) for part in parts):
            raise ValueError("an object as a value")
    return dict(values)


def _checked(pattern: re.Pattern[str], names: Iterable[str]) -> list[str]:
    names = list(names)
    if not names or not all(pattern.fullmatch(name) for name in names):
        raise ValueError("not the name of a field")
    return names


def _path(collection: str) -> str:
    return f"/items/{checked_collection(collection)}"


def _rows(payload: Any, names: set[str], most: int) -> list[Row]:
    """Return the rows of an answer; each has all fields, and there are not too many."""
    rows = payload.get("data") if isinstance(payload, dict) else None
    if not isinstance(rows, list) or len(rows) > most:
        raise DirectusUnavailable("GET /items: not a page of rows")
    if not all(names <= as_object(row).keys() for row in rows):
        raise DirectusUnavailable("GET /items: a field is missing")
    return rows


def _count(payload: Any) -> int:
    try:
        # PostgreSQL's may come as a text.
        count = int(payload["meta"]["filter_count"])
    except (TypeError, LookupError, ValueError):
        count = -1
    if count < 0:
        raise DirectusUnavailable("GET /items: no count")
    return count


def _key(row: Any, key: str) -> str | int:
    value = as_object(row).get(key)
    if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
        raise DirectusUnavailable("/items: a row without a key")
    return value


def _fields(names: Any) -> frozenset[str]:
    names = names if isinstance(names, list) else []
    return frozenset(name for name in names if isinstance(name, str))


def _allowed(rights: Any) -> Rights:
    """Return the actions that are allowed for some rows, or for all."""
    actions = as_object(rights).items()
    return {
        action: _fields(right.get("fields"))
        for action, right in actions
        if isinstance(right, dict) and right.get("access") in {"partial", "full"}
    }
