"""Files of customers' own data: stored in one folder for each collection.

The site uses the service token, because a right of customers to files would depend on
rules, which version 12 without a licence refuses. Directus lets a customer store the
id of any file in a row, so a file carries a mark of its owner: its name in Directus.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from io import BytesIO
from typing import BinaryIO
from uuid import UUID

from config.request import AuthenticatedRequest

from ..core import clients
from ..directus import (
    PICTURE_TYPES,
    DirectusClient,
    DirectusError,
    DirectusUnavailable,
    Forbidden,
    StoredFile,
    Upload,
    time_budget,
)
from ..throttling.limits import ITEM_FILES, Attempt
from .images import STORED_TYPE, clean_picture

logger = logging.getLogger(__name__)

# Text in a photographed page stays readable.
LONGEST_SIDE = 2048
PAGE_SIZE = 100
# A file of 50 MB may take longer than a page.
DOWNLOAD_SECONDS = 60.0


@dataclass(frozen=True)
class NewFile:
    """A file to store; of a picture only the pixels are stored, as WebP.

    Attributes:
        title: the customer's name for it, cleaned, without the ending.
    """

    content: bytes = field(repr=False)
    media_type: str
    ending: str
    title: str


def store(request: AuthenticatedRequest, collection: str, new: NewFile) -> UUID:
    """Upload a file for the signed-in customer; return its id.

    Raises:
        NotAPicture: its content is no picture, damaged, or has too many pixels.
        InvalidPayload: Directus refuses the file.
        Forbidden: the service token lacks a right.
        TryLater: the result is unknown, or there were too many uploads.
    """
    Attempt(ITEM_FILES, str(request.user.pk)).take()
    if new.media_type in PICTURE_TYPES:
        content = clean_picture(BytesIO(new.content), LONGEST_SIDE)
        new = replace(new, content=content, media_type=STORED_TYPE, ending="webp")
    name = f"{request.user.mirrored_id}.{new.ending}"
    facts = {"folder": _folder(collection), "title": f"{new.title}.{new.ending}"}
    return _site(request).upload_file(Upload(new.content, name, new.media_type, facts))


def find(
    request: AuthenticatedRequest, collection: str, file_id: UUID, *, trusts_row: bool
) -> StoredFile | None:
    """Return the row of a file that a row of the signed-in customer points at.

    Args:
        trusts_row: customers cannot write the id into the row themselves. Then files
            that staff uploaded, which have no mark, are the customer's, too.

    Returns:
        None if there is no such file in the folder, or it is not the customer's.

    Raises:
        TryLater: there is no answer.
    """
    try:
        file = _site(request).get_file(file_id)
    except Forbidden:
        return None
    return file if _is_theirs(request, collection, file, trusts_row) else None


def find_all(
    request: AuthenticatedRequest,
    collection: str,
    file_ids: Sequence[UUID],
    *,
    trusts_row: bool,
) -> dict[UUID, StoredFile]:
    """Return the rows of the customer's files by id, as `find` does.

    With one call, if Directus sends as many rows.

    Raises:
        Forbidden: the service token lacks a right.
        TryLater: there is no answer.
    """
    found = _find_files(request, collection, file_ids)
    wanted = set(file_ids)
    return {
        file.id: file
        for file in found
        if file.id in wanted and _is_theirs(request, collection, file, trusts_row)
    }


def _is_theirs(
    request: AuthenticatedRequest, collection: str, file: StoredFile, trusts_row: bool
) -> bool:
    if file.folder != _folder(collection):
        return False
    owner = owner_of(file)
    return trusts_row if owner is None else owner == request.user.mirrored_id


def _find_files(
    request: AuthenticatedRequest, collection: str, file_ids: Sequence[UUID]
) -> list[StoredFile]:
    site, found = _site(request), list[StoredFile]()
    size = _size_of_page(site)
    for start in range(0, len(file_ids), size):
        page = [str(file_id) for file_id in file_ids[start : start + size]]
        rule = {"id": {"_in": page}}
        found += site.find_files(_folder(collection), rule, limit=len(page))
    return found


def _size_of_page(site: DirectusClient) -> int:
    return min(PAGE_SIZE, clients.page_size(site))


def download(
    request: AuthenticatedRequest, file: StoredFile, into: BinaryIO, preset: str = ""
) -> str:
    """Write a file, or a smaller version of a picture, to another file.

    Returns:
        Its type as Directus tells it.

    Raises:
        DirectusAPIError: there is no smaller version.
        TryLater: there is no answer.
    """
    with time_budget(DOWNLOAD_SECONDS):
        return _site(request).download_file(file.id, into, preset=preset)


def discard(
    request: AuthenticatedRequest, collection: str, file_ids: Sequence[UUID]
) -> None:
    """Delete those files that the signed-in customer uploaded.

    A failure is logged: the rows have been written.
    """
    owner = request.user.mirrored_id
    try:
        for start in range(0, len(file_ids), PAGE_SIZE):
            page = file_ids[start : start + PAGE_SIZE]
            files = _find_files(request, collection, page)
            own = [file.id for file in files if owner_of(file) == owner]
            if own:
                _site(request).delete_files(own)
    except DirectusError as error:
        names = ", ".join(map(str, file_ids))
        logger.warning("Unused files stay in Directus: %s: %s", names, error)


def delete_all(collection: str, owner: UUID) -> None:
    """Delete all files that a customer uploaded to a collection.

    Raises:
        Forbidden: the service token lacks a right.
        TryLater: there is no answer; some may be deleted.
    """
    site = _checked(clients.service_client())
    size = _size_of_page(site)
    rule = {"filename_download": {"_starts_with": f"{owner}."}}
    while files := site.find_files(_folder(collection), rule, limit=size):
        if any(owner_of(file) != owner for file in files):
            raise DirectusUnavailable("GET /files: not the wanted files")
        site.delete_files([file.id for file in files])


def owner_of(file: StoredFile) -> UUID | None:
    """Return the customer for whom the site stored a file; None for other files."""
    try:
        return UUID(file.name.partition(".")[0])
    except ValueError:
        return None


def _folder(collection: str) -> str:
    return clients.own_ids().items_folder(collection)


def _site(request: AuthenticatedRequest) -> DirectusClient:
    return _checked(clients.service_client(clients.visitor_of(request)))


def _checked(site: DirectusClient | None) -> DirectusClient:
    if site is None:
        raise DirectusUnavailable("files need the service token")
    return site
