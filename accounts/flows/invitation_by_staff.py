"""Invite a customer on behalf of staff, send the link again, or withdraw it.

The account is created in Directus without a password, and gets one when the invitation
is accepted; see accounts.flows.invitation.
"""

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.request import AuthenticatedRequest

from .. import signals
from ..core import audit, clients, mails
from ..core.service_token import service_call
from ..directus import (
    DirectusAPIError,
    DirectusClient,
    DirectusUnavailable,
    DirectusUser,
    Forbidden,
    InvalidPayload,
    NewUser,
    NotUnique,
)
from ..mirror.users import mirror_user
from ..models import User
from ..operations import suspend
from ..operations.suspend import NO_SERVICE_TOKEN, Refused
from ..throttling import mailboxes
from ..throttling.limits import undo_all
from . import mailed_links
from .deletion_local import erase
from .invitation import INVITATION, INVITED, NO_ROOM
from .owners import is_customer

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

NO_MAILS_OF_SITE = gettext_lazy(
    "This site sends no invitations: they need ACCOUNT_MAILS=site."
)
NO_ROLE = gettext_lazy("DIRECTUS_CUSTOMER_ROLE is not set. Run directus_setup.")


class Taken(Exception):
    """The address has an account.

    Attributes:
        status: its status in Directus.
        user: its local row, if there is one.
    """

    def __init__(self, status: str, user: User | None) -> None:
        super().__init__(status)
        self.status = status
        self.user = user


class NotAccepted(Exception):
    """Directus does not accept the address."""


def obstacle() -> "str | StrPromise":
    """Return what the site lacks to invite customers, or an empty string."""
    if not mails.is_from_site():
        return NO_MAILS_OF_SITE
    if clients.service_client() is None:
        return NO_SERVICE_TOKEN
    return "" if clients.customer_role() else NO_ROLE


# Invite


def invite(request: AuthenticatedRequest, guest: NewUser) -> User:
    """Create an account without a password, and mail a link to choose one.

    Returns:
        The local row of the account.

    Raises:
        Taken, NotAccepted, Refused, Throttled: nothing was done.
        TryLater: there is no account, or it is invited and got no mail.
    """
    service = suspend.service_client()
    _require_unused(service, guest.email)
    counted = mailboxes.count_for_staff(guest.email)
    try:
        user = mirror_user(_created(service, guest))
    except BaseException:
        undo_all(counted)
        raise
    _mail_link(user)
    staff_id = request.user.pk
    audit.record("invite.sent", request, user=user, email=user.email, staff_id=staff_id)
    return user


def _require_unused(service: DirectusClient, email: str) -> None:
    with service_call():
        found = service.find_users_by_email(email)
    if not found:
        return
    profile = found[0]
    if profile.status == INVITED:
        # After a lost answer there is no row yet, which staff need to send the link.
        raise Taken(profile.status, mirror_user(profile))
    row = User.objects.filter(directus_id=profile.id).first()
    raise Taken(profile.status, row)


def _created(service: DirectusClient, guest: NewUser) -> DirectusUser:
    """Create the account; return its profile as Directus has it."""
    try:
        created = service.create_user(
            guest, role=clients.customer_role(), status=INVITED
        )
    except NotUnique:
        # Created in the meantime.
        _require_unused(service, guest.email)
        raise DirectusUnavailable("an address is taken and has no account") from None
    except DirectusAPIError as error:
        raise _refusal(error) from error
    if created is None:
        raise DirectusUnavailable("the account that was created may not be read")
    with service_call():
        profile = service.get_user(created)
    is_theirs = profile.email.casefold() == guest.email.casefold()
    if not is_theirs or profile.status != INVITED or not is_customer(profile):
        raise DirectusUnavailable("the account that was created is another one")
    return profile


def _refusal(error: DirectusAPIError) -> Exception:
    if isinstance(error, InvalidPayload) and error.field == "email":
        return NotAccepted()
    if error.code == NO_ROOM:
        return Refused(_("The Directus licence allows no more users."))
    text = _(
        "Directus refused to create the account: %(error)s. If the service token lacks "
        "the right, run directus_setup."
    )
    return Refused(text % {"error": error})


@transaction.atomic
def _mail_link(user: User) -> None:
    """Mail a new link, which voids the older one, in the language of the profile."""
    link = mailed_links.make(
        INVITATION, audit.email_digest(user.email), user.email, user.mirrored_id
    )
    mails.send("invitation", user, link=link, hours=mailed_links.hours(INVITATION))


# Afterwards


def send_again(user: User) -> None:
    """Mail a new link to an invited user; the older one no longer works.

    Raises:
        Refused, Throttled: nothing was sent.
        DirectusError: there is no answer.
    """
    _require_invited(suspend.service_client(), user)
    mailboxes.count_for_staff(user.email)
    _mail_link(user)


def withdraw(user: User) -> None:
    """Delete the account of an invited user in Directus, and anonymise the row.

    Raises:
        Refused: nothing was deleted.
        DirectusError: the account may be deleted; its link no longer works.
    """
    service = suspend.service_client()
    _require_invited(service, user)
    # First, so that the account is not activated meanwhile.
    mailed_links.void_all([user.mirrored_id])
    _require_invited(service, user)
    try:
        service.delete_user(user.mirrored_id)
    except Forbidden as error:
        text = _("The service token may not delete this account: %(error)s.")
        raise Refused(text % {"error": error}) from None
    erase(user, is_finished=True)
    signals.tell_deleted(user, was_active=False)


def _require_invited(service: DirectusClient, user: User) -> None:
    """Mirror a user that is still an invited customer."""
    profile = suspend.sync(service, user)
    user.refresh_from_db()
    if profile.status != INVITED:
        text = _("No invitation waits: the status in Directus is %(status)s.")
        raise Refused(text % {"status": profile.status})
    if not is_customer(profile):
        raise Refused(_("Only customers are invited: this user has another role."))
