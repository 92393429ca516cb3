"""Confirm the address of a new account, and make sure that its password is the owner's.

The site acts on a link only after Directus has verified its token: until then it may
name any address. Unless the site knows that the owner typed the password
(`accounts.flows.sign_up`), it replaces the password *before* it confirms the address,
and mails a link to choose a new one. Without a service token the site can neither know
nor replace the password: then the first sign-in is refused until a new password was
chosen by mail.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from django.views.decorators.debug import sensitive_variables

from config.request import Request

from ..core import audit, clients
from ..core.service_token import service_call
from ..directus import (
    PASSWORD_PROVIDER,
    DirectusAPIError,
    DirectusClient,
    DirectusError,
    DirectusUser,
    Forbidden,
    InvalidPayload,
    TryLater,
)
from ..models import SignUp
from ..passwords.validation import unguessable_password
from ..throttling import mailboxes
from ..throttling.limits import Throttled
from ..web.links import public_url, token_email
from . import email_proof, mailed_links, terms
from .email_proof import Proof
from .sign_up import delete_sign_ups

logger = logging.getLogger(__name__)

UNVERIFIED = "unverified"


class LinkInvalid(Exception):
    """The link is used, expired, broken or forged; nothing was confirmed."""


@sensitive_variables("token")
def confirm(request: Request, token: str) -> bool:
    """Confirm the address that the token of Directus' link names.

    Returns:
        Whether the user must choose a new password.

    Raises:
        LinkInvalid: the user needs a new link.
        TryLater: the link stays valid.
    """
    email = token_email(token)
    anonymous = clients.anonymous_client(request)
    service = clients.service_client(clients.visitor_of(request))
    try:
        email_proof.check(request, token)
        if service is None:
            is_void = _confirm_blindly(anonymous, token, email)
        else:
            is_void = _confirm_safely(service, anonymous, token, email)
    except DirectusAPIError as error:
        audit.record("sign_up.link_refused", request, email=email, reason=error.code)
        raise LinkInvalid from error
    audit.record("sign_up.confirmed", request, email=email, password_void=is_void)
    if is_void:
        _send_reset_link(request, email)
    return is_void


@sensitive_variables("token")
def remove(request: Request, token: str) -> None:
    """Delete the unconfirmed account that a link's token names.

    Its address is then free for the owner, who signs in with a provider: Directus
    accepts no provider's user with the address of another account. The link proves the
    ownership.

    Raises:
        LinkInvalid: nothing was deleted; the account is confirmed, or there is none.
        TryLater: the link stays valid.
    """
    email = token_email(token)
    service = clients.service_client(clients.visitor_of(request))
    try:
        if service is None:
            raise Forbidden(403, "NO_SERVICE_TOKEN")
        proof = email_proof.check(request, token)
        email = proof.email
        found = _only_unconfirmed(_accounts(service, email), proof)
        with _spent(proof), service_call():
            service.delete_user(found.id)
    except DirectusAPIError as error:
        audit.record("sign_up.link_refused", request, email=email, reason=error.code)
        raise LinkInvalid from error
    delete_sign_ups(email)
    terms.forget(email)
    mailed_links.void_all([found.id])
    directus_id = str(found.id)
    audit.record("sign_up.removed", request, email=email, directus_id=directus_id)


def _only_unconfirmed(accounts: list[DirectusUser], proof: Proof) -> DirectusUser:
    """Return the one account of an address. Raises InvalidPayload for any other."""
    found = accounts[0]
    has_password = found.provider == PASSWORD_PROVIDER
    is_waiting = found.status == UNVERIFIED and has_password
    if len(accounts) != 1 or not is_waiting or not proof.is_about(found.id):
        raise InvalidPayload(400, "USED")
    return found


@contextmanager
def _spent(proof: Proof) -> Iterator[None]:
    """Use a link of the site for a block, so that no parallel request confirms with it.

    Raises:
        InvalidPayload: a parallel request has used it.
    """
    link = proof.link
    if link and not mailed_links.spend(link):
        raise InvalidPayload(400, "USED")
    try:
        yield
    except (DirectusError, TryLater):
        if link:
            mailed_links.put_back(link)
        raise


def _confirm_blindly(anonymous: DirectusClient, token: str, email: str) -> bool:
    """Confirm without a service token; the password is not accepted."""
    was_void = SignUp.objects.filter(pk=_key(email), is_void=True).exists()
    # First: otherwise the password would work for a moment.
    _note_void(email)
    try:
        anonymous.verify_email(token)
    except InvalidPayload:
        # Used before; the answer may have been lost, and a new password is needed.
        if not was_void:
            raise
    return True


def _confirm_safely(
    service: DirectusClient, anonymous: DirectusClient, token: str, email: str
) -> bool:
    """Confirm, after replacing a password of unknown origin."""
    accounts = _accounts(service, email)
    seen = SignUp.objects.filter(pk=_key(email)).first() or SignUp()
    is_certain = _is_from_here(seen, accounts)
    unconfirmed = [user for user in accounts if user.status == UNVERIFIED]
    if not unconfirmed:
        _require_lost_answer(seen, is_certain, accounts)
        if is_certain:
            delete_sign_ups(email)
        # Otherwise the note stays: the password may not have been replaced.
        return not is_certain
    if not is_certain:
        _note_void(email)
        _replace_passwords(service, unconfirmed)
    try:
        anonymous.verify_email(token)
    except InvalidPayload:
        # A parallel request with this link has replaced the password.
        logger.info("A link to confirm an address was used twice at once")
    delete_sign_ups(email)
    return not is_certain


def _require_lost_answer(
    seen: SignUp, is_certain: bool, accounts: list[DirectusUser]
) -> None:
    """Raise InvalidPayload for a used link, unless its answer was lost."""
    is_noted = is_certain or seen.is_void
    if not is_noted or not any(user.is_active for user in accounts):
        raise InvalidPayload(400, "USED")


def _is_from_here(seen: SignUp, accounts: list[DirectusUser]) -> bool:
    """Return whether the password comes from the only sign-up, on this site."""
    ids = [user.id for user in accounts]
    return seen.count == 1 and not seen.is_void and ids == [seen.directus_id]


def _accounts(service: DirectusClient, email: str) -> list[DirectusUser]:
    """Return all accounts with a verified address.

    Raises:
        InvalidPayload: there is none.
        ServiceTokenRefused: the service token may not read them.
    """
    with service_call():
        accounts = service.find_users_by_email(email)
        if not all(user.is_complete for user in accounts):
            raise Forbidden(403, "STATUS_HIDDEN")
    if not accounts:
        logger.error("The service token sees no account that a genuine link names")
        raise InvalidPayload(400, "NO_ACCOUNT")
    return accounts


def _replace_passwords(
    service: DirectusClient, unconfirmed: list[DirectusUser]
) -> None:
    """Give unconfirmed accounts random passwords, which are stored nowhere."""
    with service_call():
        for user in unconfirmed:
            service.update_user(user.id, {"password": unguessable_password()})


def _key(email: str) -> str:
    return audit.email_digest(email)


def _note_void(email: str) -> None:
    values = {"is_void": True}
    SignUp.objects.update_or_create(email_digest=_key(email), defaults=values)


def _send_reset_link(request: Request, email: str) -> None:
    try:
        with mailboxes.uncounted_in_trouble(mailboxes.count_for_owner(email)):
            clients.anonymous_client(request).request_password_reset(
                email=email, reset_url=public_url("accounts:password_reset_confirm")
            )
    except (DirectusError, Throttled) as error:
        # The page offers to send the mail again.
        logger.warning("No link was sent after a confirmation: %s", error)
