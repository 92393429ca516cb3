"""A forgotten password: the link, the new password, and the end of all sessions."""

import logging

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser
from django.views.decorators.debug import sensitive_variables

from . import addresses, audit, clients, email_change, mails, sign_up
from .attempts import forget_failures
from .directus import (
    DirectusAPIError,
    DirectusClient,
    DirectusError,
    DirectusUnavailable,
    InvalidPayload,
    RateLimited,
    spellings,
)
from .links import public_url, token_email
from .models import Session
from .sessions import end_sessions
from .throttling import (
    ADDRESS_RESETS,
    EMAIL_RESETS,
    STAFF_RESETS,
    Attempt,
    Throttled,
    take_all,
)

logger = logging.getLogger(__name__)


class Unsure(Exception):
    """The answer was lost: the password may be the new one or still the old one."""


def send_link(request, email: str) -> None:
    """Let Directus mail a link to an address, if it is known there.

    Raises:
        Throttled, RateLimited, DirectusUnavailable: try again later; none of them
            depends on whether the address is known.
    """
    _count(request, email)
    client = clients.anonymous_client(request)
    try:
        # An older account may have the address in another spelling.
        for address in spellings(email):
            _mail_link(client, address)
    except (RateLimited, DirectusUnavailable) as error:
        # Trouble with this mail would tell that there is one; trouble with
        # everything does not.
        client.ping()
        logger.error("Directus sent no link to choose a new password: %s", error)
    except DirectusAPIError as error:
        # Directus 10 refuses an unlisted link for known addresses only.
        logger.error("Directus sent no link to choose a new password: %s", error)
    audit.record("password_reset.asked", request, email=email)


def send_link_as_staff(request, user) -> None:
    """Let Directus mail a link to a user, and tell the staff what hinders it.

    Visitors' attempts do not count here, nor these there.

    Raises:
        Throttled: the user had some just now.
        InvalidPayload: Directus mails no links to this site.
        DirectusError: Directus did not do it.
    """
    attempt = Attempt(STAFF_RESETS, str(user.pk))
    attempt.take()
    try:
        _mail_link(clients.anonymous_client(request), user.email)
    except DirectusError:
        attempt.undo()
        raise
    attempt.failed()


def _mail_link(client: DirectusClient, email: str) -> None:
    client.request_password_reset(
        email=email, reset_url=public_url("accounts:password_reset_confirm")
    )


def _count(request, email: str) -> None:
    attempts = [
        Attempt(ADDRESS_RESETS, addresses.bucket(request.client_address)),
        Attempt(EMAIL_RESETS, audit.email_digest(email)),
    ]
    try:
        take_all(attempts)
    except Throttled:
        audit.record("password_reset.refused", request, email=email, reason="Throttled")
        raise
    for attempt in attempts:
        attempt.failed()


@sensitive_variables("password", "token")
def reset(request, token: str, password: str) -> str:
    """Set the password that a link's token allows to set.

    All sessions of its owner end, the one of this browser too.

    Returns:
        The owner's address.

    Raises:
        InvalidPayload: the password is not accepted; the token stays good.
        DirectusAPIError: the link is used, too old or broken.
        Unsure: the request was sent and no answer came.
        DirectusUnavailable: Directus was not asked.
    """
    client = clients.anonymous_client(request)
    email = token_email(token)
    try:
        client.reset_password(token=token, password=password)
    except DirectusUnavailable as error:
        # Who says when to come back has done nothing either.
        if error.never_sent or error.retry_after is not None:
            raise
        audit.record("password_reset.unsure", request, email=email)
        raise Unsure from error
    except (InvalidPayload, RateLimited):
        raise
    except DirectusAPIError as error:
        audit.record("password_reset.refused", request, email=email, reason=error.code)
        raise
    # Directus has just vouched for the token, and so for the address in it.
    _begin_anew(request, email)
    return email


def _begin_anew(request, email: str) -> None:
    forget_failures(email)
    sign_up.forget(email)
    sessions = Session.objects.filter(user__email__iexact=email, user__email__gt="")
    if request.user.is_authenticated and request.user.email.lower() == email.lower():
        # This browser's row goes too; nothing may be saved in it any more.
        request.session.flush()
        request.user = AnonymousUser()
    ended = end_sessions(sessions)
    audit.record("password_reset.done", request, email=email, sessions_ended=ended)
    users = get_user_model().objects.filter(email__iexact=email, is_active=True)
    user = users.exclude(directus_id=None).first()
    email_change.forget(users)
    mails.send("password_changed", user, request, to=email)
