"""The own password, changed by somebody who knows the old one.

Directus asks for nothing: who holds a token could set a password. The old one is
therefore checked by a sign-in, and its fresh tokens do the change. From version 11 on
Directus ends all sessions then, so that this browser signs in anew.
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
    DirectusUnavailable,
    Forbidden,
    TokenPair,
)
from ..sessions import current
from ..sessions.ending import end_sessions_of
from ..sessions.tokens import revoke
from . import email_change, sign_in
from .password_reset import Unsure

logger = logging.getLogger(__name__)


class NotAllowed(Exception):
    """Neither the user's own token nor the site's may change the password."""


@sensitive_variables("tokens", "password", "otp")
def change(
    request: AuthenticatedRequest, tokens: TokenPair, password: str, otp: str = ""
) -> bool:
    """Set the password of the signed-in user; all other browsers are signed out.

    Args:
        tokens: from `sign_in.prove_password`; they are spent here.
        password: the new one.
        otp: the code that was just given, which Directus takes once more.

    Returns:
        Whether this browser stays signed in.

    Raises:
        InvalidPayload: the password is not accepted.
        NotAllowed: the operator has to grant it.
        Unsure: the request was sent and no answer came.
        TryLater: Directus did nothing.
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
        # Alive still where nothing was changed, and on version 10.
        revoke(tokens, request)
    _after(request)
    return _sign_in_anew(request, password, otp)


@sensitive_variables("tokens", "password")
def _write(request: AuthenticatedRequest, tokens: TokenPair, password: str) -> None:
    user_id = request.user.mirrored_id
    try:
        own = clients.client_for_tokens(tokens, request)
        try:
            own.change_password(user_id, password)
        except Forbidden as error:
            _as_site(request, error).change_password(user_id, password)
    except DirectusUnavailable as error:
        # Who says when to come back has done nothing.
        if error.never_sent or error.retry_after is not None:
            raise
        raise Unsure from error
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
    email_change.void_links([user])
    ended = end_sessions_of(user, but=request.session)
    audit.record("password.changed", request, user=user, sessions_ended=ended)
    mails.send("password_changed", user, request)


@sensitive_variables("password", "otp", "old", "new")
def _sign_in_anew(request: AuthenticatedRequest, password: str, otp: str) -> bool:
    """Put new tokens under a new session key; return False when there are none."""
    session = request.session
    old = session.tokens.newest()
    try:
        new = sign_in.login_again(request, password, otp)
    except DirectusError as error:
        # The code has run out meanwhile, or Directus is away.
        logger.warning("No sign-in after a change of password: %s", error)
        current.leave(request)
        return False
    session.cycle_key()
    if SESSION_KEY not in session:
        # Somebody ended the session meanwhile.
        revoke(new, request)
        return False
    session.begin(request.user, request)
    session.tokens.start(new)
    if old is not None:
        revoke(old, request)
    return True
