"""The rows of the audit trail, with a limit against floods.

Users see those in KEPT under Recent activity. All of these follow a proven identity;
the others, such as refused sign-ins, are for staff.
"""

import itertools
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.db import DatabaseError, connection

from config.logs import mask
from config.request import Request

from ..web import client_address
from .memory import Memory

if TYPE_CHECKING:
    from ..models import AccountEvent

logger = logging.getLogger(__name__)

# Each made one sign-in at Directus, which its log has, too.
SIGN_INS = frozenset(
    {"sign_in.done", "password.confirmed", "sso.confirmed", "password.changed"}
)
KEPT = SIGN_INS | {
    "password_reset.done",
    "email.change_asked",
    "email.change_cancelled",
    "email.changed",
    "two_factor.enabled",
    "two_factor.disabled",
    "two_factor.recovered",
    "session.ended_by_user",
    "export.done",
    "deletion.asked",
    "deletion.revoked",
}
# Lines of the log alone: the sign-in that they belong to has a row.
LOG_ALONE = frozenset({"sign_in.new_device", "sso.started"})
# Of one event, about one user or about none, in one process.
MOST_AN_HOUR = 500
HOUR = 3600
LONGEST_TEXT = 200
_counts = Memory(HOUR, most=10_000)


@dataclass(frozen=True)
class Happened:
    """An event; the attributes are the arguments of `audit.record`.

    Attributes:
        is_deleted: whether the account was deleted, so that no trace of a person stays.
    """

    event: str
    request: Request | None = None
    user_id: int | None = None
    staff_id: int | None = None
    email_digest: str = ""
    is_deleted: bool = False
    facts: dict[str, Any] = field(default_factory=dict)


def keep(events: Sequence[Happened]) -> None:
    """Store events with one statement.

    Raises:
        DatabaseError: they were not stored, and a transaction of the caller is lost.
            Without a transaction an error does not stop the flow.
    """
    # Models are of a higher layer.
    model = apps.get_model("accounts", "AccountEvent")
    try:
        rows = [row for each in events if (row := _row(model, each))]
        if len(rows) == 1:
            rows[0].save(force_insert=True)
        elif rows:
            # More would be several statements on SQLite.
            model.objects.bulk_create(rows, batch_size=100)
    except (DatabaseError, ValueError) as error:
        names = ", ".join(sorted({each.event for each in events}))
        logger.error("The event %s was not stored: %s", names, type(error).__name__)
        if connection.in_atomic_block:
            raise


def _row(model: "type[AccountEvent]", happened: Happened) -> "AccountEvent | None":
    """Return the row of an event; None if the log alone has it."""
    if happened.event in LOG_ALONE:
        return None
    number = _count(happened)
    if number > MOST_AN_HOUR:
        return None
    facts = {name: _plain(value) for name, value in happened.facts.items()}
    if number == MOST_AN_HOUR:
        logger.warning(
            "%d events %s within an hour: the log alone has the others.",
            MOST_AN_HOUR,
            happened.event,
        )
        facts["others_in_log"] = True
    row = model(
        event=happened.event,
        user_id=happened.user_id,
        staff_id=happened.staff_id,
        # A user is found by the key, and keeps no digest after a deletion.
        email_digest="" if happened.user_id else happened.email_digest,
        facts=facts,
    )
    if happened.request is not None and not happened.is_deleted:
        _note_browser(row, happened.request)
    return row


def _note_browser(row: "AccountEvent", request: Request) -> None:
    address = getattr(request, "client_address", "")
    row.client_address = address or None
    row.address_key = client_address.sort_key(address)
    row.user_agent = _plain(request.META.get("HTTP_USER_AGENT", ""), longest=512)


def _count(happened: Happened) -> int:
    """Return the number of this event within the hour, in this process."""
    key = (happened.event, happened.user_id)
    numbers = _counts.get(key)
    if numbers is None:
        numbers = itertools.count(1)
        _counts.set(key, numbers)
    return next(numbers)


def _plain(value: Any, longest: int = LONGEST_TEXT) -> Any:
    """Return a value for JSON, short, and as PostgreSQL stores it."""
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, Iterable) and not isinstance(value, str):
        return [_plain(each) for each in value]
    text = mask(str(value).replace("\0", ""))[:longest]
    return text.encode(errors="replace").decode()
