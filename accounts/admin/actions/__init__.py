"""Actions of staff on users.

An action changes one user at a time. `accounts.admin.confirming` asks for a
confirmation first, and reports.
"""

from .access import Reactivate, SignOut, Suspend, Sync
from .base import Action
from .mails import (
    ActionOnInvitation,
    ResendInvitation,
    SendPasswordReset,
    WithdrawInvitation,
    too_many_mails,
)

__all__ = [
    "ACTIONS",
    "Action",
    "ActionOnInvitation",
    "ResendInvitation",
    "too_many_mails",
]

ACTIONS: tuple[Action, ...] = (
    Suspend(),
    Reactivate(),
    SendPasswordReset(),
    ResendInvitation(),
    WithdrawInvitation(),
    Sync(),
    SignOut(),
)
