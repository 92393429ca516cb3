"""How the audit trail is searched: what a word means, and which days there are."""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection
from django.db.models import Q, QuerySet
from django.utils import timezone

from ..core.audit import email_digest
from ..models import AccountEvent, User
from ..web.client_address import key_range

KEY = re.compile("[0-9]{1,18}")
# An address may belong to several accounts.
MOST_USERS = 100
# PostgreSQL and SQLite share this syntax. It jumps along the index from name to name.
NAMES = """
    WITH RECURSIVE names(name) AS (
        SELECT MIN(event) FROM accounts_accountevent
        UNION ALL
        SELECT (SELECT MIN(event) FROM accounts_accountevent WHERE event > names.name)
        FROM names WHERE names.name IS NOT NULL
    )
    SELECT name FROM names WHERE name IS NOT NULL
"""


def names() -> list[str]:
    """Return the names of all events that there are, sorted."""
    with connection.cursor() as cursor:
        cursor.execute(NAMES)
        return [name for (name,) in cursor.fetchall()]


def meaning(word: str) -> Q:
    """Return the condition for a word: an address, a user, a network or an event."""
    if keys := key_range(word):
        return Q(address_key__range=keys)
    if "@" in word:
        users = User.objects.with_email(word).values_list("pk", flat=True)
        return Q(email_digest=email_digest(word)) | _about(users[:MOST_USERS])
    if KEY.fullmatch(word):
        return _about([int(word)])
    try:
        directus_id = UUID(word)
    except ValueError:
        # A list of names uses the index; a search for the beginning reads all rows.
        fits = [name for name in names() if f"{name}.".startswith(f"{word}.")]
        return Q(event__in=fits)
    users = User.objects.filter(directus_id=directus_id)
    return _about(users.values_list("pk", flat=True))


def _about(users: Iterable[int]) -> Q:
    """Return the condition for events about users, and for their actions as staff."""
    keys = list(users)
    return Q(user__in=keys) | Q(staff__in=keys)


class Periods(QuerySet[AccountEvent]):
    """Events whose years, months and days are known without reading all of them."""

    def aggregate(self, *args, **expressions):
        """Return the first and the last time by two look-ups, as SQLite does not."""
        if expressions.keys() != {"first", "last"}:
            return super().aggregate(*args, **expressions)
        first, last = self._ends("at")
        return {"first": first, "last": last}

    def datetimes(self, field_name, kind, order="ASC", tzinfo=None):
        """Return all periods from the first event to the last one, even empty ones.

        Args:
            kind: `year`, `month` or `day`; the others are for Django's own method.
        """
        first, last = self._ends(field_name)
        if first is None or last is None:
            return []
        return _periods(timezone.localtime(first), timezone.localtime(last), kind)

    def _ends(self, field_name: str) -> tuple[datetime | None, datetime | None]:
        moments = self.order_by(field_name).values_list(field_name, flat=True)
        return moments.first(), moments.last()


def _periods(first: datetime, last: datetime, kind: str) -> list[datetime]:
    longest = {"year": 366, "month": 31}.get(kind, 1)
    period, found = _begin(first, kind), []
    while period <= last:
        found.append(period)
        period = _begin(period + timedelta(days=longest), kind)
    return found


def _begin(moment: datetime, kind: str) -> datetime:
    """Return the begin of the period in which a moment is."""
    if kind != "day":
        moment = moment.replace(day=1)
    if kind == "year":
        moment = moment.replace(month=1)
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)
