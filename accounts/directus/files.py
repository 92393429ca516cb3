"""Files of the site in Directus."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from .calls import DONE, Call, Repeat, Upload
from .exceptions import DirectusUnavailable, Forbidden
from .plain import PlainClient

# The site serves only these types.
PICTURE_TYPES = frozenset({"image/png", "image/jpeg", "image/webp"})
UPLOAD_TIMEOUT = 15.0
_FACTS = "id,folder,title,type"


@dataclass(frozen=True)
class StoredFile:
    """The row of a file."""

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
        return StoredFile(
            _id_of(row),
            folder=_text(row.get("folder")),
            title=_text(row.get("title")),
            media_type=_text(row.get("type")),
        )

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

    def delete_file(self, file_id: UUID) -> None:
        """Delete a file. Raises Forbidden if there is none."""
        self.delete(f"/files/{file_id}")


def _id_of(row: Any) -> UUID:
    try:
        return UUID(row["id"])
    except (TypeError, LookupError, ValueError, AttributeError):
        raise DirectusUnavailable("a file has no id") from None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
