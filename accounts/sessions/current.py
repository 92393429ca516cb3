"""Keep or end the current session."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib import auth
from django.contrib.auth.models import AnonymousUser
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from config.request import Request

from ..models import User
from .store import SessionStore
from .tokens import revoke

# Directus' message about a change comes a moment after it, if at all.
SPARED_SECONDS = 60


def user_of(request: Request) -> Any:
    """Return the user of the current session, as Django's `auth.get_user` does.

    The user came with the session's row. Where Django would not accept that user at
    once, it decides itself, with a query.
    """
    row = request.session.row
    user = row.user if row else None
    if user is None or not user.is_active or not _is_signed_in(request.session, user):
        return auth.get_user(request)
    return user


def _is_signed_in(session: SessionStore, user: User) -> bool:
    """Return whether the session's data name this user with the present secrets."""
    is_theirs = session.get(auth.SESSION_KEY) == str(user.pk)
    backend = session.get(auth.BACKEND_SESSION_KEY)
    if not is_theirs or backend not in settings.AUTHENTICATION_BACKENDS:
        return False
    known = session.get(auth.HASH_SESSION_KEY) or ""
    return constant_time_compare(known, user.get_session_auth_hash())


def leave(request: Request) -> None:
    """End the current session; nothing of it is saved."""
    request.session.flush()
    request.user = AnonymousUser()


def revoke_tokens(request: Request) -> None:
    """Remove the tokens of the current session, and revoke them at Directus."""
    tokens = request.session.tokens.withdraw()
    if tokens is not None:
        revoke(tokens, request)


def spare(request: Request, seconds: float = SPARED_SECONDS) -> None:
    """Ignore the next webhook message about a new password for this session.

    This session causes it. Call it before the change: the message can arrive before the
    answer.
    """
    until = timezone.now() + timedelta(seconds=seconds)
    request.session.update_row(spared_until=until)


def spare_no_longer(request: Request) -> None:
    """Undo `spare`, because nothing was changed."""
    request.session.update_row(spared_until=None)


def without_spared(sessions):
    """Exclude the spared sessions from a queryset; each is spared once."""
    spared = sessions.filter(spared_until__gt=timezone.now())
    keys = [
        pk
        for pk in spared.values_list("pk", flat=True)
        if spared.filter(pk=pk).update(spared_until=None)
    ]
    return sessions.exclude(pk__in=keys)
