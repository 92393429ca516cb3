"""Change the email address: confirm the new one, and notify the old one.

Directus changes an address at once without a confirmation, so the site does it with the
service token. Only the mail to the new address says whether the address is taken: the
calls, the written rows and the number of mails are the same.
"""

from django.db import transaction
from django.views.decorators.debug import sensitive_variables

from config.request import AuthenticatedRequest, Request

from ..core import audit, clients, mails, sign_in_ways
from ..core.service_token import service_call
from ..directus import (
    DirectusClient,
    DirectusUnavailable,
    DirectusUser,
    InvalidPayload,
    TryLater,
)
from ..mirror.users import mirror_user, note_written
from ..models import MailedLink, User
from ..sessions import current
from ..sessions.ending import end_sessions_of
from ..throttling import attempts, mailboxes
from ..throttling.limits import (
    ACCOUNT_EMAIL_CHANGES,
    ADDRESS_EMAIL_CHANGES,
    Attempt,
    Throttled,
    take_all,
    undo_all,
)
from ..web import client_address
from . import mailed_links, sign_up

EMAIL_CHANGE = MailedLink.Purpose.EMAIL_CHANGE


class LinkInvalid(Exception):
    """The link is used, expired or broken, or the address is taken by now."""


def is_possible() -> bool:
    """Return whether the site can change addresses, which needs the service token."""
    return clients.service_client() is not None


def pending(user: User) -> MailedLink | None:
    """Return the link that waits for its confirmation."""
    return mailed_links.waiting(EMAIL_CHANGE, str(user.pk))


# Request


def ask(request: AuthenticatedRequest, new_email: str) -> None:
    """Mail a link to the new address, and a notice to the old one.

    Raises:
        TryLater: nothing was sent.
    """
    user = request.user
    counted = _count(request, new_email)
    try:
        owner = _other_owner(user, new_email)
    except BaseException:
        undo_all(counted)
        raise
    # Before the transaction: the mail about a taken address may name a provider.
    sign_in_ways.sign_in_ways()
    _mail_link(request, new_email, owner)
    audit.record("email.change_asked", request, user=user)


@transaction.atomic
@sensitive_variables("link")
def _mail_link(
    request: AuthenticatedRequest, new_email: str, owner: DirectusUser | None
) -> None:
    user = request.user
    # Also if the address is taken: no mail has the link then.
    link = mailed_links.make(
        EMAIL_CHANGE,
        str(user.pk),
        new_email,
        user.mirrored_id,
        old_email=user.email,
    )
    if owner:
        # In the language of its reader, and without facts about the requesting user.
        mails.send("email_taken", owner, to=new_email)
    else:
        hours = mailed_links.hours(EMAIL_CHANGE)
        mails.send("email_confirm", user, to=new_email, link=link, hours=hours)
    mails.send("email_change_asked", user, request)


def _count(request: AuthenticatedRequest, new_email: str) -> list[Attempt]:
    counted = [
        Attempt(ADDRESS_EMAIL_CHANGES, client_address.bucket(request.client_address)),
        Attempt(ACCOUNT_EMAIL_CHANGES, str(request.user.pk)),
    ]
    taken: list[Attempt] = []
    try:
        take_all(counted)
        taken = counted
        return taken + mailboxes.count(request, new_email)
    except Throttled:
        undo_all(taken)
        _refused(request, request.user, "Throttled")
        raise


def _other_owner(user: User, new_email: str) -> DirectusUser | None:
    """Return other users with this address."""
    with service_call():
        owners = _service().find_users_by_email(new_email)
    others = (owner for owner in owners if owner.id != user.directus_id)
    return next(others, None)


# Confirmation


@sensitive_variables("token")
def find(token: str) -> MailedLink | None:
    """Return the link of a token, while it is valid and its user is active."""
    link = mailed_links.find(EMAIL_CHANGE, token)
    return link if link and _user_of(link) else None


def _user_of(link: MailedLink) -> User | None:
    return User.objects.filter(pk=link.subject, is_active=True).first()


@sensitive_variables("token")
def confirm(request: Request, token: str) -> MailedLink:
    """Change the address at Directus, and end all sessions of the user.

    Returns:
        The link.

    Raises:
        LinkInvalid: nothing was changed.
        TryLater: the link stays valid.
    """
    link = mailed_links.find(EMAIL_CHANGE, token)
    user = _user_of(link) if link else None
    if link is None or user is None:
        _refused(request, None, "UNKNOWN_LINK")
        raise LinkInvalid
    service = _service()
    profile = _owner(request, service, link, user)
    # Only one of two parallel requests continues.
    if not mailed_links.spend(link):
        raise LinkInvalid
    # Otherwise Directus has changed it before, and the answer was lost.
    if profile.email.casefold() != link.email.casefold():
        _write(request, service, link, user)
    _begin_anew(request, link, profile)
    return link


def _owner(
    request: Request, service: DirectusClient, link: MailedLink, user: User
) -> DirectusUser:
    """Return the profile, if the account is still the one of the request."""
    with service_call():
        profile = service.get_user(user.mirrored_id)
    known = {link.old_email.casefold(), link.email.casefold()}
    is_theirs = profile.is_active and profile.email.casefold() in known
    if not is_theirs or profile.has_provider:
        _refused(request, user, "ACCOUNT_CHANGED")
        mailed_links.void(EMAIL_CHANGE, link.subject)
        raise LinkInvalid
    return profile


def _write(
    request: Request, service: DirectusClient, link: MailedLink, user: User
) -> None:
    try:
        with service_call(but=InvalidPayload):
            service.update_user(user.mirrored_id, {"email": link.email})
    except InvalidPayload as error:
        # Most likely the address was taken meanwhile.
        _refused(request, user, error.code)
        raise LinkInvalid from error
    except TryLater:
        mailed_links.put_back(link)
        raise


def _begin_anew(request: Request, link: MailedLink, profile: DirectusUser) -> None:
    user = mirror_user(profile)
    note_written(user, email=link.email)
    # An earlier sign-up with this address was not by its owner.
    sign_up.delete_sign_ups(link.email)
    ended = end_sessions_of(user)
    if request.user == user:
        current.leave(request)
    audit.record("email.changed", request, user=user, sessions_ended=ended)
    mails.send("email_changed", user, request, to=link.old_email)
    attempts.follow_address(link.old_email, link.email)


def cancel(request: AuthenticatedRequest) -> bool:
    """Void the signed-in user's link; return whether there was one."""
    is_there = mailed_links.void(EMAIL_CHANGE, str(request.user.pk))
    if is_there:
        audit.record("email.change_cancelled", request, user=request.user)
    return is_there


# Helpers


def _service() -> DirectusClient:
    service = clients.service_client()
    if service is None:
        raise DirectusUnavailable("addresses cannot be changed without service token")
    return service


def _refused(request: Request, user: User | None, reason: str) -> None:
    audit.record("email.change_refused", request, user=user, reason=reason)
