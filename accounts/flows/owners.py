"""The account of an address, for mails of the site."""

import logging

from ..core import clients
from ..core.service_token import service_call
from ..directus import DirectusClient, DirectusUser, Forbidden

logger = logging.getLogger(__name__)


def account_of(service: DirectusClient, email: str) -> DirectusUser | None:
    """Return the only account with an address; None if there is none, or several.

    The calls are the same for known and unknown addresses.

    Raises:
        ServiceTokenRefused: the service token may not read the status of users.
        TryLater: there is no answer.
    """
    with service_call():
        found = service.find_users_by_email(email)
        if not all(user.is_complete for user in found):
            raise Forbidden(403, "STATUS_HIDDEN")
    if len(found) > 1:
        logger.error("Directus has several users with one address: no mail is sent")
    return found[0] if len(found) == 1 else None


def is_customer(profile: DirectusUser) -> bool:
    """Return whether the service token may change an account: a customer's."""
    return str(profile.role_id) == clients.customer_role()
