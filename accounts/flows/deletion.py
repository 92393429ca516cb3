"""Delete accounts on request: after some days, in which the user may cancel.

First the user is deleted or anonymised in Directus, then the row here is anonymised.
The row itself stays for foreign keys, and the mirror no longer writes it. After an
outage the next run continues. If Directus refuses, the row is anonymised all the same,
and the next run tries Directus again.
"""

import copy
import logging
from datetime import timedelta

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db.models import QuerySet
from django.utils import timezone

from config.request import AuthenticatedRequest, Request

from .. import signals
from ..core import audit, clients, mails
from ..directus import DirectusError
from ..models import User
from .deletion_local import erase
from .deletion_remote import erase_at_directus

logger = logging.getLogger(__name__)


class Cancelled(Exception):
    """The user has cancelled the deletion, or the account is deleted already."""


def is_possible() -> bool:
    """Return whether users can delete their accounts, which needs the service token."""
    return settings.ACCOUNT_DELETION != "off" and bool(clients.service_token())


def ask(request: AuthenticatedRequest) -> None:
    """Note that the signed-in user wants the account to be deleted."""
    user = request.user
    user.delete_at = timezone.now() + timedelta(days=settings.ACCOUNT_DELETION_DAYS)
    user.save(update_fields=["delete_at"])
    audit.record("deletion.asked", request, user=user)
    if settings.ACCOUNT_DELETION_DAYS:
        mails.send("deletion_asked", user, request, delete_at=user.delete_at)


def cancel(request: AuthenticatedRequest) -> bool:
    """Cancel the signed-in user's deletion; return whether there was one."""
    rows = get_user_model().objects.filter(
        pk=request.user.pk, is_active=True, deleted_at=None
    )
    if not rows.exclude(delete_at=None).update(delete_at=None):
        return False
    audit.record("deletion.revoked", request, user=request.user)
    mails.send("deletion_cancelled", request.user, request)
    return True


def cancel_for(users: QuerySet[User], request: Request) -> None:
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
    """Return users whose deletion is due, or not finished in Directus."""
    due = get_user_model().objects.filter(delete_at__lte=timezone.now())
    return due.order_by("delete_at", "pk")


def delete_now(request: AuthenticatedRequest) -> str:
    """Delete the account of the signed-in user now; otherwise as `delete`."""
    ask(request)
    try:
        return delete(request.user, request)
    except DirectusError:
        rows = get_user_model().objects.filter(pk=request.user.pk, deleted_at=None)
        rows.update(delete_at=None)
        raise


def delete(user: User, request: Request | None = None) -> str:
    """Delete a user whose `delete_at` is due.

    Returns:
        Why Directus kept data; an empty string if it kept none.

    Raises:
        Cancelled: there is nothing to delete.
        TryLater: the user was not deleted; data of other apps in Directus may be.
    """
    if user.deleted_at:
        return _finish(user)
    _claim(user)
    try:
        left = erase_at_directus(user)
    except DirectusError:
        # Let the user in again until the next run, unless the mirror wrote the row.
        read = {"synced_at": user.synced_at, "status": user.status}
        rows = get_user_model().objects.filter(pk=user.pk, deleted_at=None, **read)
        rows.update(is_active=user.is_active)
        raise
    former = copy.copy(user)
    sessions = erase(user, is_finished=not left)
    audit.record(
        "deletion.done", request, user=user, sessions_ended=sessions, left=left
    )
    mails.send("deletion_done", former)
    signals.tell_deleted(user, was_active=former.is_active)
    return left


def _claim(user: User) -> None:
    """Deactivate the user, unless the deletion was cancelled meanwhile."""
    rows = get_user_model().objects.filter(
        pk=user.pk, delete_at=user.delete_at, deleted_at=None
    )
    if user.delete_at is None or not rows.update(is_active=False):
        raise Cancelled


def _finish(user: User) -> str:
    """Try the deletion in Directus again."""
    left = erase_at_directus(user)
    if not left:
        user.delete_at = None
        user.save(update_fields=["delete_at"])
        audit.record("deletion.finished", user=user)
    return left
