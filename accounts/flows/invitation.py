"""Accept an invitation, by choosing the first password.

The link is the site's own, or Directus' if an administrator has invited the user there.
"""

from django.views.decorators.debug import sensitive_variables

from config.request import Request

from ..core import audit, clients
from ..core.service_token import ServiceTokenRefused, log_refusal, service_call
from ..directus import (
    DirectusAPIError,
    DirectusClient,
    DirectusUnavailable,
    DirectusUser,
    InvalidPayload,
)
from ..mirror.users import note_written
from ..models import MailedLink, User
from ..throttling.limits import ADDRESS_LINKS, Attempt, Throttled
from ..web import client_address
from ..web.links import token_email
from . import mailed_links, sign_up
from .owners import is_customer

INVITATION = MailedLink.Purpose.INVITATION
INVITED, ACTIVE = "invited", "active"
NO_ROOM = "LIMIT_EXCEEDED"


class LinkInvalid(Exception):
    """The invitation is used, withdrawn, expired or broken."""


class NoRoom(Exception):
    """The licence of Directus allows no more users."""


class Unsure(Exception):
    """The answer was lost: the invitation may be accepted."""


@sensitive_variables("token", "password")
def accept(request: Request, token: str, password: str) -> str:
    """Accept an invitation.

    Returns:
        The invited address.

    Raises:
        InvalidPayload: the password is not accepted; the invitation stays valid.
        LinkInvalid, NoRoom: nothing was done.
        Unsure: the request was sent, but there was no answer.
        TryLater: nothing was done.
    """
    _count(request, token)
    if mailed_links.is_own(token):
        return _accept_own(request, token, password)
    return _accept_at_directus(request, token, password)


def _count(request: Request, token: str) -> None:
    try:
        Attempt(ADDRESS_LINKS, client_address.bucket(request.client_address)).take()
    except Throttled:
        _refused(request, token_email(token), "Throttled")
        raise


# Links of the site


@sensitive_variables("token", "password")
def _accept_own(request: Request, token: str, password: str) -> str:
    link = mailed_links.find(INVITATION, token)
    if link is None:
        _refused(request, "", "UNKNOWN_LINK")
        raise LinkInvalid
    service = clients.service_client()
    if service is None:
        raise DirectusUnavailable("invitations need the service token")
    profile = _invited(service, link)
    # Only one of two parallel requests continues.
    if profile is None or not mailed_links.spend(link):
        _refused(request, link.email, "ACCOUNT_CHANGED")
        raise LinkInvalid
    try:
        is_accepted = _activate(request, service, profile, password)
    except BaseException:
        # After a lost answer, too: an active account refuses it.
        mailed_links.put_back(link)
        raise
    if not is_accepted:
        _refused(request, link.email, "ACCOUNT_CHANGED")
        raise LinkInvalid
    mailed_links.void_all([profile.id])
    _accepted(request, link.email, _note_active(profile))
    return link.email


def _invited(service: DirectusClient, link: MailedLink) -> DirectusUser | None:
    """Return the account of a link, while it waits for its password."""
    if link.directus_id is None:
        return None
    with service_call():
        found = service.get_users([link.directus_id])
    is_waiting = (
        len(found) == 1
        and found[0].id == link.directus_id
        and found[0].status == INVITED
        and found[0].email.casefold() == link.email.casefold()
        and is_customer(found[0])
        and not found[0].has_provider
    )
    return found[0] if is_waiting else None


@sensitive_variables("password")
def _activate(
    request: Request, service: DirectusClient, profile: DirectusUser, password: str
) -> bool:
    """Set the password; return False if the account is not invited any more."""
    changes = {"password": password, "status": ACTIVE}
    try:
        return service.update_user_if(profile, changes, statuses=[INVITED])
    except DirectusAPIError as error:
        _refused(request, profile.email, error.code)
        _raise_if_expected(error)
        log_refusal(error)
        raise ServiceTokenRefused("the service token is refused") from error
    except DirectusUnavailable as error:
        _raise_if_unsure(request, profile.email, error)
        raise


def _note_active(profile: DirectusUser) -> User | None:
    user = User.objects.filter(directus_id=profile.id, deleted_at=None).first()
    if user is not None:
        note_written(user, status=ACTIVE, is_active=True)
    return user


# Links of Directus


@sensitive_variables("token", "password")
def _accept_at_directus(request: Request, token: str, password: str) -> str:
    email = token_email(token)
    try:
        clients.anonymous_client(request).accept_invite(token=token, password=password)
    except DirectusAPIError as error:
        _refused(request, email, error.code)
        _raise_if_expected(error)
        raise LinkInvalid from error
    except DirectusUnavailable as error:
        _raise_if_unsure(request, email, error)
        raise
    _accepted(request, email)
    return email


# Both


def _raise_if_expected(error: DirectusAPIError) -> None:
    if isinstance(error, InvalidPayload) and error.field == "password":
        raise error
    if error.code == NO_ROOM:
        raise NoRoom from error


def _raise_if_unsure(request: Request, email: str, error: DirectusUnavailable) -> None:
    # An answer with a time to try again means that nothing was changed.
    if error.never_sent or error.retry_after is not None:
        return
    audit.record("invite.unsure", request, email=email)
    raise Unsure from error


def _accepted(request: Request, email: str, user: User | None = None) -> None:
    # An earlier sign-up with this address was not by its owner.
    sign_up.delete_sign_ups(email)
    audit.record("invite.accepted", request, user=user, email=email)


def _refused(request: Request, email: str, reason: str) -> None:
    audit.record("invite.refused", request, email=email, reason=reason)
