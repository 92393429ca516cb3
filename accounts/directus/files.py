"""Files that the site keeps in Directus."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from .calls import DONE, Call, Repeat, Upload
from .exceptions import DirectusUnavailable, Forbidden
from .plain import PlainClient

# What the site serves; anything else that Directus may hold stays there.
PICTURE_TYPES = frozenset({"image/png", "image/jpeg", "image/webp"})
UPLOAD_TIMEOUT = 15.0
_FACTS = "id,folder,title,type"


@dataclass(frozen=True)
class StoredFile:
    """What Directus tells about a file."""

    id: UUID
    folder: str = ""
    title: str = ""
    media_type: str = ""


@dataclass(frozen=True)
class Picture:
    """The bytes of a picture, and one of PICTURE_TYPES."""

    content: bytes
    media_type: str


class FilesClient(PlainClient):
    """Stores, reads and deletes files."""

    def upload_file(self, upload: Upload) -> UUID:
        """Store a file and return its id.

        Raises:
            Forbidden: files may not be created, or not read, which hides the id.
            InvalidPayload: Directus does not take this file.
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
        """Return what is known about a file. Raises Forbidden when there is none."""
        row = self._read(f"/files/{file_id}", {"fields": _FACTS})
        return StoredFile(
            _id_of(row),
            folder=_text(row.get("folder")),
            title=_text(row.get("title")),
            media_type=_text(row.get("type")),
        )

    def download_picture(self, file_id: UUID) -> Picture:
        """Return a picture.

        Raises:
            DirectusUnavailable: it is too long, or no picture.
            Forbidden: it may not be read, or is not there.
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

    def delete_file(self, file_id: UUID) -> None:
        """Delete a file. Raises Forbidden when there is none."""
        self.delete(f"/files/{file_id}")


def _id_of(row: Any) -> UUID:
    try:
        return UUID(row["id"])
    except (TypeError, LookupError, ValueError, AttributeError):
        raise DirectusUnavailable("a file has no id") from None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
