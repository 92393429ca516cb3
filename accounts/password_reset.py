"""A forgotten password: the link, the new password, and the end of all sessions."""

import logging

from django.views.decorators.debug import sensitive_variables

from . import addresses, audit, clients
from .attempts import forget_failures
from .directus import DirectusAPIError, DirectusUnavailable, RateLimited
from .links import public_url, token_email
from .models import Session
from .sessions import end_sessions
from .throttling import ADDRESS_RESETS, EMAIL_RESETS, Attempt, take_all

logger = logging.getLogger(__name__)


class Unsure(Exception):
    """The answer was lost: the password may be the new one or still the old one."""


def send_link(request, email: str) -> None:
    """Let Directus mail a link to an address, if it is known there.

    Raises:
        Throttled, RateLimited, DirectusUnavailable: try again later; none of them
            depends on whether the address is known.
    """
    attempts = [
        Attempt(ADDRESS_RESETS, addresses.bucket(request.client_address)),
        Attempt(EMAIL_RESETS, audit.email_digest(email)),
    ]
    take_all(attempts)
    for attempt in attempts:
        attempt.failed()
    try:
        clients.anonymous_client(request).request_password_reset(
            email=email, reset_url=public_url("accounts:password_reset_confirm")
        )
    except RateLimited:
        raise
    except DirectusAPIError as error:
        # Directus 10 refuses an unlisted link for known addresses only.
        logger.error("Directus sent no link to choose a new password: %s", error)
    audit.record("password_reset.asked", request, email=email)


@sensitive_variables("password", "token")
def reset(request, token: str, password: str) -> None:
    """Set the password that a link's token allows to set.

    All sessions of its owner end.

    Raises:
        InvalidPayload: the password is not accepted; the token stays good.
        DirectusAPIError: the link is used, too old or broken.
        Unsure: the request was sent and no answer came.
        DirectusUnavailable: Directus was not reached.
    """
    client = clients.anonymous_client(request)
    # Reached at all? After this only a lost answer leaves a doubt.
    client.ping()
    try:
        client.reset_password(token=token, password=password)
    except DirectusUnavailable as error:
        raise Unsure from error
    # Directus has just vouched for the token, and so for the address in it.
    email = token_email(token)
    forget_failures(email)
    ended = end_sessions(Session.objects.filter(user__email__iexact=email))
    audit.record("password_reset.done", request, email=email, sessions_ended=ended)
