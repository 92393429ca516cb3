"""What becomes of a deleted user in Directus, by ACCOUNT_DELETION.

`delete` deletes the user there. `anonymise` is for a Directus in which other rows must
go on to point at the user: name and address are replaced, and nobody can sign in.
"""

import logging
import uuid
from uuid import UUID

from django.conf import settings

from ..core import clients
from ..core.service_token import service_call
from ..directus import (
    AuthenticationFailed,
    CallFailed,
    DirectusAPIError,
    DirectusClient,
    DirectusUnavailable,
    InvalidPayload,
)
from ..passwords.validation import unguessable_password
from ..profile import pictures
from ..profile.access import NotGranted

logger = logging.getLogger(__name__)

DELETE, ANONYMISE = "delete", "anonymise"
# Directus accepts it, and nobody has it: RFC 2606.
NOBODYS_DOMAIN = "example.com"
# What a field may hold that says nothing, whatever its type.
NOTHINGS: tuple[object, ...] = (None, "", 0, [])


def erase_at_directus(user) -> str:
    """Delete or anonymise a user, and delete the picture.

    Returns:
        Why something was kept; an empty string when nothing was.

    Raises:
        TryLater: it may not have happened; try again.
    """
    service = clients.service_client()
    if service is None:
        raise DirectusUnavailable("there is no service token")
    how = _anonymise if settings.ACCOUNT_DELETION == ANONYMISE else _delete
    try:
        with service_call(AuthenticationFailed):
            reason = _delete_picture(service, user)
            how(service, user)
            return reason
    except (DirectusAPIError, CallFailed) as error:
        # 500 is what Directus answers when a row there must not lose the user.
        if not service.has_user(user.directus_id):
            return ""
        logger.error("Directus keeps user %s: %s", user.directus_id, error)
        return str(error)


def _delete_picture(service: DirectusClient, user) -> str:
    try:
        pictures.delete_of(user, service)
    except NotGranted:
        return f"the file {user.picture_id} may not be deleted"
    return ""


def _delete(service: DirectusClient, user) -> None:
    service.delete_user(user.directus_id)


def _anonymise(service: DirectusClient, user) -> None:
    service.update_user(
        user.directus_id,
        {
            "email": f"deleted-{uuid.uuid4()}@{NOBODYS_DOMAIN}",
            "first_name": None,
            "last_name": None,
            "language": None,
            "password": unguessable_password(),
            "status": "suspended",
        },
    )
    _empty(service, user.directus_id, ["avatar", *clients.profile_fields()])


def _empty(service: DirectusClient, user_id: UUID, names: list[str]) -> None:
    """Take out what fields hold, of as many as possible.

    Raises:
        InvalidPayload: of one that takes nothing in its place.
    """
    try:
        service.update_user(user_id, dict.fromkeys(names))
    except InvalidPayload:
        # One that may not be null keeps all others as they are.
        refusals = [_empty_one(service, user_id, name) for name in names]
        for refusal in filter(None, refusals):
            raise refusal from None


def _empty_one(
    service: DirectusClient, user_id: UUID, name: str
) -> InvalidPayload | None:
    refusal = None
    for nothing in NOTHINGS:
        try:
            service.update_user(user_id, {name: nothing})
        except InvalidPayload as error:
            refusal = error
        else:
            return None
    return refusal
