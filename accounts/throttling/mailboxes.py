"""How many mails one mailbox gets because somebody asked for them.

All kinds of mail that strangers can cause share these counts: the link that confirms a
sign-up, the one for a new password, the one for a new e-mail address, and the word that
an address is taken. They are counted before Directus is asked, and for addresses
without an account as well. Mails that tell what has happened are not counted: each of
them takes a password, a session or a link from the mailbox.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from ..core import audit
from ..directus import DirectusError
from ..web import known_devices
from .limits import DAY, HOUR, Attempt, Limit, Throttled, take_all, undo_all

Pair = tuple[Limit, Limit]


def _pair(name: str, *, a_day: int, an_hour: int) -> Pair:
    # The day first: where both are used up, that one says when to come back.
    return (
        Limit(f"{name}-day", a_day, (DAY,), settles=False),
        Limit(f"{name}-hour", an_hour, (HOUR,), settles=False),
    )


SHARED = _pair("mailbox", a_day=10, an_hour=5)
# What strangers cannot use up: for browsers that signed in with the address before, and
# for the user of that address.
OWNERS = _pair("mailbox-owner", a_day=10, an_hour=5)
# For people who are signed in with another address, all of them together.
MEMBERS = _pair("mailbox-member", a_day=2, an_hour=1)
STAFF = _pair("mailbox-staff", a_day=6, an_hour=3)
# Mail for all ways to write an address with dots ends up in one mailbox there.
WITHOUT_DOTS = {"gmail.com": "gmail.com", "googlemail.com": "gmail.com"}


class MailboxFull(Throttled):
    """A mailbox has got its mails for the hour, or for the day."""


def count(request, email: str) -> list[Attempt]:
    """Count a mail to an address that a visitor or a user asks for.

    Returns:
        What to undo if no mail is sent.

    Raises:
        MailboxFull: none may be sent now.
    """
    return _count(email, SHARED, *_kept_for(request, email))


def count_for_owner(email: str) -> list[Attempt]:
    """Count a mail that the owner of the mailbox causes, by a link from there."""
    return _count(email, OWNERS)


def count_for_staff(email: str) -> list[Attempt]:
    """Count a mail that staff cause; strangers' mails do not count here."""
    return _count(email, STAFF)


def counts_of(email: str) -> list[Attempt]:
    """Return everything that is counted for a mailbox."""
    return [
        one for pair in (SHARED, OWNERS, MEMBERS, STAFF) for one in _of(email, pair)
    ]


@contextmanager
def uncounted_in_trouble(counted: Sequence[Attempt]) -> Iterator[None]:
    """Undo what was counted for a mail that Directus does not send after all.

    Where only its answer is missing, the mail may be on its way and stays counted.
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


def _kept_for(request, email: str) -> list[Pair]:
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
    """Return one address for all that lead to a mailbox: with tags, and with dots."""
    local, _, domain = email.strip().casefold().rpartition("@")
    local = local.partition("+")[0] or local
    if domain in WITHOUT_DOTS:
        local, domain = local.replace(".", ""), WITHOUT_DOTS[domain]
    return f"{local}@{domain}"
