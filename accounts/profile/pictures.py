"""Pictures of people: files of Directus in a folder of their own.

The site itself stores, reads and deletes them, because customers have no rights on
files. A file is somebody's picture when it is in the folder and its title is the
owner's id: whatever else `avatar` may name is neither shown nor deleted.
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
    """What was asked for is done; only the old file stays, for want of an answer."""

    def __init__(self) -> None:
        super().__init__("", is_done=True)


def store(request: AuthenticatedRequest, content: bytes) -> None:
    """Make a picture that of the signed-in user, in place of the one before.

    Raises:
        NotGranted: Directus lacks a right; when only the old picture could not be
            deleted, for whatever reason, the new one is in its place all the same.
        InvalidPayload: Directus does not take the file.
        TryLater: nothing is known.
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
        # Certainly not in use; after a lost answer it may be.
        _discard(site, new)
        raise
    _delete_former(site, user, before)


def remove(request: AuthenticatedRequest) -> None:
    """Take the signed-in user's picture away. Raises as `store` does."""
    site = _site(request, "the site has its service token")
    before = request.user.picture_id
    _set_avatar(request, None)
    _delete_former(site, request.user, before)


def read(request: AuthenticatedRequest) -> Picture | None:
    """Return the signed-in user's picture; None when there is none to show.

    Raises:
        TryLater: nothing is known.
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
        logger.warning("The site cannot read pictures in Directus: %s", error)
        return None


def delete_of(user: User, site: DirectusClient) -> None:
    """Delete the file of a user's picture: the account goes.

    Raises:
        NotGranted: it may not be deleted.
        TryLater: nothing is known.
    """
    _delete(site, user, user.picture_id)


def _site(request: Request, right: str) -> DirectusClient:
    site = clients.service_client(clients.visitor_of(request))
    if site is None:
        # Customers cannot have this right: one of them could read everybody's files.
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
    """Delete a picture that is no longer used, if it is one of ours."""
    if file_id is None:
        return
    try:
        is_ours = _is_of(site, user, file_id)
    except Forbidden:
        # Gone, or in another folder.
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
        # The profile is written: to send it again would not delete this file.
        logger.error("The former picture %s stays in Directus: %s", file_id, error)
        raise NotDeleted from error


def _discard(site: DirectusClient, file_id: UUID) -> None:
    try:
        site.delete_file(file_id)
    except DirectusError as error:
        logger.warning("A picture that nobody uses stays in Directus: %s", error)
