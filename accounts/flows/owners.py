"""The account of an address, for mails of the site."""

import logging

from ..core import clients
from ..core.service_token import service_call
from ..directus import PASSWORD_PROVIDER, DirectusClient, DirectusUser, Forbidden

logger = logging.getLogger(__name__)


def account_of(service: DirectusClient, email: str) -> DirectusUser | None:
    """Return the only account with an address; None if there is none, or several.

    The calls are the same for known and unknown addresses.

    Raises:
        ServiceTokenRefused: the service token may not read the status of users.
        TryLater: there is no answer.
    """
    return only(accounts_of(service, email))


def accounts_of(service: DirectusClient, email: str) -> list[DirectusUser]:
    """Return all accounts with an address; raises as `account_of`."""
    with service_call():
        found = service.find_users_by_email(email)
        if not all(user.is_complete for user in found):
            raise Forbidden(403, "STATUS_HIDDEN")
    return found


def only(found: list[DirectusUser]) -> DirectusUser | None:
    """Return the only account of a list; None if there is none, or several."""
    if len(found) > 1:
        logger.error("Directus has several users with one address: no mail is sent")
    return found[0] if len(found) == 1 else None


def is_customer(profile: DirectusUser) -> bool:
    """Return whether the service token may change an account: a customer's."""
    return str(profile.role_id) == clients.customer_role()


def is_customer_with_password(profile: DirectusUser) -> bool:
    """Return whether an account is a customer's who signs in with a password."""
    return is_customer(profile) and profile.provider == PASSWORD_PROVIDER
