"""Confirm the address of a new account without Directus' own confirmation.

The password of the account stays only if the site knows that it is the owner's
(`accounts.flows.sign_up` says when). Otherwise the owner chooses one, which is set by
the call that confirms the address. Until then no password works.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.views.decorators.debug import sensitive_variables

from config.request import Request

from ..core import audit, clients
from ..core.service_token import service_call
from ..directus import (
    DirectusAPIError,
    DirectusClient,
    DirectusError,
    DirectusUser,
    Forbidden,
    InvalidPayload,
)
from ..models import MailedLink, SignUp
from ..throttling import spent_links
from . import email_proof, mailed_links, owners
from .email_proof import Proof
from .email_verification import UNVERIFIED, LinkInvalid
from .mailed_links import Purpose
from .sign_up import delete_sign_ups


class PasswordRefused(Exception):
    """Directus does not accept the new password; the link stays valid."""


@sensitive_variables("token")
def asks_for_password(token: str) -> bool:
    """Return whether the owner of a link has to choose a password.

    Always with a link of Directus: forged ones would reveal which addresses wait.
    """
    if not mailed_links.is_own(token):
        return True
    link = mailed_links.find(Purpose.SIGN_UP, token)
    return link is not None and not _keeps_password(link)


@sensitive_variables("token", "password")
def confirm(request: Request, token: str, password: str = "") -> str:
    """Confirm the address of a link.

    Args:
        password: the new password, if the page had to ask for one.

    Returns:
        The address.

    Raises:
        LinkInvalid: nothing was confirmed; the user needs a new link.
        PasswordRefused, TryLater: the link stays valid.
    """
    email = ""
    try:
        service = _service(request)
        _require_unused(token)
        proof = email_proof.check(request, token)
        email = proof.email
        _activate(service, _account(service, proof), proof.link, password)
    except DirectusAPIError as error:
        audit.record("sign_up.link_refused", request, email=email, reason=error.code)
        raise LinkInvalid from error
    delete_sign_ups(email)
    replaced = bool(password)
    audit.record("sign_up.confirmed", request, email=email, password_void=replaced)
    return email


def _service(request: Request) -> DirectusClient:
    service = clients.service_client(clients.visitor_of(request))
    if service is None:
        raise Forbidden(403, "NO_SERVICE_TOKEN")
    return service


@sensitive_variables("token")
def _require_unused(token: str) -> None:
    """Refuse a used link of Directus, which does not know that it was used."""
    if not mailed_links.is_own(token) and spent_links.is_over(token):
        raise _used()


def _account(service: DirectusClient, proof: Proof) -> DirectusUser:
    """Return the account to confirm, or one whose confirmation lost its answer."""
    found = owners.account_of(service, proof.email)
    if found is None or not owners.is_customer_with_password(found):
        raise _used()
    is_waiting = found.status == UNVERIFIED or _lost_an_answer(found, proof)
    if not is_waiting or not proof.is_about(found.id):
        raise _used()
    return found


def _lost_an_answer(found: DirectusUser, proof: Proof) -> bool:
    """Return whether an earlier click may have confirmed the address already.

    After a sign-in there is a password that works, and the link must not replace it.
    """
    if not found.is_active or proof.link is None:
        return False
    return _keeps_password(proof.link) or found.last_access is None


def _keeps_password(link: MailedLink) -> bool:
    """Return whether the password comes from the only sign-up, on this site."""
    seen = SignUp.objects.filter(pk=audit.email_digest(link.email)).first() or SignUp()
    is_only = seen.count == 1 and not seen.is_void
    return is_only and seen.directus_id == link.directus_id


@sensitive_variables("password", "changes")
def _activate(
    service: DirectusClient, user: DirectusUser, link: MailedLink | None, password: str
) -> None:
    keeps = link is not None and _keeps_password(link)
    if not keeps and not password:
        raise _used()
    changes = {"status": "active"} | ({} if keeps else {"password": password})
    with _spent(link):
        if keeps and user.is_active:
            return
        try:
            with service_call(but=() if keeps else InvalidPayload):
                done = service.update_user_if(user, changes, statuses=[user.status])
        except InvalidPayload as error:
            raise PasswordRefused from error
        if not done:
            raise _used()


@contextmanager
def _spent(link: MailedLink | None) -> Iterator[None]:
    """Use a link; put it back after an error. Raises InvalidPayload for a used one."""
    if link is None:
        yield
        return
    if not mailed_links.spend(link):
        raise _used()
    try:
        yield
    except (DirectusError, PasswordRefused):
        mailed_links.put_back(link)
        raise


def _used() -> InvalidPayload:
    return InvalidPayload(400, "USED")
