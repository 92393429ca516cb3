"""Lists of files: fields that lead to files through a junction collection.

The description of such a field does not tell how the junction collection calls the id
of a file; the relations do.
"""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from ..core import clients
from ..directus import AuthenticationFailed, Forbidden
from . import cached
from .fields import Description

logger = logging.getLogger(__name__)

# The name that Directus' own app gives it.
USUAL_KEY = "directus_files_id"


def with_keys(collection: str, found: list[Description]) -> list[Description]:
    """Return descriptions in which lists of files have their `file_key`.

    Raises:
        TryLater: Directus does not answer, and no answer is cached.
    """
    if not any(each.is_file_list for each in found):
        return found
    keys = cached.get("file-keys", _read_keys)
    return [
        replace(each, file_key=keys.get(f"{collection}.{each.name}", USUAL_KEY))
        if each.is_file_list
        else each
        for each in found
    ]


def _read_keys() -> dict[str, str]:
    service = clients.service_client()
    try:
        rows = [] if service is None else service.read_relations()
    except (Forbidden, AuthenticationFailed):
        logger.warning(
            "The service token may not read relations, so lists of files are read by "
            "%s; run directus_setup to grant it",
            USUAL_KEY,
        )
        return {}
    return dict(_keys(rows))


def _keys(rows: Iterable[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    """Yield `<collection>.<field>` and the field of the junction collection."""
    for row in rows:
        meta = row.get("meta")
        meta = meta if isinstance(meta, dict) else {}
        name, key = meta.get("one_field"), meta.get("junction_field")
        if isinstance(name, str) and isinstance(key, str):
            yield f"{row.get('related_collection')}.{name}", key
