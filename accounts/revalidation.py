"""Whether the signed-in user still is one: Directus is asked once a minute.

An access token alone outlives suspension, deletion and demotion by minutes, so every
session is re-validated by reading the own profile. While Directus is away, people who
are signed in keep reading for a while, and nobody is signed out.
"""

import logging
from collections.abc import Callable
from datetime import timedelta

from . import clients, second_factor, shared_cache
from .asking_again import TOLERANCE
from .directus import (
    DirectusAPIError,
    DirectusClient,
    DirectusUnavailable,
    DirectusUser,
    Forbidden,
    RateLimited,
    SessionExpired,
)
from .mirror import mirror_user
from .sessions import end_sessions

logger = logging.getLogger(__name__)

SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
# Directus is not asked again so soon for a session that got no answer; later, but not
# much later, if Directus says so.
PAUSE_SECONDS = 5
LONGEST_PAUSE_SECONDS = 60


def keep_true(request) -> None:
    """Ask Directus about the signed-in user when it is time to.

    Raises:
        SessionExpired: the user is suspended, gone, or signed out at Directus.
        DirectusUnavailable: Directus is away, and this request may not go on without.
    """
    user = request.user
    if not user.is_authenticated:
        return
    session = request.session
    session.touch(request)
    if not user.is_mirrored or not _is_due(session):
        return
    if _got_no_answer(session) and _may_go_on(request):
        request.directus_is_away = True
    elif session.take_validation():
        _validate(request)
    elif session.validation_age > _due() + TOLERANCE:
        _wait_for_answer(request)


def _due() -> timedelta:
    return timedelta(seconds=clients.revalidate_seconds())


def _is_due(session) -> bool:
    return session.validation_age >= _due()


def _validate(request) -> None:
    try:
        profile = _read_own_profile(request)
    except (DirectusUnavailable, RateLimited) as error:
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
            second_factor.note_demand(request.user, request.directus)
    request.session.confirm()


def _read_own_profile(request) -> DirectusUser:
    try:
        return read_profile(request.directus, lambda: _prove(request))
    except RateLimited:
        raise
    except DirectusAPIError as error:
        # Says nothing about the user: as good as no answer.
        logger.error("A signed-in user's profile cannot be read: %s", error)
        raise DirectusUnavailable(f"the profile answered {error}") from error


def _wait_for_answer(request) -> None:
    """Go on with the answer that another request gets; ask if that one died."""
    session = request.session
    while True:
        session.wait_for_validation()
        if session.row is None:
            raise SessionExpired("the session was ended")
        if not _is_due(session):
            # What the user may do can have changed.
            request.user.refresh_from_db()
            return
        if _got_no_answer(session):
            _go_on_without_directus(request)
            return
        if session.take_validation():
            _validate(request)
            return


def _prove(request) -> None:
    """Renew the tokens: Directus refuses that to everybody who may not be here."""
    tokens = request.session.tokens.load()
    if tokens is None:
        raise SessionExpired("no Directus tokens are stored")
    clients.session_auth(request).renew_rejected(tokens.access_token)


def _same_backend(before, after):
    after.backend = getattr(before, "backend", None)
    return after


def read_profile(client: DirectusClient, prove: Callable[[], None]) -> DirectusUser:
    """Return the profile of a client's user, as complete as anybody may read it.

    Args:
        client: acts as the user.
        prove: called when nobody could read the status; raises SessionExpired when
            the user may not refresh, which Directus always knows.
    """
    profile = client.get_current_user()
    if profile.is_complete:
        return profile
    return _read_as_site(profile) or _proven(profile, prove)


def _read_as_site(profile: DirectusUser) -> DirectusUser | None:
    """Return the profile as the service token sees it, or None if not completely."""
    service = clients.service_client()
    if service is None:
        return None
    try:
        found = service.get_user(profile.id)
    except RateLimited:
        raise
    except Forbidden:
        # The user is gone, or the service token may not read: the same answer.
        return None
    except DirectusAPIError as error:
        # The site's own trouble must not sign anybody out.
        logger.error("The service token cannot read users: %s", error)
        return None
    return found if found.is_complete else None


def _proven(profile: DirectusUser, prove: Callable[[], None]) -> DirectusUser:
    prove()
    return profile


# When there is no answer


def _may_go_on(request) -> bool:
    """Tell whether a request may do without Directus: reading, within the grace."""
    grace = timedelta(seconds=clients.grace_seconds())
    reads = request.method in SAFE_METHODS and not _is_admin(request)
    return reads and request.session.validation_age <= grace


def _go_on_without_directus(request, cause=None) -> None:
    if not _may_go_on(request):
        raise cause or DirectusUnavailable("Directus is away", retry_after=10)
    request.directus_is_away = True


def _is_admin(request) -> bool:
    return request.resolver_match.app_name == "admin"


def _note_no_answer(session, seconds: int) -> None:
    seconds = min(seconds, LONGEST_PAUSE_SECONDS)
    shared_cache.set(_unanswered(session), True, seconds)
    session.release_validation()


def _got_no_answer(session) -> bool:
    return bool(shared_cache.get(_unanswered(session)))


def _unanswered(session) -> str:
    return f"unanswered:{session.row.pk}"
