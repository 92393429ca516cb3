"""The mails that wait for the mail server, as rows of the database.

A row is written in the transaction of its event, so that a mail is lost only together
with the event. Its message is sealed: links in it are secrets. `next_try_at` is the
lease, too: the process that moves it into the future has the mail until then. It is a
time of the database: the clocks of hosts may differ by more than a lease lasts.
"""

import json
import logging
import secrets
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from cryptography.fernet import InvalidToken
from django.apps import apps
from django.conf import settings
from django.db.models import F, QuerySet
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.views.decorators.debug import sensitive_variables

from . import audit, sealing
from .batches import delete_in_batches
from .mail_troubles import ABOUT_SERVER, Trouble

if TYPE_CHECKING:
    from ..models import OutgoingMail

logger = logging.getLogger(__name__)

MOST_HOURS = 24
SHORTEST_PAUSE = timedelta(seconds=10)
LONGEST_PAUSE = timedelta(minutes=10)
# Longer than one mail takes, with a time-out at each step.
LEASE = timedelta(minutes=3)
KEPT_AFTER_GIVING_UP = timedelta(days=30)


class Message(NamedTuple):
    """What a mail says."""

    to: str
    subject: str
    text: str
    html: str


# Writing


def put(name: str, message: Message, *, link_hours: int | None = None) -> None:
    """Store a mail in the present transaction.

    Args:
        name: of the template.
        link_hours: the lifetime of the link in it; an older mail of this name to the
            same address is deleted, because its link is void.
    """
    digest = audit.email_digest(message.to)
    _put(name, digest, json.dumps(message._asdict()), link_hours)


def put_nothing(name: str, to: str) -> None:
    """Make the statements of `put`, for a mail that is not sent."""
    _put(name, audit.email_digest(to), "", MOST_HOURS)


@sensitive_variables("text")
def _put(name: str, digest: str, text: str, link_hours: int | None) -> None:
    number = secrets.token_hex(16)
    now = timezone.now()
    row = _rows().create(
        name=name,
        recipient=digest,
        key=number if link_hours is None else _key(name, digest),
        sealed_message=sealing.seal(text),
        message_id=f"<{number}@{urlsplit(settings.PUBLIC_URL).hostname}>",
        created_at=now,
        next_try_at=Now(),
        expires_at=now + timedelta(hours=min(link_hours or MOST_HOURS, MOST_HOURS)),
    )
    # Always, so that the statements are the same for each mail.
    _waiting().filter(key=row.key, pk__lt=row.pk).delete()


def _key(name: str, digest: str) -> str:
    key = salted_hmac("accounts.outbox", f"{name}:{digest}", algorithm="sha256")
    return key.hexdigest()


# Delivery


def next_due() -> "OutgoingMail | None":
    """Return the mail that has been due for the longest time."""
    return _due().order_by("next_try_at").first()


def message_of(mail: "OutgoingMail") -> Message | None:
    """Return what a mail says; None if it is not meant to be sent.

    Raises:
        InvalidToken: no key opens it.
    """
    text = sealing.opened(mail.sealed_message)
    return Message(**json.loads(text)) if text else None


def claim(mail: "OutgoingMail") -> bool:
    """Take a mail for some minutes; return False if another process has taken it."""
    # Without its error, so that no `hurry` cuts the lease short.
    lease = {"next_try_at": Now() + LEASE, "tries": F("tries") + 1, "error": ""}
    if not _due().filter(pk=mail.pk).update(**lease):
        return False
    # The end as the database has it, to recognise the lease by; None if another mail
    # has just replaced this one.
    ends = _rows().filter(pk=mail.pk).values_list("next_try_at", flat=True)
    mail.next_try_at = ends.first()
    return mail.next_try_at is not None


def remove(mail: "OutgoingMail") -> None:
    """Delete a mail that was sent."""
    _rows().filter(pk=mail.pk).delete()


def put_off(mail: "OutgoingMail", trouble: Trouble) -> None:
    """Let a claimed mail wait, longer after each attempt."""
    # 2 ** 6 is more than the longest pause allows.
    pause = min(SHORTEST_PAUSE * 2 ** min(mail.tries, 6), LONGEST_PAUSE)
    _change(mail, next_try_at=Now() + pause, error=trouble)


def give_up(mail: "OutgoingMail", trouble: Trouble) -> None:
    """Keep a claimed mail without its message, to be seen by operators."""
    now = timezone.now()
    if _change(
        mail, next_try_at=None, given_up_at=now, sealed_message="", error=trouble
    ):
        facts = {"email_digest": mail.recipient, "tries": mail.tries}
        logger.error("The mail %s was given up: %s", mail.name, trouble, extra=facts)


def hurry() -> None:
    """Let the mails go now that wait for the server to be back."""
    waiting = _waiting().filter(error__in=ABOUT_SERVER, next_try_at__gt=Now())
    waiting.update(next_try_at=Now())


def _change(mail: "OutgoingMail", **columns: object) -> bool:
    """Change a claimed mail, unless the lease is over and another process has it."""
    rows = _rows().filter(pk=mail.pk, next_try_at=mail.next_try_at)
    return bool(rows.update(**columns))


# Operators


class Queue(NamedTuple):
    """The mails that wait: their number, and since when the oldest does."""

    waiting: int
    since: datetime | None


def queue() -> Queue:
    """Return how many mails wait."""
    oldest = _waiting().order_by("created_at").values_list("created_at", flat=True)
    return Queue(_waiting().count(), oldest.first())


def given_up(since: datetime | None = None) -> "QuerySet[OutgoingMail]":
    """Return the mails that were given up, newest first."""
    rows = _rows().filter(
        given_up_at__gt=since or timezone.now() - KEPT_AFTER_GIVING_UP
    )
    return rows.order_by("-given_up_at")


def withdraw() -> int:
    """Give up all mails that wait, as after a restored backup; return their number."""
    return _waiting().update(
        next_try_at=None,
        given_up_at=timezone.now(),
        sealed_message="",
        error=Trouble.WITHDRAWN,
    )


def forget(email: str) -> None:
    """Delete all mails to an address, also those that were given up."""
    _rows().filter(recipient=audit.email_digest(email)).delete()


def clear_old() -> None:
    """Delete the mails that were given up long ago."""
    before = timezone.now() - KEPT_AFTER_GIVING_UP
    delete_in_batches(_rows().filter(given_up_at__lte=before))


def seal_anew() -> int:
    """Seal all messages with the newest key; return how many no key opens."""
    unreadable = 0
    for row in _waiting().only("pk", "sealed_message").iterator():
        try:
            if not sealing.has_newest_key(row.sealed_message):
                anew = sealing.sealed_anew(row.sealed_message)
                unchanged = _rows().filter(pk=row.pk, sealed_message=row.sealed_message)
                unchanged.update(sealed_message=anew)
        except InvalidToken:
            unreadable += 1
    return unreadable


def _due() -> "QuerySet[OutgoingMail]":
    return _rows().filter(next_try_at__lte=Now())


def _waiting() -> "QuerySet[OutgoingMail]":
    return _rows().filter(given_up_at=None)


def _rows() -> "QuerySet[OutgoingMail]":
    # By its name: the rows are a layer above.
    return apps.get_model("accounts", "OutgoingMail").objects.all()
