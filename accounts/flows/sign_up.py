"""Sign up, and note the sign-up until the address is confirmed.

Directus keeps the *first* password for an unconfirmed address, from any sign-up, here
or elsewhere. The site knows that it is the owner's only if the site created the account
itself and the address has seen no other sign-up. `accounts.flows.email_verification`
replaces every other password.
"""

import logging
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from django.db.models import F, QuerySet
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from config.request import Request

from ..core import audit, cache, clients
from ..core.batches import delete_in_batches
from ..core.service_token import service_call
from ..directus import (
    AuthenticationFailed,
    DirectusAPIError,
    DirectusClient,
    DirectusError,
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
from ..web.links import public_url

logger = logging.getLogger(__name__)

# Directus' links are valid for 7 days by default.
KEPT_DAYS = 60
CACHE_KEY = "directus-confirms-sign-ups"
CACHE_SECONDS = 60


class AddressTaken(Exception):
    """The address has an account; only `create` says so."""


class NotAccepted(Exception):
    """Directus does not accept such a sign-up from any visitor."""


@sensitive_variables("user")
def sign_up(request: Request, user: NewUser) -> None:
    """Create an account in Directus.

    Raises:
        AddressTaken: with DIRECTUS_SIGNUP=create.
        NotAccepted: sign-up is off in Directus, or the address is filtered out there.
        TryLater: no account was created, or that is unknown.
    """
    email = user.email
    mails = _count_attempt(request, email)
    user = replace(user, email=_as_directus_has_it(email))
    make = _create if clients.signup_mode() == "create" else _register
    try:
        with mailboxes.uncounted_in_trouble(mails):
            make(request, user)
    except DirectusAPIError as error:
        logger.error("Directus refuses sign-ups: %s", error)
        audit.record("sign_up.refused", request, email=email, reason=error.code)
        raise NotAccepted from error
    audit.record("sign_up", request, email=email)


def _as_directus_has_it(email: str) -> str:
    """Return the spelling of an existing account; few addresses have two."""
    service = clients.service_client()
    if service is None or len(spellings(email)) == 1:
        return email
    with service_call():
        found = service.find_users_by_email(email)
    return found[0].email if found else email


def _count_attempt(request: Request, email: str) -> list[Attempt]:
    """Count the attempt and its mail; return the attempts of the mail."""
    address = client_address.bucket(request.client_address)
    try:
        Attempt(ADDRESS_SIGN_UPS, address).take()
        # Without a confirmation Directus sends no mail.
        is_mailed = clients.signup_mode() == "register"
        return mailboxes.count(request, email) if is_mailed else []
    except Throttled:
        audit.record("sign_up.refused", request, email=email, reason="Throttled")
        raise


# Without a confirmation


@sensitive_variables("user")
def _create(request: Request, user: NewUser) -> None:
    service = clients.service_client(clients.visitor_of(request))
    client = service or clients.anonymous_client(request)
    try:
        with service_call(AuthenticationFailed):
            client.create_user(user, role=clients.customer_role())
    except NotUnique as error:
        audit.record("sign_up.refused", request, email=user.email, reason="taken")
        raise AddressTaken from error
    except InvalidPayload as error:
        logger.warning("Directus refused a sign-up that this site allowed: %s", error)
        raise NotAccepted from error


# With a confirmation by mail


@sensitive_variables("user")
def _register(request: Request, user: NewUser) -> None:
    """Create the account here if possible, and let Directus mail the link.

    The calls and written rows are the same for known and new addresses.
    """
    email = user.email
    service = _creator(request)
    _count(email)
    try:
        created = _create_unconfirmed(service, user) if service else None
    except DirectusUnavailable as error:
        if error.never_sent:
            _uncount(email)
        raise
    _sign_ups_of(email).update(directus_id=created)
    try:
        _ask_for_link(request, user)
    except (DirectusAPIError, RateLimited):
        if service and created:
            _take_back(service, email, created)
        raise
    except DirectusUnavailable as error:
        if error.never_sent and service is None:
            _uncount(email)
        raise


@sensitive_variables("user")
def _ask_for_link(request: Request, user: NewUser) -> None:
    try:
        clients.anonymous_client(request).register_user(
            user, verification_url=public_url("accounts:email_verification")
        )
    except InvalidPayload as error:
        if error.code == "INVALID_PAYLOAD":
            # Directus checks this before it looks for an account: it accepts such an
            # address or link from no visitor.
            raise
        # Only an unknown address gets this answer: showing it would reveal that.
        logger.warning("Directus refused a sign-up that this site allowed: %s", error)


def _creator(request: Request) -> DirectusClient | None:
    """Return the service client, if it may create unconfirmed accounts; else None."""
    service = clients.service_client(clients.visitor_of(request))
    if service is None or not clients.customer_role() or not _are_confirmed(request):
        return None
    return service


def _are_confirmed(request: Request) -> bool:
    """Return whether Directus accepts sign-ups and confirms their addresses."""
    known = cache.get(CACHE_KEY)
    if known is None:
        project = clients.anonymous_client(request).get_server_info().get("project")
        names = ("public_registration", "public_registration_verify_email")
        known = isinstance(project, dict) and all(
            project.get(name) is True for name in names
        )
        cache.set(CACHE_KEY, known, CACHE_SECONDS)
    return known


@sensitive_variables("user")
def _create_unconfirmed(service: DirectusClient, user: NewUser) -> UUID | None:
    """Return the id of a new account with this password; None if it existed."""
    try:
        return service.create_user(
            user, role=clients.customer_role(), status="unverified"
        )
    except NotUnique:
        # It has the password of an earlier sign-up.
        return None
    except DirectusAPIError as error:
        # Directus' own registration may still accept it.
        logger.warning("The service token creates no account: %s", error)
        return None


def _take_back(service: DirectusClient, email: str, created: UUID) -> None:
    """Delete an account without a mailed link, which could never be confirmed."""
    try:
        service.delete_user(created)
    except DirectusError as error:
        logger.error("User %s is left unconfirmed in Directus: %s", created, error)
    else:
        _uncount(email)


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
