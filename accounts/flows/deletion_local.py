"""Anonymise the row of a deleted user."""

from typing import Any

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from ..core import outbox
from ..core.audit import email_digest
from ..models import AccountEvent, RecoveryCode, RoleMembership, User
from ..sessions.ending import end_sessions
from ..throttling.attempts import clear_attempts
from . import mailed_links, sign_up, terms

# All columns except the keys, the unusable password, and the time of creation.
BLANK: dict[str, Any] = {
    "email": "",
    "first_name": "",
    "last_name": "",
    "status": "",
    "role_id": None,
    "role_name": "",
    "language": "",
    "picture_id": None,
    "provider": "",
    "policies": [],
    "time_zone": "",
    "terms_accepted_at": None,
    "last_access": None,
    "last_login": None,
    "synced_at": None,
    "has_two_factor": None,
    "must_use_two_factor": False,
    "is_active": False,
    "is_staff": False,
    "is_superuser": False,
}


@transaction.atomic
def erase(user: User, *, is_finished: bool) -> int:
    """Anonymise the row of a user, and delete all rows that belong to it.

    Args:
        user: the row; the object is changed, too.
        is_finished: whether Directus has finished; otherwise `delete_at` stays.

    Returns:
        The number of ended sessions.
    """
    # A parallel sign-in has written the row before, or finds it deleted.
    email = User.objects.select_for_update().get(pk=user.pk).email
    values = BLANK | {"deleted_at": timezone.now()}
    if is_finished:
        values["delete_at"] = None
    for name, value in values.items():
        setattr(user, name, value)
    user.save(update_fields=values)
    user.groups.clear()
    user.user_permissions.clear()
    for model in (RoleMembership, RecoveryCode):
        model.objects.filter(user=user).delete()
    _blank_events(user)
    if user.directus_id:
        mailed_links.void_all([user.directus_id])
    # Counted for an address, which may belong to another user by now.
    others = User.objects.filter(email__iexact=email, directus_id__isnull=False)
    if email and not others.exclude(pk=user.pk).exists():
        sign_up.delete_sign_ups(email)
        terms.forget(email)
        clear_attempts(email)
        outbox.forget(email)
        digest = email_digest(email)
        AccountEvent.objects.filter(email_digest=digest).update(email_digest="")
    _rename_in_admin_log(user)
    return end_sessions(user.sessions.all())


def _blank_events(user: User) -> None:
    """Leave of the audit trail the events and their times."""
    theirs = AccountEvent.objects.filter(Q(user=user) | Q(staff=user))
    theirs.update(client_address=None, address_key="", user_agent="", facts={})


def _rename_in_admin_log(user: User) -> None:
    """Delete the user's name from the admin's log."""
    LogEntry.objects.filter(
        content_type=ContentType.objects.get_for_model(User), object_id=str(user.pk)
    ).update(object_repr=str(user))
