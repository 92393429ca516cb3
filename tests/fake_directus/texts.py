"""/translations, for the site itself; `directus_translations.read` in `lacks`: not."""

import json

from . import answers
from .answers import Answer, data
from .asked import Asked, Caller
from .state import State

COLLECTION = "directus_translations"
READABLE = ("key", "language", "value")


def translations(state: State, asked: Asked, caller: Caller | None) -> Answer:
    """GET /translations: all rows, or those with certain keys."""
    is_site = caller is not None and caller.is_service
    if not is_site or f"{COLLECTION}.read" in state.lacks:
        raise answers.forbidden_collection(COLLECTION)
    names = asked.query["fields"].split(",")
    for name in names:
        if name not in READABLE:
            raise answers.forbidden_field(name, COLLECTION)
    assert asked.query["limit"] == "-1"
    rows = state.translations
    if "filter" in asked.query:
        wanted = json.loads(asked.query["filter"])["key"]["_in"]
        rows = [row for row in rows if row["key"] in wanted]
    return data([{name: row[name] for name in names} for row in rows])
