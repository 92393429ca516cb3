"""The changes that make what declared collections lack."""

from collections.abc import Iterator

from .blueprints import Wanted, missing_texts, new_collection, numbered
from .changes import CREATE, Change
from .state import State
from .wanted import Options


def collections(state: State, options: Options) -> Iterator[Change]:
    """Yield the changes: collections, fields, relations and texts, in this order."""
    wishes = Wanted(options)
    for name, fields in wishes.missing(state.shape).items():
        if name not in state.shape.fields:
            values = new_collection(name, fields, wishes.makeable[name].meta)
            yield Change(CREATE, "collection", name, "/collections", values)
            continue
        order = wishes.fields.get(name, fields)
        places = {field: place for place, field in enumerate(order)}
        for field, payload in fields.items():
            values = numbered(field, payload, places[field])
            path = f"/fields/{name}"
            yield Change(CREATE, "item field", f"{name}.{field}", path, values)
    for values in wishes.missing_relations(state.shape):
        text = f"{values['collection']}.{values['field']} → "
        text += values["related_collection"]
        yield Change(CREATE, "relation", text, "/relations", values)
    if rows := missing_texts(wishes.texts, state.texts):
        keys = ", ".join(dict.fromkeys(row["key"] for row in rows))
        yield Change(CREATE, "texts", keys, "/translations", {}, rows=rows)
