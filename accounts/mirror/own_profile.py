"""Read the profile of a client's user at Directus."""

import logging
from collections.abc import Callable

from ..core import clients
from ..core.service_token import ServiceTokenRefused, service_call
from ..directus import (
    DirectusAPIError,
    DirectusClient,
    DirectusUnavailable,
    DirectusUser,
    Forbidden,
)

logger = logging.getLogger(__name__)


def read_own_profile(client: DirectusClient) -> DirectusUser:
    """Return the fields of a user's own profile that the user may read.

    Raises:
        TryLater: it cannot be read now. A refusal counts as an outage, because the user
            has just signed in, or the tokens are valid.
    """
    try:
        return client.get_current_user()
    except DirectusAPIError as error:
        logger.error("A signed-in user's profile cannot be read: %s", error)
        raise DirectusUnavailable(f"the profile answered {error}") from error


def read_profile(client: DirectusClient, prove: Callable[[], None]) -> DirectusUser:
    """Return the profile of a client's user, read with any token that may read it.

    Args:
        client: acts as the user.
        prove: called if no token may read the status; refreshes the tokens, and raises
            SessionExpired if Directus refuses that.

    Raises:
        TryLater: the profile cannot be read now.
    """
    profile = read_own_profile(client)
    if profile.is_complete:
        return profile
    return read_as_site(profile) or _proven(profile, prove)


def read_as_site(profile: DirectusUser) -> DirectusUser | None:
    """Return the profile as read with the service token; None if incomplete."""
    service = clients.service_client()
    if service is None:
        return None
    try:
        with service_call(but=Forbidden):
            found = service.get_user(profile.id)
    except Forbidden:
        # The user is gone, or the service token may not read: the same answer.
        return None
    except ServiceTokenRefused:
        # A fault of the service token must not sign users out.
        return None
    return found if found.is_complete else None


def _proven(profile: DirectusUser, prove: Callable[[], None]) -> DirectusUser:
    prove()
    return profile
