"""Whether the signed-in user still is one: Directus is asked once a minute.

An access token alone outlives suspension, deletion and demotion by minutes, so every
session is re-validated by reading the own profile. While Directus is away, people who
are signed in keep reading for a while, and nobody is signed out.
"""

from datetime import timedelta

from django.utils import timezone

from . import clients
from .directus import DirectusUnavailable, Forbidden, RateLimited, SessionExpired
from .mirror import mirror_user
from .sessions import VALIDATION_LEASE, end_sessions

SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}


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
    if not user.is_mirrored:
        return
    age = timezone.now() - (session.row.validated_at or session.row.created_at)
    due = timedelta(seconds=clients.revalidate_seconds())
    if age < due:
        return
    if session.take_validation():
        _validate(request, age)
    elif age > due + VALIDATION_LEASE:
        # Somebody asked meanwhile and got no answer.
        _go_on_without_directus(request, age)


def _validate(request, age: timedelta) -> None:
    try:
        profile = read_profile(request.directus, lambda: _prove(request))
    except (DirectusUnavailable, RateLimited) as error:
        _go_on_without_directus(request, age, error)
        return
    if profile.id != request.user.directus_id:
        raise SessionExpired("the tokens belong to another user")
    if profile.is_complete:
        request.user = _same_backend(request.user, mirror_user(profile))
        if not profile.is_active:
            end_sessions(request.user.sessions.all())
            raise SessionExpired("the user is not active")
    request.session.confirm()


def _prove(request) -> None:
    """Renew the tokens: Directus refuses that to everybody who may not be here."""
    tokens = request.session.tokens.load()
    if tokens is None:
        raise SessionExpired("no Directus tokens are stored")
    clients.session_auth(request).renew_rejected(tokens.access_token)


def _same_backend(before, after):
    after.backend = getattr(before, "backend", None)
    return after


def read_profile(client, prove):
    """Return the profile of a client's user, as complete as anybody may read it.

    Args:
        client: acts as the user.
        prove: called when nobody could read the status; raises SessionExpired when
            the user may not refresh, which Directus always knows.
    """
    profile = client.get_current_user()
    if profile.is_complete:
        return profile
    service = clients.service_client()
    if service is not None:
        try:
            return service.get_user(profile.id)
        except Forbidden:
            # The user is gone, or the service token may not read: the same answer.
            pass
    prove()
    return profile


def _go_on_without_directus(request, age: timedelta, cause=None) -> None:
    """Let a reading request go on for the grace; stop everything else."""
    grace = timedelta(seconds=clients.grace_seconds())
    reads = request.method in SAFE_METHODS and not _is_admin(request)
    if age > grace or not reads:
        raise cause or DirectusUnavailable("Directus is away", retry_after=10)
    request.directus_is_away = True


def _is_admin(request) -> bool:
    return request.resolver_match.app_name == "admin"
