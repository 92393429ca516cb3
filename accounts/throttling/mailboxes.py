"""Limits on the mails that one mailbox gets on request.

All kinds of mail that strangers can cause share these counts: the link to confirm a
sign-up, the link to reset a password, the link to confirm a new email address, and the
notice that an address is taken. They are counted before the call to Directus, also for
addresses without an account. Notices of events are not counted: each of them needs a
password, a session or a link from the mailbox.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from config.request import Request

from ..core import audit
from ..directus import DirectusError
from ..web import known_devices
from .limits import DAY, HOUR, Attempt, Limit, Throttled, take_all, undo_all

Pair = tuple[Limit, Limit]


def _pair(name: str, *, a_day: int, an_hour: int) -> Pair:
    # The day first: if both are used up, the day has the longer pause.
    return (
        Limit(f"{name}-day", a_day, (DAY,), settles=False),
        Limit(f"{name}-hour", an_hour, (HOUR,), settles=False),
    )


SHARED = _pair("mailbox", a_day=10, an_hour=5)
# Reserved for browsers that signed in with the address before, and for the signed-in
# user of the address: strangers cannot use it up.
OWNERS = _pair("mailbox-owner", a_day=10, an_hour=5)
# For all users that are signed in with another address, together.
MEMBERS = _pair("mailbox-member", a_day=2, an_hour=1)
STAFF = _pair("mailbox-staff", a_day=6, an_hour=3)
# These providers ignore dots in an address.
WITHOUT_DOTS = {"gmail.com": "gmail.com", "googlemail.com": "gmail.com"}


class MailboxFull(Throttled):
    """The mailbox got its mails for this hour or day."""


def count(request: Request, email: str) -> list[Attempt]:
    """Count a mail that a visitor or a user requests.

    Returns:
        The attempts to undo if no mail is sent.

    Raises:
        MailboxFull: no mail may be sent now.
    """
    return _count(email, SHARED, *_kept_for(request, email))


def count_for_owner(email: str) -> list[Attempt]:
    """Count a mail that the owner of the mailbox causes with a mailed link."""
    return _count(email, OWNERS)


def count_for_staff(email: str) -> list[Attempt]:
    """Count a mail that staff cause; it has its own count."""
    return _count(email, STAFF)


def counts_of(email: str) -> list[Attempt]:
    """Return all counts of a mailbox."""
    return [
        one for pair in (SHARED, OWNERS, MEMBERS, STAFF) for one in _of(email, pair)
    ]


@contextmanager
def uncounted_in_trouble(counted: Sequence[Attempt]) -> Iterator[None]:
    """Undo the count of a mail that Directus has not sent.

    If only its answer is missing, the mail may be on its way and stays counted.
    """
    try:
        yield
    except DirectusError as error:
        if not getattr(error, "timed_out", False):
            undo_all(counted)
        raise


def _count(email: str, *pairs: Pair) -> list[Attempt]:
    waits = []
    for pair in pairs:
        attempts = _of(email, pair)
        try:
            take_all(attempts)
        except Throttled as error:
            waits.append(error.retry_after)
        else:
            return attempts
    raise MailboxFull(min(waits))


def _kept_for(request: Request, email: str) -> list[Pair]:
    account = audit.email_digest(email)
    user = request.user
    is_own = user.is_authenticated and audit.email_digest(user.email) == account
    if is_own or known_devices.device_of(request, account):
        return [OWNERS]
    return [MEMBERS] if user.is_authenticated else []


def _of(email: str, pair: Pair) -> list[Attempt]:
    subject = audit.email_digest(_mailbox(email))
    return [Attempt(limit, subject) for limit in pair]


def _mailbox(email: str) -> str:
    """Return one address for all addresses of a mailbox: without tags and dots."""
    local, _, domain = email.strip().casefold().rpartition("@")
    local = local.partition("+")[0] or local
    if domain in WITHOUT_DOTS:
        local, domain = local.replace(".", ""), WITHOUT_DOTS[domain]
    return f"{local}@{domain}"
