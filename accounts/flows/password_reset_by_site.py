"""Reset a forgotten password by the site's own link, with the service token.

A request costs the same for every address: the calls, the written rows and the time. A
reset changes the one account that had the address when the link was mailed, and still
has it.
"""

import logging
from functools import partial

from django.db import transaction
from django.views.decorators.debug import sensitive_variables

from config.request import Request

from ..core import audit, background, clients, mails, sign_in_ways
from ..core.service_token import service_call
from ..directus import (
    DirectusClient,
    DirectusError,
    DirectusUnavailable,
    DirectusUser,
    Forbidden,
    InvalidPayload,
    InvalidToken,
    TryLater,
)
from ..models import MailedLink, User
from ..web.links import public_url
from . import mailed_links
from .lost_answers import Unsure, unsure_if_lost
from .owners import account_of, is_customer

logger = logging.getLogger(__name__)

RESET = MailedLink.Purpose.PASSWORD_RESET
# A link from the mailbox proves the address: a reset confirms it.
STATUSES = ("active", "unverified", "invited")
LINK, PROVIDER, FROM_DIRECTUS, NOTHING = "link", "provider", "directus", ""


# Request


def send_link(request: Request, email: str) -> None:
    """Mail the owner of an address what helps the owner to sign in again.

    Raises:
        TryLater: independent of whether the address is known.
    """
    # For every address, because the mail to a provider's user names the provider.
    sign_in_ways.sign_in_ways()
    profile = account_of(_service(), email)
    mail = _mail_for(profile)
    _mail(request, email, profile, mail)
    if profile and mail == FROM_DIRECTUS:
        client = clients.anonymous_client(request)
        background.run(partial(_let_directus_mail, client, profile.email))


@transaction.atomic
@sensitive_variables("link")
def _mail(
    request: Request, email: str, profile: DirectusUser | None, mail: str
) -> None:
    """Make the link, and write the mail; the statements are always the same."""
    if profile is None or mail != LINK:
        # The address of a stranger is not kept.
        mailed_links.make(RESET, _subject(email), "", None)
    else:
        link = mailed_links.make(RESET, _subject(email), profile.email, profile.id)
        _send(link, profile, request)
    if profile and mail == PROVIDER:
        mails.send("password_reset_provider", profile, request)
    elif mail != LINK:
        mails.send_nothing("password_reset", email)


@transaction.atomic
def send_link_to(user: User) -> None:
    """Mail a customer a link, on behalf of staff."""
    subject = _subject(user.email)
    link = mailed_links.make(RESET, subject, user.email, user.mirrored_id)
    _send(link, user)


def _mail_for(profile: DirectusUser | None) -> str:
    """Return which mail the owner of an account gets."""
    if profile is None or not profile.email:
        return NOTHING
    if profile.has_provider:
        return PROVIDER if profile.is_active else NOTHING
    if is_customer(profile):
        return LINK if profile.status in STATUSES else NOTHING
    # The service token changes customers alone.
    return FROM_DIRECTUS if profile.is_active else NOTHING


@sensitive_variables("link")
def _send(link: str, user: User | DirectusUser, request: Request | None = None) -> None:
    hours = mailed_links.hours(RESET)
    mails.send("password_reset", user, request, link=link, hours=hours)


def _let_directus_mail(client: DirectusClient, email: str) -> None:
    url = public_url("accounts:password_reset_confirm")
    try:
        client.request_password_reset(email=email, reset_url=url)
    except InvalidPayload:
        logger.error(
            "Directus sent no link to a user who is no customer: it allows no links to "
            "%s. Set PASSWORD_RESET_URL_ALLOW_LIST to it in Directus' environment",
            url,
        )
    except DirectusError as error:
        logger.error("Directus sent no link to a user who is no customer: %s", error)


# Reset


@sensitive_variables("token", "password")
def reset(request: Request, token: str, password: str) -> DirectusUser:
    """Set the password of the account that a link was mailed for.

    Returns:
        The account.

    Raises:
        InvalidPayload: the password is not accepted; the link stays valid.
        InvalidToken: the link is used, expired or of an account that has changed.
        Unsure: there was no answer; the link stays valid.
        TryLater: nothing was changed; the link stays valid.
    """
    link = mailed_links.find(RESET, token)
    if link is None:
        raise InvalidToken(403, "UNKNOWN_LINK")
    service = _service(request)
    profile = _account(service, link)
    # Only one of two parallel requests continues.
    if not mailed_links.spend(link):
        raise InvalidToken(403, "USED")
    try:
        _write(service, profile, password)
    except (InvalidPayload, Unsure, TryLater):
        mailed_links.put_back(link)
        raise
    return profile


def _account(service: DirectusClient, link: MailedLink) -> DirectusUser:
    """Return the account of a link, if it is still the one that it was mailed for."""
    ids = [link.directus_id] if link.directus_id else []
    with service_call():
        found = service.get_users(ids)
        if not all(user.is_complete for user in found):
            raise Forbidden(403, "STATUS_HIDDEN")
    if [user.id for user in found] != ids:
        raise InvalidToken(403, "NO_ACCOUNT")
    profile = found[0]
    is_same = profile.email.casefold() == link.email.casefold()
    if not is_same or _mail_for(profile) != LINK:
        raise InvalidToken(403, "ACCOUNT_CHANGED")
    return profile


@sensitive_variables("password", "changes")
def _write(service: DirectusClient, profile: DirectusUser, password: str) -> None:
    changes = {"password": password}
    if not profile.is_active:
        changes["status"] = "active"
    with unsure_if_lost(), service_call(but=InvalidPayload):
        is_written = service.update_user_if(profile, changes, statuses=STATUSES)
    if not is_written:
        raise InvalidToken(403, "ACCOUNT_CHANGED")


# Helpers


def _service(request: Request | None = None) -> DirectusClient:
    service = clients.service_client(clients.visitor_of(request))
    if service is None:
        raise DirectusUnavailable("passwords cannot be reset without service token")
    return service


def _subject(email: str) -> str:
    return audit.email_digest(email)
