"""The state of a row that two buttons choose: a draft, or ready.

Its values come from the declaration; a request only names the button.
"""

from collections.abc import Mapping
from typing import Any

from .collection import Collection

FIELD = "save-as"
DRAFT = "draft"


def created_state(collection: Collection, sent: Mapping[str, Any]) -> dict[str, Any]:
    """Return the state of a new row, as the field and its value; {} for the default."""
    if not collection.has_drafts():
        return {}
    is_draft = sent.get(FIELD) == DRAFT
    value = collection.draft_value if is_draft else collection.ready_value
    return {} if value is None else {collection.status_field: value}


def changed_state(
    collection: Collection, item: Mapping[str, Any], sent: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the new state of a draft, as the field and its value; {} if it stays."""
    if not is_draft(collection, item):
        return {}
    if sent.get(FIELD) == DRAFT or collection.ready_value is None:
        return {}
    return {collection.status_field: collection.ready_value}


def is_draft(collection: Collection, item: Mapping[str, Any]) -> bool:
    """Tell whether a row is a draft."""
    if not collection.has_drafts():
        return False
    return bool(item.get(collection.status_field) == collection.draft_value)
