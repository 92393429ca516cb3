"""How the audit trail is searched: what a word means, and which days there are."""

import re
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils import timezone

from ..core.audit import email_digest
from ..models import AccountEvent, User
from ..web.client_address import key_range

KEY = re.compile("[0-9]{1,18}")
# An address may belong to several accounts.
MOST_USERS = 100


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
        return Q(event=word) | Q(event__startswith=f"{word}.")
    users = User.objects.filter(directus_id=directus_id)
    return _about(users.values_list("pk", flat=True))


def _about(users) -> Q:
    """Return the condition for events about users, and for their actions as staff."""
    keys = list(users)
    return Q(user__in=keys) | Q(staff__in=keys)


class Periods(QuerySet[AccountEvent]):
    """Events whose years, months and days are known without reading all of them."""

    def datetimes(self, field_name, kind, order="ASC", tzinfo=None):
        """Return all periods from the first event to the last one, even empty ones.

        Args:
            kind: `year`, `month` or `day`; the others are for Django's own method.
        """
        moments = self.order_by(field_name).values_list(field_name, flat=True)
        first, last = moments.first(), moments.last()
        if first is None or last is None:
            return []
        return _periods(timezone.localtime(first), timezone.localtime(last), kind)


def _periods(first: datetime, last: datetime, kind: str) -> list[datetime]:
    midnight = {"hour": 0, "minute": 0, "second": 0, "microsecond": 0}
    begin: dict[str, int] = {"year": {"month": 1, "day": 1}, "month": {"day": 1}}.get(
        kind, {}
    )
    longest = {"year": 366, "month": 31}.get(kind, 1)
    period, found = first.replace(**midnight, **begin), []
    while period <= last:
        found.append(period)
        period = (period + timedelta(days=longest)).replace(**midnight, **begin)
    return found
