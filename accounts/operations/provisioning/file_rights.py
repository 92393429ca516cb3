"""The site's permissions on files: profile photos, and files of customers' rows."""

from collections.abc import Sequence

from ...directus.ids import SiteIds
from .permission import Permission, reads, service

# Version 10 deletes a file only if `filename_disk` is readable.
FILE = (
    "id",
    "title",
    "type",
    "filesize",
    "width",
    "height",
    "folder",
    "storage",
    "filename_disk",
    "filename_download",
)


def keeps_files(own: SiteIds, collections: Sequence[str] = ()) -> list[Permission]:
    """Return the permissions on files, which lie in folders of the site.

    There is none to replace a file: Directus requires `filename_disk` to be writable
    for that, which gives access to every file in the storage. Another photo is a new
    file.

    Args:
        collections: those whose rows have files, in a folder for each.
    """
    folders = [own.picture_folder, *map(own.items_folder, collections)]
    ours = {"_in": folders} if collections else {"_eq": own.picture_folder}
    folder = {"folder": ours}
    return [
        reads("directus_folders", ["id", "name"], {"id": ours}),
        reads("directus_files", list(FILE), folder),
        service(
            "create",
            "directus_files",
            ["title", "filename_download", "type", "storage", "folder"],
            permissions=None,
            validation={"_and": [{"folder": {"_nnull": True}}, folder]},
            presets={"folder": own.picture_folder},
            forbidden=frozenset({"*", "id", "filename_disk"}),
        ),
        service("delete", "directus_files", ["*"], permissions=folder),
    ]
