"""Change the email address: confirm the new one, and notify the old one.

Directus changes an address at once without a confirmation, so the site does it with the
service token. Only the mail to the new address says whether the address is taken: the
calls, the written rows and the number of mails are the same.
"""

import secrets
from collections.abc import Iterable
from datetime import timedelta

from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.http import urlencode
from django.views.decorators.debug import sensitive_variables

from config.request import AuthenticatedRequest, Request

from ..core import audit, clients, mails
from ..core.batches import delete_in_batches
from ..core.service_token import service_call
from ..directus import (
    DirectusClient,
    DirectusUnavailable,
    DirectusUser,
    InvalidPayload,
    TryLater,
)
from ..mirror.users import mirror_user, note_written
from ..models import EmailChange, User
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
from ..web.links import public_url
from . import sign_up

LINK_HOURS = 24


class LinkInvalid(Exception):
    """The link is used, expired or broken, or the address is taken by now."""


def is_possible() -> bool:
    """Return whether the site can change addresses, which needs the service token."""
    return clients.service_client() is not None


def pending(user: User) -> EmailChange | None:
    """Return the change that waits for its confirmation."""
    rows = EmailChange.objects.filter(user=user, expires_at__gt=timezone.now())
    return rows.first()


# Request


@sensitive_variables("token")
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
    token = secrets.token_urlsafe(32)
    _remember(user, new_email, token)
    audit.record("email.change_asked", request, user=user)
    if owner:
        # In the language of its reader, and without facts about the requesting user.
        mails.send("email_taken", owner, to=new_email)
    else:
        mails.send(
            "email_confirm", user, to=new_email, link=_link(token), hours=LINK_HOURS
        )
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


def _remember(user: User, new_email: str, token: str) -> None:
    # Also if the address is taken: no mail contains the token then.
    EmailChange.objects.update_or_create(
        user=user,
        defaults={
            "old_email": user.email,
            "new_email": new_email,
            "token_digest": _digest(token),
            "expires_at": timezone.now() + timedelta(hours=LINK_HOURS),
        },
    )


def _link(token: str) -> str:
    query = urlencode({"token": token})
    return f"{public_url('accounts:email_change_confirm')}?{query}"


# Confirmation


@sensitive_variables("token")
def find(token: str) -> EmailChange | None:
    """Return the change that a link's token confirms, while the link is valid."""
    return EmailChange.objects.filter(
        token_digest=_digest(token),
        expires_at__gt=timezone.now(),
        user__is_active=True,
    ).first()


@sensitive_variables("token")
def confirm(request: Request, token: str) -> EmailChange:
    """Change the address at Directus, and end all sessions of the user.

    Returns:
        The change.

    Raises:
        LinkInvalid: nothing was changed.
        TryLater: the link stays valid.
    """
    change = find(token)
    if change is None:
        _refused(request, None, "UNKNOWN_LINK")
        raise LinkInvalid
    service = _service()
    profile = _owner(request, service, change)
    # Deleted first: only one of two parallel requests continues.
    if not EmailChange.objects.filter(pk=change.pk).delete()[0]:
        raise LinkInvalid
    # Otherwise Directus has changed it before, and the answer was lost.
    if profile.email.casefold() != change.new_email.casefold():
        _write(request, service, change)
    _begin_anew(request, change, profile)
    return change


def _owner(
    request: Request, service: DirectusClient, change: EmailChange
) -> DirectusUser:
    """Return the profile, if the account is still the one of the request."""
    with service_call():
        profile = service.get_user(change.user.mirrored_id)
    known = {change.old_email.casefold(), change.new_email.casefold()}
    is_theirs = profile.is_active and profile.email.casefold() in known
    if not is_theirs or profile.has_provider:
        _refused(request, change.user, "ACCOUNT_CHANGED")
        change.delete()
        raise LinkInvalid
    return profile


def _write(request: Request, service: DirectusClient, change: EmailChange) -> None:
    try:
        with service_call(but=InvalidPayload):
            service.update_user(change.user.mirrored_id, {"email": change.new_email})
    except InvalidPayload as error:
        # Most likely the address was taken meanwhile.
        _refused(request, change.user, error.code)
        raise LinkInvalid from error
    except TryLater:
        _put_back(change)
        raise


def _put_back(change: EmailChange) -> None:
    names = ("old_email", "new_email", "token_digest", "expires_at")
    values = {name: getattr(change, name) for name in names}
    # A newer request stays.
    EmailChange.objects.get_or_create(user=change.user, defaults=values)


def _begin_anew(request: Request, change: EmailChange, profile: DirectusUser) -> None:
    user = mirror_user(profile)
    note_written(user, email=change.new_email)
    attempts.follow_address(change.old_email, change.new_email)
    # An earlier sign-up with this address was not by its owner.
    sign_up.delete_sign_ups(change.new_email)
    ended = end_sessions_of(user)
    if request.user == user:
        current.leave(request)
    audit.record("email.changed", request, user=user, sessions_ended=ended)
    mails.send("email_changed", user, request, to=change.old_email)


def cancel(request: AuthenticatedRequest) -> bool:
    """Void the signed-in user's link; return whether there was one."""
    is_there, _ = EmailChange.objects.filter(user=request.user).delete()
    if is_there:
        audit.record("email.change_cancelled", request, user=request.user)
    return bool(is_there)


def void_links(users: Iterable[User | int]) -> None:
    """Void the links of users after a new password."""
    EmailChange.objects.filter(user__in=users).delete()


def clear_ended() -> None:
    """Delete expired changes."""
    delete_in_batches(EmailChange.objects.filter(expires_at__lte=timezone.now()))


# Helpers


def _service() -> DirectusClient:
    service = clients.service_client()
    if service is None:
        raise DirectusUnavailable("addresses cannot be changed without service token")
    return service


def _refused(request: Request, user: User | None, reason: str) -> None:
    audit.record("email.change_refused", request, user=user, reason=reason)


def _digest(token: str) -> str:
    return salted_hmac("accounts.email_change", token, algorithm="sha256").hexdigest()
