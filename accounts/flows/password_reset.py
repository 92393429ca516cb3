"""Reset a forgotten password by a mailed link, and end all sessions."""

import logging

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet
from django.views.decorators.debug import sensitive_variables

from config.request import Request

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
from ..models import Session, User
from ..sessions.store import end_sessions
from ..throttling import mailboxes
from ..throttling.attempts import clear_failures
from ..throttling.limits import ADDRESS_LINKS, ADDRESS_RESETS, Attempt, Throttled
from ..web import client_address
from ..web.links import public_url, token_email
from . import deletion, mailed_links, sign_up

logger = logging.getLogger(__name__)


class Unsure(Exception):
    """The answer was lost: either the new or the old password is valid."""


def send_link(request: Request, email: str) -> None:
    """Let Directus mail a link to an address, if an account has it.

    Raises:
        TryLater: independent of whether the address is known.
    """
    with mailboxes.uncounted_in_trouble(_count(request, email)):
        client = clients.anonymous_client(request)
        try:
            # An older account may have another spelling of the address.
            for address in spellings(email):
                _mail_link(client, address)
        except TryLater as error:
            if error.never_sent:
                raise
            # An error of one mail would reveal an account; an error of all calls does
            # not.
            client.ping()
            logger.error("Directus sent no link to choose a new password: %s", error)
        except DirectusAPIError as error:
            # Directus 10 refuses a link that is not allowed for known addresses only.
            logger.error("Directus sent no link to choose a new password: %s", error)
    audit.record("password_reset.asked", request, email=email)


def send_link_as_staff(request: Request, user: User) -> None:
    """Let Directus mail a link to a user, on behalf of staff.

    These attempts are counted apart from those of visitors.

    Raises:
        Throttled: the user got several mails.
        InvalidPayload: Directus does not allow links to this site.
        DirectusError: Directus sent no mail.
    """
    with mailboxes.uncounted_in_trouble(mailboxes.count_for_staff(user.email)):
        _mail_link(clients.anonymous_client(request), user.email)


def _mail_link(client: DirectusClient, email: str) -> None:
    client.request_password_reset(
        email=email, reset_url=public_url("accounts:password_reset_confirm")
    )


def _count(request: Request, email: str) -> list[Attempt]:
    address = client_address.bucket(request.client_address)
    try:
        Attempt(ADDRESS_RESETS, address).take()
        return mailboxes.count(request, email)
    except Throttled:
        audit.record("password_reset.refused", request, email=email, reason="Throttled")
        raise


@sensitive_variables("password", "token")
def reset(request: Request, token: str, password: str) -> str:
    """Set the password with a link's token, and end all sessions of the user.

    Returns:
        The user's address.

    Raises:
        InvalidPayload: the password is not accepted; the token stays valid.
        DirectusAPIError: the link is used, expired or broken.
        Unsure: the request was sent, but there was no answer.
        TryLater: nothing was changed.
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
        # An answer with a time to try again means that nothing was changed.
        if error.never_sent or error.retry_after is not None:
            raise
        audit.record("password_reset.unsure", request, email=email)
        raise Unsure from error
    except InvalidPayload:
        raise
    except DirectusAPIError as error:
        audit.record("password_reset.refused", request, email=email, reason=error.code)
        raise
    # Directus has verified the token, and so the address in it.
    _begin_anew(request, email)
    return email


def _begin_anew(request: Request, email: str) -> None:
    clear_failures(email)
    sign_up.delete_sign_ups(email)
    users = _owners(email)
    if request.user.is_authenticated and users.filter(pk=request.user.pk).exists():
        # The row of this session is deleted, too, and must not be saved again.
        request.session.flush()
        request.user = AnonymousUser()
    ended = end_sessions(Session.objects.filter(user__in=users))
    user = users.filter(is_active=True).first()
    audit.record(
        "password_reset.done", request, user=user, email=email, sessions_ended=ended
    )
    mailed_links.void_all([user.mirrored_id for user in users])
    deletion.cancel_for(users, request)
    mails.send("password_changed", user, request, to=email)


def _owners(email: str) -> QuerySet[User]:
    """Return the rows of the users that have this address in Directus.

    A row here may have an older address, and a local user may have the same one. If
    Directus does not answer, the result is the users with this address here.
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
