"""Junction collections of lists of files, as Directus' own app makes them."""

from ...directus.declared import Payload
from .shape import FILES, Row

FILE, ORDER = "directus_files_id", "sort"
# A link goes with the row or with the file.
GONE = {"one_deselect_action": "delete"}
CASCADE: Row = {"on_delete": "CASCADE"}


def back_field(name: str) -> str:
    """Return the field of a junction collection that points at the row."""
    return f"{name}_id"


def fields(name: str, key: Payload) -> dict[str, Payload]:
    """Return the payloads of the fields of a junction collection, beside its key.

    Args:
        name: the collection with the list of files.
        key: the payload of its primary key.
    """
    hidden = {"hidden": True}
    return {
        back_field(name): {"type": key["type"], "meta": hidden, "schema": {}},
        FILE: {"type": "uuid", "meta": hidden, "schema": {}},
        ORDER: {"type": "integer", "meta": hidden, "schema": {}},
    }


def relations(junction: str, name: str, field: str) -> list[Row]:
    """Return the relations of a junction collection."""
    back = back_field(name)
    to_row = {"one_field": field, "junction_field": FILE, "sort_field": ORDER}
    return [
        {
            "collection": junction,
            "field": one,
            "related_collection": other,
            "meta": {**meta, **GONE},
            "schema": CASCADE,
        }
        for one, other, meta in (
            (back, name, to_row),
            (FILE, FILES, {"junction_field": back}),
        )
    ]
