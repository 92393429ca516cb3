"""A collection with fields for files, its views and its addresses."""

from typing import Any

from config.urls import urlpatterns as site
from items.collection import Collection
from items.urls import item_paths

FILE = {"type": "uuid", "special": ["file"]}
POINTS = {"schema": {"foreign_key_table": "directus_files"}}
FIELDS: dict[str, Any] = {
    "owner": {"type": "uuid", "schema": {"foreign_key_table": "directus_users"}},
    "title": {"type": "string", "required": True},
    "photo": FILE | POINTS | {"interface": "file-image"},
    "paper": FILE | POINTS | {"interface": "file"},
    # Staff upload it.
    "report": FILE | POINTS | {"interface": "file"},
    # No page shows it.
    "draft": FILE | POINTS | {"interface": "file"},
    "date_updated": {"type": "timestamp", "special": ["date-updated"]},
}
WRITABLE = {"owner", "title", "photo", "paper"}
RIGHTS = {
    "read": {"id", *FIELDS},
    "create": WRITABLE,
    "update": WRITABLE - {"owner"},
    "delete": set[str](),
}

documents = Collection(
    "documents",
    owner="owner",
    list_fields=["title", "photo"],
    detail_fields=["paper", "report"],
    create_fields=["title", "photo", "paper"],
    update_fields=["title", "photo", "paper"],
    can_delete=True,
    label="Document",
    label_plural="Documents",
)

urlpatterns = [*site, *item_paths("documents", documents)]
