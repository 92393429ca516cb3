"""Re-validate sessions: read the user at Directus once a minute.

An access token stays valid for minutes after a suspension, a deletion or a change of
role, so the site reads the profile of the signed-in user. During an outage of Directus
signed-in users can read for a while, and no session ends.
"""

import logging
import time
from datetime import timedelta
from typing import cast

from django.db import DatabaseError

from config.request import AuthenticatedRequest, Request

from .. import two_factor
from ..core import cache, clients, figures
from ..directus import (
    DirectusUnavailable,
    SessionExpired,
    TryLater,
)
from ..passwords import local
from ..sessions import SessionStore
from ..sessions.ending import end_sessions
from ..sessions.lease import POLL_SECONDS
from ..web.session_notice import SAFE_METHODS
from .own_profile import read_profile
from .users import mirror_user

logger = logging.getLogger(__name__)

# The pause for a session without an answer; longer, up to a limit, if Directus asks
# for it.
PAUSE_SECONDS = 5
LONGEST_PAUSE_SECONDS = 60
# While another request reads, a request goes on if the last answer is only a little
# too old. After hours, or after a reported change, it waits for the answer.
TOLERANCE = timedelta(seconds=10)


def revalidate(request: Request) -> None:
    """Re-validate the signed-in user if the last answer is too old.

    Raises:
        SessionExpired: the user is suspended, gone, or signed out at Directus.
        DirectusUnavailable: Directus is away, and this request may not go on without.
    """
    if request.user.is_authenticated:
        try:
            _revalidate(cast(AuthenticatedRequest, request))
        except SessionExpired:
            figures.revalidation("ended")
            raise


def _revalidate(request: AuthenticatedRequest) -> None:
    user = request.user
    session = request.session
    if not user.is_mirrored and not local.is_allowed(request):
        raise SessionExpired("a local administrator came from another address")
    can_write = session.touch(request)
    if not user.is_mirrored or not _is_due(session):
        return
    if (_got_no_answer(session) or not can_write) and _may_go_on(request):
        request.directus_is_away = True
        return
    try:
        is_ours = session.take_validation()
    except DatabaseError as error:
        # The database takes no writes now; the page is shown all the same.
        if not _may_go_on(request):
            raise
        logger.warning("Directus is not asked: %s", type(error).__name__)
        _pause(session, PAUSE_SECONDS)
        request.directus_is_away = True
        return
    if is_ours:
        _validate(request)
    elif session.is_change_reported or session.validation_age > _due() + TOLERANCE:
        _wait_for_answer(request)


def _due() -> timedelta:
    return timedelta(seconds=clients.revalidate_seconds())


def _is_due(session: SessionStore) -> bool:
    return session.is_change_reported or session.validation_age >= _due()


def _validate(request: AuthenticatedRequest) -> None:
    try:
        profile = read_profile(request.directus, lambda: _prove(request))
    except TryLater as error:
        figures.revalidation("no_answer")
        _note_no_answer(request.session, error.retry_after or PAUSE_SECONDS)
        _go_on_without_directus(request, error)
        return
    if profile.id != request.user.directus_id:
        raise SessionExpired("the tokens belong to another user")
    if profile.is_complete:
        request.user = _same_backend(request.user, mirror_user(profile))
        if not request.user.is_active:
            end_sessions(request.user.sessions.all())
            raise SessionExpired("the user is not active")
        if not request.user.has_two_factor:
            two_factor.renew_demand(request.user, request.directus)
    request.session.confirm()
    figures.revalidation("confirmed")


def _wait_for_answer(request: AuthenticatedRequest) -> None:
    """Use the answer of another request; read the user if that request has died.

    The wait ends after the longest time of a request, whatever the row says.
    """
    session = request.session
    end = time.monotonic() + clients.lease_seconds()
    while (left := end - time.monotonic()) > 0:
        try:
            session.wait_for_validation(left)
        except DirectusUnavailable as error:
            _go_on_without_directus(request, error)
            return
        if session.row is None:
            raise SessionExpired("the session was ended")
        if not _is_due(session):
            # The rights of the user may have changed.
            request.user.refresh_from_db()
            return
        if _got_no_answer(session):
            _go_on_without_directus(request)
            return
        if session.take_validation():
            _validate(request)
            return
        time.sleep(POLL_SECONDS)
    # The next requests need not wait, too.
    _pause(session, PAUSE_SECONDS)
    _go_on_without_directus(request)


def _prove(request: Request) -> None:
    """Renew the tokens, which Directus refuses to suspended and deleted users."""
    tokens = request.session.tokens.load()
    if tokens is None:
        raise SessionExpired("no Directus tokens are stored")
    clients.session_auth(request).renew_rejected(tokens.access_token)


def _same_backend(before, after):
    after.backend = getattr(before, "backend", None)
    return after


# Without an answer


def _may_go_on(request: Request) -> bool:
    """Return whether a request may do without Directus: it reads, within the grace."""
    grace = timedelta(seconds=clients.grace_seconds())
    reads = request.method in SAFE_METHODS and not _is_admin(request)
    return reads and request.session.validation_age <= grace


def _go_on_without_directus(request: Request, cause: TryLater | None = None) -> None:
    if not _may_go_on(request):
        raise cause or DirectusUnavailable("Directus is away", retry_after=10)
    request.directus_is_away = True


def _is_admin(request: Request) -> bool:
    match = request.resolver_match
    return match is not None and match.app_name == "admin"


def _note_no_answer(session: SessionStore, seconds: int) -> None:
    _pause(session, min(seconds, LONGEST_PAUSE_SECONDS))
    session.release_validation()


def _pause(session: SessionStore, seconds: int) -> None:
    cache.set(_unanswered(session), True, seconds)


def _got_no_answer(session: SessionStore) -> bool:
    return bool(cache.get(_unanswered(session)))


def _unanswered(session: SessionStore) -> str:
    return f"unanswered:{session.row_id}"
