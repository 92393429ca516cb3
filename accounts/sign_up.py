"""Sign-up, and what makes a confirmed address belong to whoever confirmed it.

Directus keeps the *first* password that was typed for an unconfirmed address, by
whomever. When an address saw more than one sign-up, that password is therefore
replaced before the address is confirmed, and its owner chooses a new one by mail.
"""

import logging
import secrets
from datetime import timedelta

from django.db.models import F
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from . import addresses, audit, clients
from .directus import (
    DirectusError,
    DirectusUnavailable,
    Forbidden,
    InvalidPayload,
    NotUnique,
)
from .links import public_url, token_email
from .models import SignUp
from .throttling import ADDRESS_SIGN_UPS, Attempt

logger = logging.getLogger(__name__)

# As long as Directus' confirmation links are good.
REMEMBERED = timedelta(days=8)


class AddressTaken(Exception):
    """Somebody signed up with this address before; only `create` says so."""


class NotAccepted(Exception):
    """Directus does not accept sign-ups of this kind, whoever asks."""


@sensitive_variables("password")
def sign_up(request, *, email: str, password: str, first_name: str, last_name: str):
    """Ask Directus for an account.

    Raises:
        AddressTaken: with DIRECTUS_SIGNUP=create.
        NotAccepted: sign-up is off in Directus, or the address is filtered out there.
        Throttled, RateLimited, DirectusUnavailable: try again later.
    """
    attempt = Attempt(ADDRESS_SIGN_UPS, addresses.bucket(request.client_address))
    attempt.take()
    attempt.failed()
    person = {
        "email": email,
        "password": password,
        "first_name": first_name,
        "last_name": last_name,
    }
    create = clients.signup_mode() == "create"
    try:
        (_create if create else _register)(request, person)
    except Forbidden as error:
        logger.error("Directus refuses sign-ups: %s", error)
        raise NotAccepted from error
    audit.record("sign_up", request, email=email)


@sensitive_variables("person")
def _register(request, person: dict[str, str]) -> None:
    _count(person["email"])
    try:
        clients.anonymous_client(request).register_user(
            **person, verification_url=public_url("accounts:verify_email")
        )
    except InvalidPayload as error:
        # Only an unknown address gets this answer: showing it would tell.
        logger.warning("Directus refused a sign-up that this site allowed: %s", error)


@sensitive_variables("person")
def _create(request, person: dict[str, str]) -> None:
    client = clients.service_client() or clients.anonymous_client(request)
    try:
        client.create_user(**person, role=clients.customer_role())
    except NotUnique as error:
        raise AddressTaken from error


def _count(email: str) -> None:
    digest = audit.email_digest(email)
    SignUp.objects.get_or_create(email_digest=digest)
    SignUp.objects.filter(pk=digest).update(
        count=F("count") + 1, last_at=timezone.now()
    )


def confirm(request, token: str) -> bool:
    """Confirm the address that a link's token names.

    Returns:
        Whether the password was replaced, so that a new one must be chosen.

    Raises:
        DirectusAPIError: the link is used, too old or broken.
        DirectusUnavailable: try again later.
    """
    email = token_email(token)
    seen = SignUp.objects.filter(pk=audit.email_digest(email)).first()
    replaced = bool(seen and seen.count > 1) and _replace_password(email)
    clients.anonymous_client(request).verify_email(token)
    SignUp.objects.filter(pk=audit.email_digest(email)).delete()
    audit.record("sign_up.confirmed", request, email=email, password_replaced=replaced)
    if replaced:
        _send_reset_link(request, email)
    return replaced


def _replace_password(email: str) -> bool:
    """Make the password of an unconfirmed account one that nobody knows."""
    service = clients.service_client()
    if service is None:
        logger.warning("A sign-up password is kept: there is no service token.")
        return False
    try:
        users = service.find_users_by_email(email)
        for user in users:
            # A confirmed account is not touched: its owner knows the password.
            if user.status == "unverified":
                service.update_user(user.id, {"password": secrets.token_urlsafe(48)})
    except Forbidden as error:
        logger.error("The service token may not replace passwords: %s", error)
        raise DirectusUnavailable("the account cannot be made safe") from error
    return bool(users)


def _send_reset_link(request, email: str) -> None:
    try:
        clients.anonymous_client(request).request_password_reset(
            email=email, reset_url=public_url("accounts:password_reset_confirm")
        )
    except DirectusError as error:
        # The page offers to send it again.
        logger.warning("No link was sent after a confirmation: %s", error)


def forget_old() -> int:
    """Delete counts of addresses that can no longer be confirmed."""
    old = SignUp.objects.filter(last_at__lt=timezone.now() - REMEMBERED)
    return old.delete()[0]
