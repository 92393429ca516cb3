"""Lists of files: fields with several files, which staff choose in Directus.

Directus keeps them in a junction collection. A row that is read has their ids.
"""

from collections.abc import Iterable, Mapping
from typing import Any, TypeGuard

from django.utils.crypto import constant_time_compare, salted_hmac

from accounts.own_data import Description

SALT = "items.file_lists"


def is_file_list(description: Description | None) -> TypeGuard[Description]:
    """Return whether a field holds a list of files."""
    return description is not None and description.is_file_list


def file_lists(described: Mapping[str, Description]) -> dict[str, Description]:
    """Return the descriptions of the fields that hold lists of files, by name."""
    return {name: each for name, each in described.items() if each.is_file_list}


def with_ids(
    row: Mapping[str, Any], lists: Mapping[str, Description]
) -> dict[str, Any]:
    """Return a row that has the ids of files instead of rows of junction collections.

    A deleted file leaves a row without an id, which is left out.

    Args:
        lists: the descriptions of the fields that hold lists of files.
    """
    ids = {
        name: _ids_in(row[name], each.file_key)
        for name, each in lists.items()
        if name in row
    }
    return {**row, **ids}


def _ids_in(rows: Any, key: str) -> list[str]:
    rows = rows if isinstance(rows, list) else []
    found = (row.get(key) for row in rows if isinstance(row, Mapping))
    return list(dict.fromkeys(each for each in found if isinstance(each, str)))


def digest(collection: str, pk: Any, field: str, file_id: str) -> str:
    """Return the part of a file's address that stands for its id."""
    text = "\n".join((collection, str(pk), field, file_id))
    return salted_hmac(SALT, text, algorithm="sha256").hexdigest()[:20]


def find_by_digest(
    collection: str, pk: Any, field: str, ids: Iterable[str], wanted: str
) -> str | None:
    """Return the id of a row's file that an address means; None if it has none."""
    for file_id in ids:
        if constant_time_compare(digest(collection, pk, field, file_id), wanted):
            return file_id
    return None
