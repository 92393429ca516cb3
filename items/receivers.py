"""The part of items in the export and the deletion of an account."""

from typing import Any
from uuid import UUID

from django.dispatch import receiver

from accounts.directus import DirectusClient, DirectusUnavailable
from accounts.own_data import client_for_deletion, item_files
from accounts.signals import user_deleting, user_exported
from config.request import AuthenticatedRequest

from .collection import DELETE, Collection, all_declared
from .query import ItemQuery

# Rows of an export that one call reads.
PAGE_SIZE = 500


@receiver(user_exported)
def export_items(sender, user, request, **kwargs):
    """Return the customer's rows of all collections, with their declared fields.

    With the site's token there would be more, such as internal notes: the declaration
    says which fields customers see.
    """
    found = {each.name: _rows(request, each) for each in all_declared()}
    return {"items": found} if found else {}


@receiver(user_deleting)
def delete_items(sender, user, **kwargs):
    """Delete the customer's rows and files of collections with `on_delete=DELETE`.

    With the site's token: the customer may be gone, and their session ended.
    """
    for collection in all_declared():
        if collection.on_delete == DELETE:
            _delete(client_for_deletion(), collection, user.mirrored_id)
            item_files.delete_all(collection.name, user.mirrored_id)


def _rows(
    request: AuthenticatedRequest, collection: Collection
) -> list[dict[str, Any]]:
    query = ItemQuery(request, collection, collection.exported_fields)
    return [dict(item) for item in query.all(PAGE_SIZE)]


def _delete(client: DirectusClient, collection: Collection, owner: UUID) -> None:
    """Delete the rows of a user, some with each call.

    The deletion comes before the look at what is left: a token that reads no rows
    would see none, while the deletion is refused.
    """
    name, key = collection.name, collection.key
    owned, before = {collection.owner: {"_eq": str(owner)}}, None
    while True:
        client.delete_items(name, owned)
        left = client.list_items(name, fields=[key], rule=owned, limit=1, counts=True)
        if not left.rows:
            return
        if before is not None and (left.count or 0) >= before:
            raise DirectusUnavailable(f"rows of {name} are not deleted")
        before = left.count
