"""A collection with drafts and buttons, without the time of changes."""

from config.urls import urlpatterns as site
from items.actions import Action
from items.collection import Collection
from items.urls import item_paths
from items.views import ItemDeleteView

notes = Collection(
    "notes",
    owner="owner",
    list_fields=["title", "status", "pinned", "tags"],
    create_fields=["title", "pinned", "tags"],
    update_fields=["title", "pinned", "tags"],
    can_delete=True,
    changed_at="",
    label_plural="Notes",
    status_field="status",
    draft_value="draft",
    ready_value="open",
    actions=[
        Action(
            "close",
            field="status",
            value="closed",
            label="Close",
            when={"status": ["open", "answered"]},
        )
    ],
)
FIELDS = {
    "owner": {"type": "uuid", "schema": {"foreign_key_table": "directus_users"}},
    "title": {"type": "string", "required": True},
    "pinned": "boolean",
    "tags": {
        "type": "json",
        "interface": "select-multiple-checkbox",
        "options": {"choices": [{"text": t, "value": t} for t in ("red", "blue")]},
    },
    "status": "string",
}


class NoteDelete(ItemDeleteView):
    collection = notes

    def get_query(self, fields):
        """Closed notes stay."""
        return super().get_query(fields).filter({"status": {"_neq": "closed"}})


# First: the site may have notes of its own, as in docs/building.md.
urlpatterns = [*item_paths("notes", notes, NoteDelete), *site]
