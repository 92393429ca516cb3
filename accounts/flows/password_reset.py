"""Reset a forgotten password by a mailed link, and end all sessions."""

import logging
from uuid import UUID

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser
from django.views.decorators.debug import sensitive_variables

from config.request import Request

from ..core import audit, clients, mails
from ..directus import (
    DirectusAPIError,
    DirectusClient,
    DirectusError,
    InvalidPayload,
    TryLater,
    spellings,
)
from ..models import Session, User
from ..sessions.ending import end
from ..throttling import mailboxes
from ..throttling.attempts import clear_failures
from ..throttling.limits import ADDRESS_LINKS, ADDRESS_RESETS, Attempt, Throttled
from ..web import client_address
from ..web.links import public_url, token_email
from . import deletion, mailed_links, password_reset_by_site, sign_up
from .lost_answers import Unsure, unsure_if_lost

logger = logging.getLogger(__name__)


def send_link(request: Request, email: str) -> None:
    """Mail a link to an address, or let Directus do it, if an account has it.

    Raises:
        TryLater: independent of whether the address is known.
    """
    with mailboxes.uncounted_in_trouble(_count(request, email)):
        if mails.is_from_site():
            password_reset_by_site.send_link(request, email)
        else:
            _let_directus_mail(clients.anonymous_client(request), email)
    audit.record("password_reset.asked", request, email=email)


def _let_directus_mail(client: DirectusClient, email: str) -> None:
    try:
        # An older account may have another spelling of the address.
        for address in spellings(email):
            _mail_link(client, address)
    except TryLater as error:
        if error.never_sent:
            raise
        # An error of one mail would reveal an account; an error of all calls does not.
        client.ping()
        logger.error("Directus sent no link to choose a new password: %s", error)
    except DirectusAPIError as error:
        # Directus 10 refuses a link that is not allowed for known addresses only.
        logger.error("Directus sent no link to choose a new password: %s", error)


def send_link_as_staff(request: Request, user: User) -> None:
    """Mail a link to a user, or let Directus do it, on behalf of staff.

    These attempts are counted apart from those of visitors.

    Raises:
        Throttled: the user got several mails.
        InvalidPayload: Directus does not allow links to this site.
        DirectusError: Directus sent no mail.
    """
    with mailboxes.uncounted_in_trouble(mailboxes.count_for_staff(user.email)):
        if mails.is_from_site() and str(user.role_id) == clients.customer_role():
            password_reset_by_site.send_link_to(user)
        else:
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
    email = _email_in(token)
    try:
        Attempt(ADDRESS_LINKS, client_address.bucket(request.client_address)).take()
        email, accounts = _write(request, token, password)
    except Throttled:
        audit.record("password_reset.refused", request, email=email, reason="Throttled")
        raise
    except Unsure:
        audit.record("password_reset.unsure", request, email=email)
        raise
    except InvalidPayload:
        raise
    except DirectusAPIError as error:
        audit.record("password_reset.refused", request, email=email, reason=error.code)
        raise
    _begin_anew(request, email, accounts)
    return email


@sensitive_variables("token")
def _email_in(token: str) -> str:
    """Return the address of a link; of Directus' links, the unverified one."""
    if not mailed_links.is_own(token):
        return token_email(token)
    link = mailed_links.find(mailed_links.Purpose.PASSWORD_RESET, token)
    return link.email if link else ""


@sensitive_variables("password", "token")
def _write(request: Request, token: str, password: str) -> tuple[str, list[UUID]]:
    """Set the password; return the verified address, and the accounts that have it."""
    if mailed_links.is_own(token):
        profile = password_reset_by_site.reset(request, token, password)
        return profile.email, [profile.id]
    with unsure_if_lost():
        client = clients.anonymous_client(request)
        client.reset_password(token=token, password=password)
    # Directus has verified the token, and so the address in it.
    email = token_email(token)
    return email, _accounts_of(email)


def _begin_anew(request: Request, email: str, accounts: list[UUID]) -> None:
    clear_failures(email)
    sign_up.delete_sign_ups(email)
    users = get_user_model().objects.filter(directus_id__in=accounts)
    if request.user.is_authenticated and users.filter(pk=request.user.pk).exists():
        # The row of this session is deleted, too, and must not be saved again.
        request.session.flush()
        request.user = AnonymousUser()
    user = users.filter(is_active=True).first()
    # Directus 10 ends no session by itself.
    ended = end(Session.objects.filter(user__in=users))
    audit.record(
        "password_reset.done", request, user=user, email=email, sessions_ended=ended
    )
    mailed_links.void_all(accounts)
    deletion.cancel_for(users, request)
    mails.send("password_changed", user, request, to=email, everywhere=True)


def _accounts_of(email: str) -> list[UUID]:
    """Return the ids of the accounts that have an address in Directus.

    A row here may have an older address, and a local user may have the same one. If
    Directus does not answer, the result is the accounts with this address here.
    """
    service = clients.service_client()
    try:
        found = service.find_users_by_email(email) if service else []
    except DirectusError as error:
        logger.warning("Whose password was reset is not certain: %s", error)
        found = []
    if found:
        return [profile.id for profile in found]
    users = get_user_model().objects.with_email(email).exclude(email="")
    return [user.mirrored_id for user in users.exclude(directus_id=None)]
