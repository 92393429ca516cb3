"""Files of the site in Directus."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO
from uuid import UUID

from .answers import as_list
from .calls import DONE, Call, Repeat, Upload
from .exceptions import DirectusUnavailable, Forbidden
from .plain import PlainClient

# The site serves only these types.
PICTURE_TYPES = frozenset({"image/png", "image/jpeg", "image/webp"})
UPLOAD_TIMEOUT = 15.0
DOWNLOAD_TIMEOUT = 60.0
_FACTS = "id,folder,title,type,filename_download,filesize"


@dataclass(frozen=True)
class StoredFile:
    """The row of a file."""

    id: UUID
    folder: str = ""
    title: str = ""
    media_type: str = ""
    # In downloads from Directus.
    name: str = ""
    # In bytes; None if Directus does not tell it.
    size: int | None = None


@dataclass(frozen=True)
class Picture:
    """The bytes of a picture, and one of PICTURE_TYPES."""

    content: bytes
    media_type: str


class FilesClient(PlainClient):
    """Stores, reads and deletes files."""

    def upload_file(self, upload: Upload) -> UUID:
        """Store a file; return its id.

        Raises:
            Forbidden: files may not be created, or may not be read, which hides the id.
            InvalidPayload: Directus refused the file.
        """
        call = Call(
            "POST",
            "/files",
            params={"fields": "id"},
            expected=DONE,
            timeout=UPLOAD_TIMEOUT,
            upload=upload,
        )
        row = self._ask_signed(call)
        if row is None:
            raise Forbidden(403, "FORBIDDEN", kind="read")
        return _id_of(row)

    def get_file(self, file_id: UUID) -> StoredFile:
        """Return the row of a file. Raises Forbidden if there is none."""
        row = self._read(f"/files/{file_id}", {"fields": _FACTS})
        return _stored(row)

    def find_files(
        self, folder: str, rule: Mapping[str, Any], *, limit: int
    ) -> list[StoredFile]:
        """Return the files of a folder that match a filter."""
        rules = [{"folder": {"_eq": folder}}, rule]
        params = {
            "fields": _FACTS,
            "filter": json.dumps({"_and": rules}),
            "limit": str(limit),
        }
        rows = as_list(self._read("/files", params, large=True), "GET /files")
        return [_stored(row) for row in rows]

    def download_file(self, file_id: UUID, into: BinaryIO, *, preset: str = "") -> str:
        """Write a file to another one; return its type as Directus tells it.

        Args:
            preset: the key of a smaller version of a picture.

        Raises:
            DirectusUnavailable: the file is too large.
            Forbidden: it may not be read, or does not exist.
        """
        call = Call(
            "GET",
            f"/assets/{file_id}",
            {"key": preset} if preset else None,
            repeat=Repeat.ALWAYS,
            timeout=DOWNLOAD_TIMEOUT,
            into=into,
        )
        return self._answer_signed(call).media_type

    def download_picture(self, file_id: UUID) -> Picture:
        """Return a picture.

        Raises:
            DirectusUnavailable: the file is too large, or no picture.
            Forbidden: it may not be read, or does not exist.
        """
        call = Call(
            "GET",
            f"/assets/{file_id}",
            repeat=Repeat.ALWAYS,
            large=True,
            media_types=PICTURE_TYPES,
        )
        answer = self._answer_signed(call)
        return Picture(answer.payload, answer.media_type)

    def delete_files(self, file_ids: Sequence[UUID]) -> None:
        """Delete files. Raises Forbidden if one of them is not there."""
        self.delete("/files", [str(file_id) for file_id in file_ids])

    def delete_file(self, file_id: UUID) -> None:
        """Delete a file. Raises Forbidden if there is none."""
        self.delete(f"/files/{file_id}")


def _stored(row: Any) -> StoredFile:
    file_id = _id_of(row)
    return StoredFile(
        file_id,
        folder=_text(row.get("folder")),
        title=_text(row.get("title")),
        media_type=_text(row.get("type")),
        name=_text(row.get("filename_download")),
        size=_whole(row.get("filesize")),
    )


def _id_of(row: Any) -> UUID:
    try:
        return UUID(row["id"])
    except (TypeError, LookupError, ValueError, AttributeError):
        raise DirectusUnavailable("a file has no id") from None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _whole(value: Any) -> int | None:
    # PostgreSQL's may come as a text.
    return int(value) if str(value).isdecimal() else None
