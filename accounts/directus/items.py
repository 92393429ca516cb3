"""Items of collections: rows that operators' own collections hold.

Updates and deletions are by query, never by path: the filter names the row and its
owner, so that another row is not found instead of being refused. Directus checks no
permission on the fields of such a filter; it is never made from a visitor's values.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .answers import as_object
from .calls import DONE, Call, Repeat
from .exceptions import DirectusUnavailable
from .plain import PlainClient

Rule = Mapping[str, Any]
Row = dict[str, Any]
_ALWAYS = Repeat.ALWAYS
_COLLECTION = re.compile(r"(?!directus_)[A-Za-z_][A-Za-z0-9_]{0,62}")


@dataclass(frozen=True)
class ItemPage:
    """Some rows of a collection, and how many there are in all, if that was asked."""

    rows: list[Row] = field(repr=False)
    count: int | None = None


class ItemsClient(PlainClient):
    """Reads and writes rows of collections. All methods raise ValueError for a name
    that no collection may have; those of Directus' own tables are refused."""

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
    ) -> ItemPage:
        """Return rows that match a filter, and their number if `counts`.

        Raises:
            Forbidden: the collection, or one of the fields, may not be read.
        """
        params = {
            "fields": ",".join(fields),
            "filter": json.dumps(rule),
            "limit": str(limit),
            "offset": str(offset),
        }
        if sort:
            params["sort"] = ",".join(sort)
        if counts:
            params["meta"] = "filter_count"
        call = Call("GET", _path(collection), params, large=True, repeat=_ALWAYS)
        payload = self._answer_signed(call).payload
        return ItemPage(_rows(payload), _count(payload) if counts else None)

    def create_item(
        self, collection: str, values: Mapping[str, Any], *, key: str = "id"
    ) -> Any:
        """Create a row; return its key, or None if it may not be read.

        Raises:
            InvalidPayload: `errors` says which values are refused.
            Forbidden: the row, or one of the fields, may not be written.
        """
        call = Call(
            "POST", _path(collection), {"fields": key}, dict(values), expected=DONE
        )
        row = self._ask_signed(call)
        return None if row is None else as_object(row).get(key)

    def update_items(
        self, collection: str, rule: Rule, values: Mapping[str, Any], *, key: str = "id"
    ) -> list[Any]:
        """Change the rows that match a filter; return their keys.

        Raises:
            InvalidPayload: `errors` says which values are refused.
            Forbidden: a row, or one of the fields, may not be written.
        """
        body = {"query": {"filter": rule}, "data": dict(values)}
        rows = self.patch(_path(collection), body, params={"fields": key})
        if not isinstance(rows, list):
            raise DirectusUnavailable("PATCH /items: not a list")
        return [as_object(row).get(key) for row in rows]

    def delete_items(self, collection: str, rule: Rule) -> None:
        """Delete the rows that match a filter; none is no error."""
        self.delete(_path(collection), {"query": {"filter": rule}})

    def describe_fields(self, collection: str) -> list[dict[str, Any]]:
        """Return Directus' descriptions of the fields that the caller may read."""
        rows = self._read(f"/fields/{checked_collection(collection)}", large=True)
        if not isinstance(rows, list):
            raise DirectusUnavailable("GET /fields: not a list")
        return [as_object(row) for row in rows]

    def own_rights(self) -> dict[str, Any]:
        """Return what the caller may do, by collection and action; {} on version 10."""
        return as_object(self._read("/permissions/me", large=True) or {})


def checked_collection(name: str) -> str:
    """Return the name of a collection. Raises ValueError if it cannot be one."""
    if not _COLLECTION.fullmatch(name):
        raise ValueError("not the name of a collection")
    return name


def _path(collection: str) -> str:
    return f"/items/{checked_collection(collection)}"


def _rows(payload: Any) -> list[Row]:
    rows = payload.get("data") if isinstance(payload, dict) else None
    if not isinstance(rows, list):
        raise DirectusUnavailable("GET /items: not a list")
    return [as_object(row) for row in rows]


def _count(payload: Any) -> int:
    try:
        return int(payload["meta"]["filter_count"])
    except (TypeError, LookupError, ValueError):
        raise DirectusUnavailable("GET /items: no count") from None
