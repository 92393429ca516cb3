"""Change the password of the signed-in user, who gives the old one.

Directus does not ask for the old password, so the site checks it with a sign-in, and
uses the new tokens for the change. From version 11 on Directus then ends all sessions,
and the site signs this browser in again.
"""

import logging

from django.contrib.auth import SESSION_KEY
from django.views.decorators.debug import sensitive_variables

from config.request import AuthenticatedRequest, Request

from ..core import audit, clients, mails
from ..directus import (
    AuthenticationFailed,
    DirectusAPIError,
    DirectusClient,
    DirectusError,
    Forbidden,
    TokenPair,
)
from ..sessions import current
from ..sessions.ending import end_sessions_of
from ..sessions.tokens import revoke
from . import mailed_links, sign_in
from .lost_answers import Unsure, unsure_if_lost

logger = logging.getLogger(__name__)


class NotAllowed(Exception):
    """Neither the user's token nor the service token may change the password."""


@sensitive_variables("tokens", "password", "otp")
def change(
    request: AuthenticatedRequest, tokens: TokenPair, password: str, otp: str = ""
) -> bool:
    """Set the password of the signed-in user, and end all other sessions.

    Args:
        tokens: from `sign_in.prove_password`; they are used up.
        password: the new password.
        otp: the code that was just given; Directus accepts it once more.

    Returns:
        Whether this browser stays signed in.

    Raises:
        InvalidPayload: the password is not accepted.
        NotAllowed: an operator has to grant the right.
        Unsure: the request was sent, but there was no answer.
        TryLater: nothing was changed.
    """
    current.spare(request)
    try:
        _write(request, tokens, password)
    except Unsure:
        audit.record("password.unsure", request, user=request.user)
        raise
    except (DirectusError, NotAllowed):
        current.spare_no_longer(request)
        raise
    finally:
        # They are still valid if nothing was changed, and on version 10.
        revoke(tokens, request)
    _after(request)
    return _sign_in_anew(request, password, otp)


@sensitive_variables("tokens", "password")
def _write(request: AuthenticatedRequest, tokens: TokenPair, password: str) -> None:
    user_id = request.user.mirrored_id
    try:
        with unsure_if_lost():
            own = clients.client_for_tokens(tokens, request)
            try:
                own.change_password(user_id, password)
            except Forbidden as error:
                _as_site(request, error).change_password(user_id, password)
    except (Forbidden, AuthenticationFailed) as error:
        logger.error(
            "Directus lets neither the user nor the site change a password, which "
            "directus_setup grants: %s",
            error,
        )
        raise NotAllowed from error


def _as_site(request: Request, error: DirectusAPIError) -> DirectusClient:
    service = clients.service_client(clients.visitor_of(request))
    if service is None:
        raise error
    return service


def _after(request: AuthenticatedRequest) -> None:
    user = request.user
    mailed_links.void_all([user.mirrored_id])
    ended = end_sessions_of(user, but=request.session)
    audit.record("password.changed", request, user=user, sessions_ended=ended)
    mails.send("password_changed", user, request)


@sensitive_variables("password", "otp", "old", "new")
def _sign_in_anew(request: AuthenticatedRequest, password: str, otp: str) -> bool:
    """Store new tokens under a new session key; return False if there are none."""
    session = request.session
    old = session.tokens.newest()
    try:
        new = sign_in.login_again(request, password, otp)
    except DirectusError as error:
        # The code has expired meanwhile, or Directus is away.
        logger.warning("No sign-in after a change of password: %s", error)
        current.leave(request)
        return False
    session.cycle_key()
    if SESSION_KEY not in session:
        # The session was ended meanwhile.
        revoke(new, request)
        return False
    session.begin(request.user, request, is_kept=session.is_kept, tokens=new)
    if old is not None:
        revoke(old, request)
    return True
