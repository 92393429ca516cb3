"""Sign-up, and what makes a confirmed address belong to whoever confirmed it.

Directus keeps the *first* password that was typed for an unconfirmed address, by
whomever and however long ago. When an address saw more than one sign-up, that password
is therefore replaced before the address is confirmed, and its owner chooses a new one
by mail. Without a service token nothing can be replaced: then nobody who never signed
in before is let in until a new password was chosen.
"""

import logging

from django.db.models import F
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from . import addresses, audit, clients
from .directus import (
    AuthenticationFailed,
    DirectusAPIError,
    DirectusError,
    DirectusUnavailable,
    Forbidden,
    InvalidPayload,
    NotUnique,
    RateLimited,
    spellings,
)
from .links import public_url, token_email
from .models import SignUp
from .password_policy import unguessable_password
from .throttling import ADDRESS_SIGN_UPS, Attempt, Throttled

logger = logging.getLogger(__name__)


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
    _count_against_address(request, email)
    person = {
        "email": _as_directus_has_it(email),
        "password": password,
        "first_name": first_name,
        "last_name": last_name,
    }
    create = clients.signup_mode() == "create"
    try:
        (_create if create else _register)(request, person)
    except RateLimited:
        raise
    except DirectusAPIError as error:
        logger.error("Directus refuses sign-ups: %s", error)
        audit.record("sign_up.refused", request, email=email, reason=error.code)
        raise NotAccepted from error
    audit.record("sign_up", request, email=email)


def _as_directus_has_it(email: str) -> str:
    """Return the spelling of an account that is there; only few addresses have two."""
    service = clients.service_client()
    try:
        for other in spellings(email)[1:]:
            if service and service.find_users_by_email(other):
                return other
    except (AuthenticationFailed, Forbidden) as error:
        raise _service_trouble(error) from error
    return email


def _count_against_address(request, email: str) -> None:
    attempt = Attempt(ADDRESS_SIGN_UPS, addresses.bucket(request.client_address))
    try:
        attempt.take()
    except Throttled:
        audit.record("sign_up.refused", request, email=email, reason="Throttled")
        raise
    attempt.failed()


@sensitive_variables("person")
def _register(request, person: dict[str, str]) -> None:
    _count(person["email"])
    try:
        clients.anonymous_client(request).register_user(
            **person, verification_url=public_url("accounts:verify_email")
        )
    except InvalidPayload as error:
        if error.code == "INVALID_PAYLOAD":
            # Looked at before the address is: an address or a link that Directus
            # does not take, whoever asks.
            raise
        # Only an unknown address gets this answer: showing it would tell.
        logger.warning("Directus refused a sign-up that this site allowed: %s", error)
    except DirectusUnavailable as error:
        if error.never_sent:
            _uncount(person["email"])
        raise


@sensitive_variables("person")
def _create(request, person: dict[str, str]) -> None:
    client = clients.service_client() or clients.anonymous_client(request)
    try:
        client.create_user(**person, role=clients.customer_role())
    except NotUnique as error:
        audit.record("sign_up.refused", request, email=person["email"], reason="taken")
        raise AddressTaken from error
    except InvalidPayload as error:
        logger.warning("Directus refused a sign-up that this site allowed: %s", error)
        raise NotAccepted from error
    except AuthenticationFailed as error:
        raise _service_trouble(error) from error


def _count(email: str) -> None:
    digest = audit.email_digest(email)
    SignUp.objects.get_or_create(email_digest=digest)
    SignUp.objects.filter(pk=digest).update(
        count=F("count") + 1, last_at=timezone.now()
    )


def _uncount(email: str) -> None:
    rows = SignUp.objects.filter(pk=audit.email_digest(email))
    rows.filter(count__gt=0).update(count=F("count") - 1)


def confirm(request, token: str) -> bool:
    """Confirm the address that a link's token names.

    Returns:
        Whether the password typed at sign-up is void, so that a new one must be chosen.

    Raises:
        DirectusAPIError: the link is used, too old or broken.
        DirectusUnavailable: try again later.
    """
    email = token_email(token)
    seen = SignUp.objects.filter(pk=audit.email_digest(email)).first()
    is_shared = seen is not None and seen.count > 1
    service = clients.service_client()
    if is_shared and service:
        _replace_password(service, email)
    _verify(request, token, email, may_be_used=seen is not None)
    audit.record("sign_up.confirmed", request, email=email, password_void=is_shared)
    if is_shared:
        _send_reset_link(request, email)
    if service or not is_shared:
        forget(email)
    return is_shared


def _verify(request, token: str, email: str, *, may_be_used: bool) -> None:
    try:
        clients.anonymous_client(request).verify_email(token)
    except InvalidPayload as error:
        # Used before. The count still being there, the answer was lost that time.
        if not may_be_used:
            _refuse_link(request, email, error)
            raise
    except RateLimited:
        raise
    except DirectusAPIError as error:
        _refuse_link(request, email, error)
        raise


def _refuse_link(request, email: str, error: DirectusAPIError) -> None:
    audit.record("sign_up.link_refused", request, email=email, reason=error.code)


def _replace_password(service, email: str) -> None:
    """Make the password of an unconfirmed account one that nobody knows."""
    try:
        for user in service.find_users_by_email(email):
            # A confirmed account is not touched: its owner knows the password.
            if user.status == "unverified":
                service.update_user(user.id, {"password": unguessable_password()})
    except (AuthenticationFailed, Forbidden, InvalidPayload) as error:
        raise _service_trouble(error) from error


def _service_trouble(error: DirectusError) -> DirectusUnavailable:
    """Return what visitors are told: the site's own token is not theirs to mend."""
    logger.error("Directus does not let the service token do its work: %s", error)
    return DirectusUnavailable("the service token is refused")


def password_is_unsafe(email: str) -> bool:
    """Tell whether somebody else may have typed the password of a new account."""
    if clients.service_client() is not None:
        # The password was replaced when the address was confirmed.
        return False
    digest = audit.email_digest(email)
    return SignUp.objects.filter(pk=digest, count__gt=1).exists()


def forget(email: str) -> None:
    """Forget sign-ups: the address' owner is there, and knows the password alone."""
    SignUp.objects.filter(pk=audit.email_digest(email)).delete()


def _send_reset_link(request, email: str) -> None:
    try:
        clients.anonymous_client(request).request_password_reset(
            email=email, reset_url=public_url("accounts:password_reset_confirm")
        )
    except DirectusError as error:
        # The page offers to send it again.
        logger.warning("No link was sent after a confirmation: %s", error)
