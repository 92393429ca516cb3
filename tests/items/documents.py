"""A collection with fields for files, its views and its addresses."""

from typing import Any

from accounts.directus.ids import DEFAULT
from config.urls import urlpatterns as site
from items.collection import Collection
from items.urls import item_paths
from tests.fake_directus import FakeDirectus
from tests.fake_directus.collections import FakeCollection
from tests.fake_directus.files import FakeFile

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
    # Staff choose any number of files.
    "photos": {"type": "alias", "interface": "files", "special": ["files"]},
    "records": {"type": "alias", "interface": "files", "special": ["files"]},
    "date_updated": {"type": "timestamp", "special": ["date-updated"]},
}
# The names of columns in junction collections are those of the app, or others.
LISTS: dict[str, dict[str, str]] = {
    "photos": {"file_key": "directus_files_id", "order": "sort"},
    "records": {"file_key": "thing", "order": ""},
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
    list_fields=["title", "photo", "photos"],
    detail_fields=["paper", "report", "records"],
    create_fields=["title", "photo", "paper"],
    update_fields=["title", "photo", "paper"],
    can_delete=True,
    label="Document",
    label_plural="Documents",
)


def add_to(directus: FakeDirectus) -> FakeCollection:
    """Add the collection and the junction collections of its lists to the fake."""
    made = directus.add_collection("documents", FIELDS, owner="owner", rights=RIGHTS)
    for name, columns in LISTS.items():
        directus.add_file_list("documents", name, **columns)
    return made


class FakeDocuments:
    """The collection in the fake, with the verbs of RealDocuments."""

    def __init__(self, directus: FakeDirectus) -> None:
        self._directus = directus
        self.add_item = directus.add_item
        self.items_of = directus.items_of
        self.change_item = directus.change_item
        add_to(directus)

    def add_file(self, content: bytes, name: str, kind: str) -> str:
        """Store a file in the folder as staff do; return its id."""
        folder = DEFAULT.items_folder("documents")
        file = FakeFile(content, name, kind, folder=folder, title=name)
        self._directus.state.files[file.id] = file
        return file.id

    def link(self, name: str, pk: Any, *file_ids: str | None) -> None:
        """Add files to a list of a row, in this order."""
        columns = LISTS[name]
        for place, file_id in enumerate(file_ids):
            row = {"documents_id": pk, columns["file_key"]: file_id}
            row |= {columns["order"]: place} if columns["order"] else {}
            self.add_item(f"documents_{name}", **row)


urlpatterns = [*site, *item_paths("documents", documents)]
