"""Descriptions of fields by name, read once for a request."""

from accounts.own_data import Description, describe
from config.request import AuthenticatedRequest

Described = dict[str, Description]
KEPT = "_items_described"


def described(request: AuthenticatedRequest, collection: str) -> Described:
    """Return the descriptions of a collection's fields.

    Raises:
        Forbidden: none may be read.
        TryLater: Directus does not answer, and no description is cached.
    """
    kept: dict[str, Described] = request.__dict__.setdefault(KEPT, {})
    if collection not in kept:
        found = describe(request, collection)
        kept[collection] = {field.name: field for field in found}
    return kept[collection]
