"""The calls of a sign-up whose link Directus mails."""

import logging
from uuid import UUID

from django.views.decorators.debug import sensitive_variables

from config.request import Request

from ..core import cache, clients
from ..directus import (
    DirectusAPIError,
    DirectusClient,
    DirectusError,
    InvalidPayload,
    NewUser,
    NotUnique,
)
from ..web.links import public_url

logger = logging.getLogger(__name__)

CACHE_KEY = "directus-confirms-sign-ups"
CACHE_SECONDS = 60


@sensitive_variables("user")
def ask_for_link(request: Request, user: NewUser) -> None:
    try:
        clients.anonymous_client(request).register_user(
            user, verification_url=public_url("accounts:email_verification")
        )
    except InvalidPayload as error:
        if error.code == "INVALID_PAYLOAD":
            # Directus checks this before it looks for an account: it accepts such an
            # address or link from no visitor.
            raise
        # Only an unknown address gets this answer: showing it would reveal that.
        logger.warning("Directus refused a sign-up that this site allowed: %s", error)


def service_for(request: Request) -> DirectusClient | None:
    """Return the service client, if it may create unconfirmed accounts; else None."""
    service = clients.service_client(clients.visitor_of(request))
    if service is None or not clients.customer_role() or not _are_confirmed(request):
        return None
    return service


def _are_confirmed(request: Request) -> bool:
    """Return whether Directus accepts sign-ups and confirms their addresses."""
    known = cache.get(CACHE_KEY)
    if known is None:
        project = clients.anonymous_client(request).get_server_info().get("project")
        names = ("public_registration", "public_registration_verify_email")
        known = isinstance(project, dict) and all(
            project.get(name) is True for name in names
        )
        cache.set(CACHE_KEY, known, CACHE_SECONDS)
    return known


@sensitive_variables("user")
def create(service: DirectusClient, user: NewUser) -> UUID | None:
    """Return the id of a new account with this password; None if it existed."""
    try:
        return service.create_user(
            user, role=clients.customer_role(), status="unverified"
        )
    except NotUnique:
        # It has the password of an earlier sign-up.
        return None
    except DirectusAPIError as error:
        # Directus' own registration may still accept it.
        logger.warning("The service token creates no account: %s", error)
        return None


def take_back(service: DirectusClient, created: UUID) -> bool:
    """Delete an account without a mailed link; return whether that succeeded."""
    try:
        service.delete_user(created)
    except DirectusError as error:
        logger.error("User %s is left unconfirmed in Directus: %s", created, error)
        return False
    return True
