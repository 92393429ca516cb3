"""How users delete their accounts: asked for, cancellable for some days, then done.

First Directus deletes the user, or is left with nothing that tells who it was; then the
row here does. The row itself stays, for whatever other rows point at it, and nothing of
Directus comes back into it. What was not done because Directus was away is done at the
next run. What Directus refuses is done here all the same, and tried again.
"""

import copy
import logging
from datetime import timedelta

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db.models import QuerySet
from django.utils import timezone

from .. import signals
from ..core import audit, clients, mails
from ..directus import DirectusError
from .deletion_local import erase
from .deletion_remote import erase_at_directus

logger = logging.getLogger(__name__)


class Cancelled(Exception):
    """The user has decided to keep the account, or it is gone already."""


def is_possible() -> bool:
    """Return whether people can delete accounts: that takes the site's own token."""
    return settings.ACCOUNT_DELETION != "off" and bool(clients.service_token())


def ask(request) -> None:
    """Note that whoever asks wants the account to be deleted."""
    user = request.user
    user.delete_at = timezone.now() + timedelta(days=settings.ACCOUNT_DELETION_DAYS)
    user.save(update_fields=["delete_at"])
    audit.record("deletion.asked", request, user=user)
    if settings.ACCOUNT_DELETION_DAYS:
        mails.send("deletion_asked", user, request, delete_at=user.delete_at)


def cancel(request) -> bool:
    """Keep the account of whoever asks; return whether it was to be deleted."""
    rows = get_user_model().objects.filter(
        pk=request.user.pk, is_active=True, deleted_at=None
    )
    if not rows.exclude(delete_at=None).update(delete_at=None):
        return False
    audit.record("deletion.revoked", request, user=request.user)
    mails.send("deletion_cancelled", request.user, request)
    return True


def cancel_for(users, request) -> None:
    """Keep the accounts of users after a reset of their password by mail.

    The request for the deletion may have come from a stranger with the old password.
    An owner who wants the deletion can ask for it again.
    """
    waiting = users.filter(is_active=True, deleted_at=None).exclude(delete_at=None)
    for user in waiting:
        if waiting.filter(pk=user.pk).update(delete_at=None):
            user.delete_at = None
            audit.record("deletion.revoked", request, user=user, reason="new password")
            mails.send("deletion_cancelled", user, request)


def due_users() -> QuerySet:
    """Return the users to delete by now, and those of whom Directus has kept some."""
    due = get_user_model().objects.filter(delete_at__lte=timezone.now())
    return due.order_by("delete_at", "pk")


def delete_now(request) -> str:
    """Delete the account of whoever asks; as `delete`, and nothing is noted if not."""
    ask(request)
    try:
        return delete(request.user, request)
    except DirectusError:
        rows = get_user_model().objects.filter(pk=request.user.pk, deleted_at=None)
        rows.update(delete_at=None)
        raise


def delete(user, request=None) -> str:
    """Delete a user whose `delete_at` has come.

    Returns:
        Why Directus has kept something; an empty string when it has not.

    Raises:
        Cancelled: there is nothing to delete any more.
        TryLater: nothing was deleted.
    """
    if user.deleted_at:
        return _finish(user)
    _claim(user)
    try:
        left = erase_at_directus(user)
    except DirectusError:
        # Back in, as long as it takes; unless Directus was read meanwhile.
        read = {"synced_at": user.synced_at, "status": user.status}
        rows = get_user_model().objects.filter(pk=user.pk, deleted_at=None, **read)
        rows.update(is_active=user.is_active)
        raise
    former = copy.copy(user)
    sessions = erase(user, is_finished=not left)
    audit.record(
        "deletion.done", request, user=user, sessions_ended=sessions, left=left
    )
    if former.email:
        mails.send("deletion_done", former)
    signals.tell_deleted(user, was_active=former.is_active)
    return left


def _claim(user) -> None:
    """Shut the user out, unless the deletion was cancelled a moment ago."""
    rows = get_user_model().objects.filter(
        pk=user.pk, delete_at=user.delete_at, deleted_at=None
    )
    if user.delete_at is None or not rows.update(is_active=False):
        raise Cancelled


def _finish(user) -> str:
    """Try again what Directus refused."""
    left = erase_at_directus(user)
    if not left:
        user.delete_at = None
        user.save(update_fields=["delete_at"])
        audit.record("deletion.finished", user=user)
    return left
