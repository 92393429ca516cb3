"""The audit trail: one log line and one row for each event of an account.

Both hold ids and a digest of the email address, never the address, a password or a
token.
"""

import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.utils.crypto import salted_hmac

from config.request import Request

from ..directus import to_ascii
from . import account_events, operator
from .account_events import Happened

if TYPE_CHECKING:
    from ..models import User

logger = logging.getLogger("accounts.audit")

# Events that an operator should look at.
ALARMS = {"break_glass.used", "break_glass.refused"}


def record(
    event: str,
    request: Request | None = None,
    *,
    user: "User | None" = None,
    user_id: int | None = None,
    staff_id: int | None = None,
    email: str = "",
    in_log_alone: bool = False,
    **facts: Any,
) -> None:
    """Write one event. During a command it also has the operator and the command.

    Args:
        event: a stable name such as `sign_in.refused`.
        request: the request that caused it.
        user: the local user that it is about, if known.
        user_id: the key of that user, where the row was not read.
        staff_id: the key of the member of staff that did it.
        email: the typed address; only its digest is written.
        in_log_alone: whether to store no row, as the database may have no tables yet.
        facts: short values without secrets.

    Raises:
        DatabaseError: the row was not stored, and a transaction of the caller is lost.
    """
    happened = Happened(
        event,
        request,
        user_id=user.pk if user is not None else user_id,
        staff_id=staff_id,
        email_digest=email_digest(email) if email else "",
        is_deleted=user is not None and user.deleted_at is not None,
        facts=facts | operator.acting(),
    )
    _log(happened)
    if not in_log_alone:
        account_events.keep([happened])


def record_each(event: str, users: Iterable[tuple[int | None, dict[str, Any]]]) -> None:
    """Write the same event about many users, with one statement.

    Args:
        event: as in `record`.
        users: the keys of the users, each with the facts about that user.
    """
    happened = [
        Happened(event, user_id=user_id, facts=facts | operator.acting())
        for user_id, facts in users
    ]
    for each in happened:
        _log(each)
    account_events.keep(happened)


def _log(happened: Happened) -> None:
    extra = {"event": happened.event, **happened.facts}
    if happened.request is not None:
        extra["address"] = getattr(happened.request, "client_address", "")
    for name in ("user_id", "staff_id", "email_digest"):
        if value := getattr(happened, name):
            extra[name] = value
    level = logging.WARNING if happened.event in ALARMS else logging.INFO
    logger.log(level, "%s", happened.event, extra=extra)


def email_digest(email: str) -> str:
    """Return a keyed digest of an address, equal for all its spellings."""
    try:
        email = to_ascii(email.strip())
    except ValueError:
        # Not an address: its digest is of the text itself.
        pass
    return salted_hmac(
        "accounts.email", email.strip().casefold(), algorithm="sha256"
    ).hexdigest()
