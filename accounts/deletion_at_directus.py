"""What becomes of a deleted user in Directus, by ACCOUNT_DELETION.

`delete` deletes the user there. `anonymise` is for a Directus in which other rows must
go on to point at the user: name and address are replaced, and nobody can sign in.
"""

import logging
import secrets
import uuid
from typing import Any

from django.conf import settings

from . import clients, pictures
from .directus import (
    AuthenticationFailed,
    CallFailed,
    DirectusAPIError,
    DirectusClient,
    DirectusUnavailable,
    RateLimited,
)
from .grants import NotGranted

logger = logging.getLogger(__name__)

DELETE, ANONYMISE = "delete", "anonymise"
# Directus accepts it, and nobody has it: RFC 2606.
NOBODYS_DOMAIN = "example.com"


def erase_at_directus(user) -> str:
    """Delete or anonymise a user, and delete the picture.

    Returns:
        Why something was kept; an empty string when nothing was.

    Raises:
        DirectusUnavailable, RateLimited: it may not have happened; try again.
    """
    service = clients.service_client()
    if service is None:
        raise DirectusUnavailable("there is no service token")
    how = _anonymise if settings.ACCOUNT_DELETION == ANONYMISE else _delete
    try:
        reason = _delete_picture(service, user)
        how(service, user)
        return reason
    except RateLimited:
        raise
    except AuthenticationFailed as error:
        logger.error("Directus does not accept the service token: %s", error)
        raise DirectusUnavailable("the service token is refused") from error
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
    password = secrets.token_urlsafe(48)
    service.update_user(
        user.directus_id,
        {
            "email": f"deleted-{uuid.uuid4()}@{NOBODYS_DOMAIN}",
            "first_name": None,
            "last_name": None,
            "language": None,
            # With something of everything, whatever the policy wants.
            "password": f"{password}aA1!",
            "status": "suspended",
        },
    )
    rest: dict[str, Any] = dict.fromkeys(["avatar", *clients.profile_fields()])
    service.update_user(user.directus_id, rest)
