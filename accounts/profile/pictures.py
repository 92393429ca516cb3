"""Profile photos: files of Directus in one folder.

The site uses the service token, because customers have no rights on files. A file is a
user's photo if it is in the folder and its title is the user's id: any other file in
`avatar` is neither shown nor deleted.
"""

import logging
from uuid import UUID

from config.request import AuthenticatedRequest, Request

from ..core import clients
from ..directus import (
    DirectusAPIError,
    DirectusClient,
    DirectusError,
    Forbidden,
    Picture,
    RateLimited,
    Upload,
)
from ..mirror.users import note_written
from ..models import User
from .access import NotGranted, as_user_or_site
from .images import STORED_NAME, STORED_TYPE

logger = logging.getLogger(__name__)


class NotDeleted(NotGranted):
    """The change was made; the old file remains, because Directus did not answer."""

    def __init__(self) -> None:
        super().__init__("", is_done=True)


def store(request: AuthenticatedRequest, content: bytes) -> None:
    """Replace the photo of the signed-in user.

    Raises:
        NotGranted: Directus lacks a right. With `is_done` the photo was replaced, and
            the old file was not deleted.
        InvalidPayload: Directus refuses the file.
        TryLater: the result is unknown.
    """
    user, before = request.user, request.user.picture_id
    site = _site(request, "the site has its service token")
    upload = Upload(
        content,
        STORED_NAME,
        STORED_TYPE,
        {"folder": clients.own_ids().picture_folder, "title": str(user.directus_id)},
    )
    try:
        new = site.upload_file(upload)
    except Forbidden as error:
        raise NotGranted(
            "files of the folder “Profile pictures” may be read"
            if error.kind == "read"
            else "files may be created in the folder “Profile pictures”"
        ) from None
    try:
        _set_avatar(request, new)
    except (NotGranted, DirectusAPIError, RateLimited):
        # The new file is certainly unused; after a lost answer it may be in use.
        _discard(site, new)
        raise
    _delete_former(site, user, before)


def remove(request: AuthenticatedRequest) -> None:
    """Remove the photo of the signed-in user. Raises as `store`."""
    site = _site(request, "the site has its service token")
    before = request.user.picture_id
    _set_avatar(request, None)
    _delete_former(site, request.user, before)


def read(request: AuthenticatedRequest) -> Picture | None:
    """Return the photo of the signed-in user; None if there is none.

    Raises:
        TryLater: there is no answer.
    """
    user = request.user
    site = clients.service_client(clients.visitor_of(request))
    if site is None or user.picture_id is None:
        return None
    try:
        if not _is_of(site, user, user.picture_id):
            return None
        return site.download_picture(user.picture_id)
    except DirectusAPIError as error:
        logger.warning("The service token cannot read photos in Directus: %s", error)
        return None


def delete_of(user: User, site: DirectusClient) -> None:
    """Delete the photo of a user whose account is deleted.

    Raises:
        NotGranted: it may not be deleted.
        TryLater: there is no answer.
    """
    _delete(site, user, user.picture_id)


def _site(request: Request, right: str) -> DirectusClient:
    site = clients.service_client(clients.visitor_of(request))
    if site is None:
        # Customers cannot have this right: it would open the files of all users.
        raise NotGranted(right)
    return site


def _set_avatar(request: AuthenticatedRequest, file_id: UUID | None) -> None:
    user = request.user
    changes = {"avatar": file_id and str(file_id)}
    try:
        as_user_or_site(
            request, lambda client: client.update_user(user.mirrored_id, changes)
        )
    except Forbidden:
        raise NotGranted("“avatar” of users may be changed") from None
    note_written(user, picture_id=file_id)


def _is_of(site: DirectusClient, user: User, file_id: UUID) -> bool:
    file = site.get_file(file_id)
    folder = clients.own_ids().picture_folder
    return file.folder == folder and file.title == str(user.directus_id)


def _delete(site: DirectusClient, user: User, file_id: UUID | None) -> None:
    """Delete an unused photo, if it is one of the site."""
    if file_id is None:
        return
    try:
        is_ours = _is_of(site, user, file_id)
    except Forbidden:
        # Deleted, or in another folder.
        return
    try:
        if is_ours:
            site.delete_file(file_id)
    except Forbidden:
        raise NotGranted(
            "files of the folder “Profile pictures” may be deleted", is_done=True
        ) from None


def _delete_former(site: DirectusClient, user: User, file_id: UUID | None) -> None:
    try:
        _delete(site, user, file_id)
    except DirectusError as error:
        # The profile is changed: sending it again would not delete the file.
        logger.error("The old photo %s was not deleted in Directus: %s", file_id, error)
        raise NotDeleted from error


def _discard(site: DirectusClient, file_id: UUID) -> None:
    try:
        site.delete_file(file_id)
    except DirectusError as error:
        logger.warning("An unused photo was not deleted in Directus: %s", error)
