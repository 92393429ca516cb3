"""A forgotten password: the link, the new password, and the end of all sessions."""

import logging

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser
from django.views.decorators.debug import sensitive_variables

from ..core import audit, clients, mails
from ..directus import (
    DirectusAPIError,
    DirectusClient,
    DirectusError,
    DirectusUnavailable,
    InvalidPayload,
    TryLater,
    spellings,
)
from ..models import Session
from ..sessions.store import end_sessions
from ..throttling import mailboxes
from ..throttling.attempts import clear_failures
from ..throttling.limits import ADDRESS_LINKS, ADDRESS_RESETS, Attempt, Throttled
from ..web import client_address
from ..web.links import public_url, token_email
from . import deletion, email_change, sign_up

logger = logging.getLogger(__name__)


class Unsure(Exception):
    """The answer was lost: the password may be the new one or still the old one."""


def send_link(request, email: str) -> None:
    """Let Directus mail a link to an address, if it is known there.

    Raises:
        TryLater: whether it comes does not depend on whether the address is known.
    """
    with mailboxes.uncounted_in_trouble(_count(request, email)):
        client = clients.anonymous_client(request)
        try:
            # An older account may have the address in another spelling.
            for address in spellings(email):
                _mail_link(client, address)
        except TryLater as error:
            if error.never_sent:
                raise
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
        Throttled: the user has had some.
        InvalidPayload: Directus mails no links to this site.
        DirectusError: Directus did not do it.
    """
    with mailboxes.uncounted_in_trouble(mailboxes.count_for_staff(user.email)):
        _mail_link(clients.anonymous_client(request), user.email)


def _mail_link(client: DirectusClient, email: str) -> None:
    client.request_password_reset(
        email=email, reset_url=public_url("accounts:password_reset_confirm")
    )


def _count(request, email: str) -> list[Attempt]:
    address = client_address.bucket(request.client_address)
    try:
        Attempt(ADDRESS_RESETS, address).take()
        return mailboxes.count(request, email)
    except Throttled:
        audit.record("password_reset.refused", request, email=email, reason="Throttled")
        raise


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
        TryLater: Directus was not asked, or did nothing.
    """
    client = clients.anonymous_client(request)
    email = token_email(token)
    try:
        Attempt(ADDRESS_LINKS, client_address.bucket(request.client_address)).take()
    except Throttled:
        audit.record("password_reset.refused", request, email=email, reason="Throttled")
        raise
    try:
        client.reset_password(token=token, password=password)
    except DirectusUnavailable as error:
        # Who says when to come back has done nothing either.
        if error.never_sent or error.retry_after is not None:
            raise
        audit.record("password_reset.unsure", request, email=email)
        raise Unsure from error
    except InvalidPayload:
        raise
    except DirectusAPIError as error:
        audit.record("password_reset.refused", request, email=email, reason=error.code)
        raise
    # Directus has just vouched for the token, and so for the address in it.
    _begin_anew(request, email)
    return email


def _begin_anew(request, email: str) -> None:
    clear_failures(email)
    sign_up.delete_sign_ups(email)
    users = _owners(email)
    if request.user.is_authenticated and users.filter(pk=request.user.pk).exists():
        # This browser's row goes too; nothing may be saved in it any more.
        request.session.flush()
        request.user = AnonymousUser()
    ended = end_sessions(Session.objects.filter(user__in=users))
    audit.record("password_reset.done", request, email=email, sessions_ended=ended)
    email_change.void_links(users)
    deletion.cancel_for(users, request)
    user = users.filter(is_active=True).first()
    mails.send("password_changed", user, request, to=email)


def _owners(email: str):
    """Return the rows of whoever has this address in Directus.

    An address here may be an older one, and a local user may have the same. Where
    Directus does not say, it is who had the address last.
    """
    mirrored = get_user_model().objects.exclude(directus_id=None)
    service = clients.service_client()
    try:
        found = service.find_users_by_email(email) if service else []
    except DirectusError as error:
        logger.warning("Whose password was reset is not certain: %s", error)
        found = []
    if found:
        return mirrored.filter(directus_id__in=[profile.id for profile in found])
    return (
        get_user_model()
        .objects.with_email(email)
        .exclude(directus_id=None)
        .exclude(email="")
    )
