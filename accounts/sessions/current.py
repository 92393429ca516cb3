"""This browser's session, when its user changes what ends sessions."""

from datetime import timedelta

from django.contrib.auth.models import AnonymousUser
from django.utils import timezone

from config.request import Request

# Directus' message about a change comes a moment after it, if at all.
SPARED_SECONDS = 60


def leave(request: Request) -> None:
    """Sign this browser out; nothing of its session is saved any more."""
    request.session.flush()
    request.user = AnonymousUser()


def spare(request: Request, seconds: float = SPARED_SECONDS) -> None:
    """Let the next message of Directus about a new password not end this session.

    It is about what this browser does itself. Called before that is done: the message
    can be here before the answer.
    """
    until = timezone.now() + timedelta(seconds=seconds)
    request.session.update_row(spared_until=until)


def spare_no_longer(request: Request) -> None:
    """Take `spare` back: nothing was changed."""
    request.session.update_row(spared_until=None)


def without_spared(sessions):
    """Leave out of a queryset which sessions are spared; each is once."""
    spared = sessions.filter(spared_until__gt=timezone.now())
    keys = [
        pk
        for pk in spared.values_list("pk", flat=True)
        if spared.filter(pk=pk).update(spared_until=None)
    ]
    return sessions.exclude(pk__in=keys)
