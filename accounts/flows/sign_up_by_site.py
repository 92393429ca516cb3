"""The calls and the mail of a sign-up whose link the site mails.

Each sign-up looks the address up, and asks Directus to create the account, which it
refuses for a known address. The calls, the statements and the page are the same for all
addresses; only the mailbox learns more.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from uuid import UUID

from django.db import transaction
from django.views.decorators.debug import sensitive_variables

from config.request import Request

from ..core import audit, clients, mails
from ..core.service_token import ServiceTokenRefused, service_call
from ..directus import (
    DirectusClient,
    DirectusUser,
    Forbidden,
    InvalidPayload,
    NewUser,
    NotUnique,
)
from ..passwords.validation import unguessable_password
from . import mailed_links, owners
from .mailed_links import Purpose

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Created:
    """A new account, and whether it has the password that was typed."""

    id: UUID
    has_typed_password: bool


@dataclass(frozen=True)
class Letter:
    """The mail for an address, and its link; without an account, it has none."""

    name: str
    purpose: str = Purpose.SIGN_UP
    directus_id: UUID | None = None


NOTHING = Letter("")


def service_for(request: Request) -> DirectusClient:
    """Return the service client. Raises ServiceTokenRefused if the site has none."""
    service = clients.service_client(clients.visitor_of(request))
    if service is None or not clients.customer_role():
        logger.error("ACCOUNT_MAILS=site needs the service token and the role")
        raise ServiceTokenRefused("the service token or the role is missing")
    return service


def look_up(service: DirectusClient, email: str) -> list[DirectusUser]:
    """Return the accounts of an address; raises as `owners.account_of`."""
    return owners.accounts_of(service, email)


@sensitive_variables("user", "values")
def create(
    service: DirectusClient, user: NewUser, found: list[DirectusUser]
) -> Created | None:
    """Create an unconfirmed account; return None if the address has one.

    A value that Directus refuses is left out: it refuses them for new addresses only,
    so that a visitor must not learn of it.

    Raises:
        TryLater: the result is unknown.
    """
    # Few addresses have two spellings, which are two addresses for Directus.
    user = replace(user, email=found[0].email) if found else user
    for values in _less_and_less(user):
        try:
            new = _create(service, values)
        except NotUnique:
            return None
        except InvalidPayload as error:
            logger.warning("Directus refused values of a sign-up: %s", error)
        else:
            return Created(new, values is user)
    logger.error("Directus accepts no sign-up of an address: no mail is sent")
    return None


@sensitive_variables("user", "password")
def _less_and_less(user: NewUser) -> Iterator[NewUser]:
    """Yield all values, those without which Directus may accept, and the address."""
    yield user
    password = unguessable_password()
    yield replace(user, password=password, others={})
    yield NewUser(user.email, password, language=user.language)


@sensitive_variables("values")
def _create(service: DirectusClient, values: NewUser) -> UUID:
    role = clients.customer_role()
    with service_call(but=InvalidPayload):
        new = service.create_user(values, role=role, status="unverified")
        if new is None:
            raise Forbidden(403, "ID_HIDDEN")
    return new


def mail_link(
    request: Request, email: str, found: list[DirectusUser], created: Created | None
) -> None:
    """Mail the link to a new or unconfirmed account, and a notice to an active one."""
    user = owners.only(found)
    if created:
        letter = Letter("sign_up_confirm", directus_id=created.id)
    else:
        letter = _letter_for(user)
    _send(request, email, user, letter)


def mail_link_again(request: Request, email: str, found: list[DirectusUser]) -> None:
    """Mail the link to an account that waits for it, and nothing to others."""
    user = owners.only(found)
    letter = _letter_for(user)
    _send(request, email, user, letter if letter.directus_id else NOTHING)


def _letter_for(user: DirectusUser | None) -> Letter:
    if user is None:
        return NOTHING
    if user.is_active:
        return Letter("sign_up_taken")
    if not owners.is_customer_with_password(user):
        return NOTHING
    if user.status == "unverified":
        return Letter("sign_up_confirm", directus_id=user.id)
    if user.status == "invited":
        return Letter("invitation", Purpose.INVITATION, user.id)
    return NOTHING


@transaction.atomic
def _send(
    request: Request, email: str, user: DirectusUser | None, letter: Letter
) -> None:
    address = user.email if user else email
    # Also without a link, as the statements have to be the same; then the address of a
    # stranger is not kept.
    kept = address if letter.directus_id else ""
    subject = audit.email_digest(email)
    link = mailed_links.make(letter.purpose, subject, kept, letter.directus_id)
    if letter.directus_id:
        # A stranger may have chosen the name and the language of an unconfirmed user.
        owner = user if letter.purpose == Purpose.INVITATION else None
        hours = mailed_links.hours(letter.purpose)
        mails.send(letter.name, owner, request, to=address, link=link, hours=hours)
    elif letter.name:
        mails.send(letter.name, user, request, to=address)
    else:
        mails.send_nothing("sign_up_confirm", address)
