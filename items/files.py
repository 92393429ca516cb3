"""Store the files of a form before its row is written, and tidy up after it."""

from collections.abc import Mapping
from typing import Any, TypeGuard
from uuid import UUID

from django.template.loader import render_to_string

from accounts.directus import DirectusUnavailable
from accounts.own_data import Description, NotAPicture, acts_as_customer, item_files
from config.request import AuthenticatedRequest

from .collection import Collection
from .file_lists import is_file_list


class FileRefused(ValueError):
    """A file cannot be stored; the text is for the user.

    Attributes:
        field: the name of its field.
    """

    def __init__(self, field: str, text: str) -> None:
        super().__init__(text)
        self.field = field


class FileChanges:
    """The files of a form, around the call that writes its row.

        with FileChanges(request, collection, form.changes) as files:
            client.create_item(..., files.values)
            files.keep()

    Without `keep()` the new files are deleted again, unless the row may have been
    written.

    Args:
        changes: of the form; new files are values of type NewFile.
        before: the files of the row by field; replaced ones are deleted.

    Attributes:
        values: the changes with the ids of the stored files.
    """

    def __init__(
        self,
        request: AuthenticatedRequest,
        collection: Collection,
        changes: Mapping[str, Any],
        before: Mapping[str, Any] | None = None,
    ) -> None:
        self.values = dict(changes)
        self._request = request
        self._collection = collection.name
        self._before = before or {}
        self._new: list[UUID] = []
        self._is_kept = False

    def __enter__(self) -> "FileChanges":
        """Store the new files. Raises FileRefused, and errors of Directus."""
        try:
            for name, value in self.values.items():
                if isinstance(value, item_files.NewFile):
                    self.values[name] = self._store(name, value)
        except BaseException:
            self._discard(self._new)
            raise
        return self

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if not self._is_kept and not _may_be_written(error):
            self._discard(self._new)

    def keep(self) -> None:
        """Note that the row was written; delete the files that it had before."""
        self._is_kept = True
        replaced = [old for name, old in self._before.items() if name in self.values]
        self._discard(list(filter(None, map(as_id, replaced))))

    def _store(self, name: str, new: item_files.NewFile) -> str:
        try:
            found = item_files.store(self._request, self._collection, new)
        except NotAPicture as error:
            raise FileRefused(name, str(error)) from None
        self._new.append(found)
        return str(found)

    def _discard(self, ids: list[UUID]) -> None:
        if ids:
            item_files.discard(self._request, self._collection, ids)


def as_id(value: Any) -> UUID | None:
    """Return the id of a file; None if the value is none."""
    try:
        return UUID(value)
    except (TypeError, ValueError, AttributeError):
        return None


def files_of(
    row: Mapping[str, Any], described: Mapping[str, Description]
) -> dict[str, Any]:
    """Return the ids of the files of a row by field; of a list of files a list."""
    return {name: row[name] for name in row if has_files(described.get(name))}


def is_file(description: Description | None) -> TypeGuard[Description]:
    """Return whether a field holds a file."""
    return description is not None and description.is_file


def has_files(description: Description | None) -> bool:
    """Return whether a field holds a file or a list of files."""
    return is_file(description) or is_file_list(description)


def discard_files(
    request: AuthenticatedRequest, collection: Collection, *rows: Mapping[str, Any]
) -> None:
    """Delete the files of deleted rows.

    Args:
        rows: for each of them, the ids of its files by field.
    """
    values = [value for files in rows for value in files.values()]
    flat = [
        each for one in values for each in (one if isinstance(one, list) else [one])
    ]
    if ids := list(filter(None, map(as_id, flat))):
        item_files.discard(request, collection.name, ids)


def shown_file(description: Description, url: str, *, size: str = "medium") -> str:
    """Return a small picture, or a link to a file, as HTML.

    Args:
        url: of the file; empty if it has no address.
    """
    context = {
        "url": url,
        "label": description.label,
        "is_picture": description.interface == "file-image",
        "size": size,
    }
    return render_to_string("items/file.html", context)


def row_is_trusted(collection: Collection, name: str) -> bool:
    """Return whether customers cannot write a field of their rows in Directus itself.

    Raises:
        TryLater: Directus does not answer.
    """
    writable = {*collection.create_fields, *collection.update_fields}
    return name not in writable or not acts_as_customer()


def _may_be_written(error: BaseException | None) -> bool:
    return isinstance(error, DirectusUnavailable) and not error.never_sent
