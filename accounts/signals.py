"""What other apps can listen to. docs/building.md has an example.

Sent once the rows are committed; a receiver that fails is logged and stops nothing.
"""

from collections.abc import Iterable
from functools import partial
from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction
from django.dispatch import Signal

# A user was created, or differs from what was here before: user, created.
user_mirrored = Signal()
# A user who could sign in can no longer: user.
user_deactivated = Signal()
# An account was deleted: user, of whom nothing is left but the keys.
user_deleted = Signal()
# Somebody asks for what the site holds about the user: user. Receivers return a dict
# that JSON can hold.
user_exported = Signal()
# Directus gave another role: user, before and after (ids, or None for no role).
role_changed = Signal()

# The columns that are compared to tell.
Before = dict[str, Any]


def is_heard() -> bool:
    """Tell whether anybody listens: rows are read for that alone otherwise."""
    sender = get_user_model()
    return any(
        signal.has_listeners(sender)
        for signal in (user_mirrored, user_deactivated, role_changed)
    )


def tell_mirrored(user, before: Before | None, after: Before) -> None:
    """Tell what became of a user that was read from Directus.

    Args:
        user: the row as it is now.
        before: what stood there; None when the row is new.
        after: the same columns, as they are now.
    """
    transaction.on_commit(partial(_send_mirrored, user, before, after))


def tell_deactivated(users: Iterable) -> None:
    """Tell that users can no longer sign in."""
    transaction.on_commit(partial(_send_deactivated, users))


def _send_mirrored(user, before: Before | None, after: Before) -> None:
    # Not `type(user)`: that of a request is wrapped.
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


def tell_deleted(user, *, was_active: bool) -> None:
    """Tell that an account was deleted."""
    if was_active:
        tell_deactivated([user])
    sender = get_user_model()
    transaction.on_commit(lambda: user_deleted.send_robust(sender, user=user))
