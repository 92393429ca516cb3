"""The state of an account, for its first page; one query."""

from datetime import datetime
from typing import NamedTuple

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from ..models import AccountEvent, MailedLink, User
from . import mailed_links


class Overview(NamedTuple):
    """What the row of the user does not have.

    Attributes:
        devices: the number of live sessions.
        last_sign_in: its time, as far as the site knows.
        pending_email: an address that waits for its confirmation, or None.
    """

    devices: int
    last_sign_in: datetime | None
    pending_email: str | None


def read(user: User) -> Overview:
    """Return the state of a user's account."""
    is_live = Q(sessions__expire_date__gt=timezone.now())
    row = (
        User.objects.filter(pk=user.pk)
        .annotate(
            devices=Count("sessions", filter=is_live),
            last_sign_in=Subquery(_sign_ins().values("at")[:1]),
            pending_email=Subquery(_changes(user).values("email")[:1]),
        )
        .values_list("devices", "last_sign_in", "pending_email")
        .get()
    )
    return Overview(*row)


def _sign_ins() -> QuerySet[AccountEvent]:
    rows = AccountEvent.objects.filter(user=OuterRef("pk"), event="sign_in.done")
    return rows.order_by("-at")


def _changes(user: User) -> QuerySet[MailedLink]:
    purpose = MailedLink.Purpose.EMAIL_CHANGE
    return mailed_links.all_waiting(purpose, str(user.pk))
