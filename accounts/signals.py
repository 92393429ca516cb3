"""Signals for other apps; docs/building.md has an example.

They are sent after the commit; a failing receiver is logged and stops nothing, except
for `user_deleting` and `user_exported`.
"""

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.db import transaction
from django.dispatch import Signal

if TYPE_CHECKING:
    from .models import User

# A user was created or changed: user, created.
user_mirrored = Signal()
# A user can no longer sign in: user.
user_deactivated = Signal()
# An account is about to be deleted in Directus: user. A receiver deletes what it keeps
# of the user in Directus; if it fails, the deletion is tried again later.
user_deleting = Signal()
# An account was deleted: user, of which only the key is left.
user_deleted = Signal()
# A user exports their data: user, request. Receivers return a dict for JSON.
user_exported = Signal()
# The role in Directus changed: user, before, after (ids, or None without a role).
role_changed = Signal()

# The compared columns.
Before = dict[str, Any]


def is_heard() -> bool:
    """Return whether there are receivers; without any, no rows are read."""
    sender = get_user_model()
    return any(
        signal.has_listeners(sender)
        for signal in (user_mirrored, user_deactivated, role_changed)
    )


def tell_mirrored(user: "User", before: Before | None, after: Before) -> None:
    """Send the signals about a user that was read from Directus.

    Args:
        user: the present row.
        before: the compared columns before; None for a new row.
        after: the same columns now.
    """
    transaction.on_commit(partial(_send_mirrored, user, before, after))


def tell_deactivated(users: Iterable) -> None:
    """Send `user_deactivated` for users."""
    transaction.on_commit(partial(_send_deactivated, users))


def _send_mirrored(user: "User", before: Before | None, after: Before) -> None:
    # Not `type(user)`: `request.user` is wrapped.
    sender = get_user_model()
    if before != after:
        user_mirrored.send_robust(sender, user=user, created=before is None)
    if before is None:
        return
    if before["role_id"] != after["role_id"]:
        role_changed.send_robust(
            sender, user=user, before=before["role_id"], after=after["role_id"]
        )
    if before.get("is_active") and not after["is_active"]:
        _send_deactivated([user])


def _send_deactivated(users: Iterable) -> None:
    for user in users:
        user_deactivated.send_robust(get_user_model(), user=user)


def tell_deleted(user: "User", *, was_active: bool) -> None:
    """Send `user_deleted`."""
    if was_active:
        tell_deactivated([user])
    sender = get_user_model()
    transaction.on_commit(lambda: user_deleted.send_robust(sender, user=user))
