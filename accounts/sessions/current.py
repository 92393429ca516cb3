"""Keep or end the current session."""

from datetime import timedelta

from django.contrib.auth.models import AnonymousUser
from django.utils import timezone

from config.request import Request

from .tokens import revoke

# Directus' message about a change comes a moment after it, if at all.
SPARED_SECONDS = 60


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
