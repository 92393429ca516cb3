"""Delete or anonymise a user in Directus, as ACCOUNT_DELETION says.

`delete` deletes the user. `anonymise` is for a Directus in which other rows must keep
pointing at the user: name and address are replaced, and sign-in is impossible.
"""

import logging
import uuid
from uuid import UUID

from django.conf import settings

from .. import signals
from ..core import clients
from ..core.service_token import ServiceTokenRefused, log_refusal, service_call
from ..directus import (
    AuthenticationFailed,
    CallFailed,
    DirectusAPIError,
    DirectusClient,
    DirectusUnavailable,
    InvalidPayload,
    TryLater,
)
from ..models import User
from ..passwords.validation import unguessable_password
from ..profile import pictures
from ..profile.access import NotGranted

logger = logging.getLogger(__name__)

DELETE, ANONYMISE = "delete", "anonymise"
# Directus accepts this domain, and RFC 2606 reserves it.
NOBODYS_DOMAIN = "example.com"
# Empty values of all types of fields.
NOTHINGS: tuple[object, ...] = (None, "", 0, [])


def erase_at_directus(user: User) -> str:
    """Delete or anonymise a user, the photo, and what other apps keep in Directus.

    Those go first: their rows would lose the user's id with the user. While Directus
    refuses to delete some of them, it keeps the user, too.

    Returns:
        Why data was kept; an empty string if none was.

    Raises:
        TryLater: not all of it may have happened; try again.
    """
    return _erase_in_other_apps(user) or _erase_user(user)


def _erase_in_other_apps(user: User) -> str:
    left = ""
    for receiver, answer in signals.user_deleting.send_robust(User, user=user):
        if isinstance(answer, Exception):
            name = getattr(receiver, "__qualname__", "a receiver")
            left = _reason(answer, name, user)
    return left


def _reason(error: Exception, name: str, user: User) -> str:
    """Return why an app keeps data. Raises TryLater if another run may delete it."""
    if isinstance(error, AuthenticationFailed):
        log_refusal(error)
        raise ServiceTokenRefused("the service token is refused") from error
    if isinstance(error, DirectusAPIError | CallFailed):
        text = "Directus keeps data of user %s, which %s deletes: %s"
        logger.error(text, user.mirrored_id, name, error)
        return str(error)
    if isinstance(error, TryLater):
        raise error
    raise DirectusUnavailable(f"{name} failed") from error


def _erase_user(user: User) -> str:
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
        # Directus answers 500 if another row must keep its user.
        if not service.has_user(user.mirrored_id):
            return ""
        logger.error("Directus keeps user %s: %s", user.mirrored_id, error)
        return str(error)


def _delete_picture(service: DirectusClient, user: User) -> str:
    try:
        pictures.delete_of(user, service)
    except NotGranted:
        return f"the file {user.picture_id} may not be deleted"
    return ""


def _delete(service: DirectusClient, user: User) -> None:
    service.delete_user(user.mirrored_id)


def _anonymise(service: DirectusClient, user: User) -> None:
    service.update_user(
        user.mirrored_id,
        {
            "email": f"deleted-{uuid.uuid4()}@{NOBODYS_DOMAIN}",
            "first_name": None,
            "last_name": None,
            "language": None,
            "password": unguessable_password(),
            "status": "suspended",
        },
    )
    _empty(service, user.mirrored_id, ["avatar", *clients.profile_fields()])


def _empty(service: DirectusClient, user_id: UUID, names: list[str]) -> None:
    """Empty as many fields as possible.

    Raises:
        InvalidPayload: a field accepts no empty value.
    """
    try:
        service.update_user(user_id, dict.fromkeys(names))
    except InvalidPayload:
        # A field that may not be null blocks the change of all others.
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
