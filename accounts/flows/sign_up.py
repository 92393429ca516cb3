"""Sign up, and note the sign-up until the address is confirmed.

Directus keeps the *first* password for an unconfirmed address, from any sign-up, here
or elsewhere. The site knows that it is the owner's only if the site created the account
itself and the address has seen no other sign-up. `accounts.flows.email_verification`
replaces every other password.
"""

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from django.db.models import F, QuerySet
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from config.request import Request

from ..core import audit, clients, mails
from ..core.batches import delete_in_batches
from ..core.service_token import service_call
from ..directus import (
    AuthenticationFailed,
    DirectusAPIError,
    DirectusUnavailable,
    InvalidPayload,
    NewUser,
    NotUnique,
    RateLimited,
    spellings,
)
from ..models import SignUp
from ..throttling import mailboxes
from ..throttling.limits import ADDRESS_SIGN_UPS, Attempt, Throttled
from ..web import client_address
from . import sign_up_by_directus, sign_up_by_site

logger = logging.getLogger(__name__)

# Directus' links are valid for 7 days by default.
KEPT_DAYS = 60


class AddressTaken(Exception):
    """The address has an account; only `create` says so."""


class NotAccepted(Exception):
    """Directus does not accept such a sign-up from any visitor.

    Attributes:
        field: the refused field; only `create` says so.
    """

    def __init__(self, field: str = ""):
        super().__init__(field)
        self.field = field


@sensitive_variables("user")
def sign_up(request: Request, user: NewUser) -> None:
    """Create an account in Directus.

    Raises:
        AddressTaken: with DIRECTUS_SIGNUP=create.
        NotAccepted: sign-up is off in Directus, or the address is filtered out there.
        TryLater: no account was created, or that is unknown.
    """
    email = user.email
    counted = _count_attempt(request, email)
    try:
        with mailboxes.uncounted_in_trouble(counted):
            _way()(request, user)
    except DirectusAPIError as error:
        logger.error("Directus refuses sign-ups: %s", error)
        audit.record("sign_up.refused", request, email=email, reason=error.code)
        raise NotAccepted from error
    audit.record("sign_up", request, email=email)


def send_again(request: Request, email: str) -> None:
    """Mail another link to an address that signed up and is not confirmed yet.

    This is no further sign-up: the link says nothing about a password.

    Raises:
        TryLater: no link was sent.
    """
    counted = _count_attempt(request, email)
    with mailboxes.uncounted_in_trouble(counted):
        service = sign_up_by_site.service_for(request)
        found = sign_up_by_site.look_up(service, email)
        sign_up_by_site.mail_link_again(request, email, found)
    audit.record("sign_up.sent_again", request, email=email)


def refuse_program(request: Request) -> None:
    """Count and record the attempt of a program; nothing else is done.

    Raises:
        Throttled: as after so many sign-ups.
    """
    _count_for_address(request)
    audit.record("sign_up.refused", request, reason="program")


def _way() -> Callable[[Request, NewUser], None]:
    if clients.signup_mode() == "create":
        return _create
    return _register_at_site if mails.is_from_site() else _register


def _in_known_spelling(user: NewUser) -> NewUser:
    """Return the user with the address of an existing account; few have two."""
    service = clients.service_client()
    if service is None or len(spellings(user.email)) == 1:
        return user
    with service_call():
        found = service.find_users_by_email(user.email)
    return replace(user, email=found[0].email) if found else user


def _count_attempt(request: Request, email: str) -> list[Attempt]:
    """Count the attempt and its mail; return the attempts of the mail."""
    try:
        _count_for_address(request)
        # Without a confirmation Directus sends no mail.
        is_mailed = clients.signup_mode() == "register"
        return mailboxes.count(request, email) if is_mailed else []
    except Throttled:
        audit.record("sign_up.refused", request, email=email, reason="Throttled")
        raise


def _count_for_address(request: Request) -> None:
    Attempt(ADDRESS_SIGN_UPS, client_address.bucket(request.client_address)).take()


# Without a confirmation


@sensitive_variables("user")
def _create(request: Request, user: NewUser) -> None:
    user = _in_known_spelling(user)
    client = clients.service_client(clients.visitor_of(request))
    if client is None:
        client = clients.anonymous_client(request)
        # Visitors have no right to these.
        user = replace(user, language="", others={})
    try:
        with service_call(AuthenticationFailed):
            client.create_user(user, role=clients.customer_role())
    except NotUnique as error:
        audit.record("sign_up.refused", request, email=user.email, reason="taken")
        raise AddressTaken from error
    except InvalidPayload as error:
        logger.warning("Directus refused a sign-up that this site allowed: %s", error)
        raise NotAccepted(error.field or "") from error


# With a confirmation by a mail of this site


@sensitive_variables("user")
def _register_at_site(request: Request, user: NewUser) -> None:
    """Create the account, and mail the link.

    The calls and written rows are the same for known and new addresses.
    """
    email = user.email
    service = sign_up_by_site.service_for(request)
    found = sign_up_by_site.look_up(service, email)
    _count(email)
    try:
        created = sign_up_by_site.create(service, user, found)
    except DirectusUnavailable as error:
        if error.never_sent:
            _uncount(email)
        raise
    if not created and not found:
        # A parallel sign-up was faster: the link of this one voids the other's.
        found = sign_up_by_site.look_up(service, email)
    # Without the id, no password is kept.
    kept = created.id if created and created.has_typed_password else None
    _sign_ups_of(email).update(directus_id=kept)
    sign_up_by_site.mail_link(request, email, found, created)


# With a confirmation by a mail of Directus


@sensitive_variables("user")
def _register(request: Request, user: NewUser) -> None:
    """Create the account here if possible, and let Directus mail the link.

    The calls and written rows are the same for known and new addresses.
    """
    user = _in_known_spelling(user)
    email = user.email
    service = sign_up_by_directus.service_for(request)
    _count(email)
    try:
        created = sign_up_by_directus.create(service, user) if service else None
    except DirectusUnavailable as error:
        if error.never_sent:
            _uncount(email)
        raise
    _sign_ups_of(email).update(directus_id=created)
    try:
        sign_up_by_directus.ask_for_link(request, user)
    except (DirectusAPIError, RateLimited):
        # The account could never be confirmed.
        if service and created and sign_up_by_directus.take_back(service, created):
            _uncount(email)
        raise
    except DirectusUnavailable as error:
        if error.never_sent and service is None:
            _uncount(email)
        raise


# Notes about sign-ups


def _sign_ups_of(email: str) -> QuerySet[SignUp]:
    return SignUp.objects.filter(pk=audit.email_digest(email))


def _count(email: str) -> None:
    SignUp.objects.get_or_create(email_digest=audit.email_digest(email))
    _sign_ups_of(email).update(count=F("count") + 1, last_at=timezone.now())


def _uncount(email: str) -> None:
    """Delete the note of a sign-up that left no password in Directus."""
    _sign_ups_of(email).filter(count__gt=0).update(count=F("count") - 1)


def password_is_unsafe(email: str) -> bool:
    """Return whether a stranger may know the password of a new account.

    That is so after a confirmation without a service token, until the owner has
    chosen a new password by mail.
    """
    return _sign_ups_of(email).filter(is_void=True).exists()


def clear_old() -> None:
    """Delete notes with expired links; without a note no password is kept."""
    old = timezone.now() - timedelta(days=KEPT_DAYS)
    delete_in_batches(SignUp.objects.filter(is_void=False, last_at__lt=old))


def delete_sign_ups(email: str) -> None:
    """Delete the note: the owner has the account, and alone knows the password."""
    _sign_ups_of(email).delete()
