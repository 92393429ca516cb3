"""Which limits one sign-in counts against, and how it settles them."""

from datetime import datetime

from django.db import transaction
from django.utils.crypto import salted_hmac

from ..core import audit, clients
from ..directus import InvalidOTP
from ..web import client_address, known_devices
from . import mailboxes
from .limits import (
    ACCOUNT_FAILURES,
    ADDRESS_FAILURES,
    ADDRESS_SIGN_INS,
    CODES_OF_ACCOUNT,
    DEVICE_FAILURES,
    USED_CODES,
    Attempt,
    Throttled,
    since_success,
    take_all,
)

# Of the attempts after which Directus suspends an account for good, so many are kept
# for browsers that know it, and so many for whoever has just chosen a new password.
FOR_KNOWN_DEVICES = 5
FOR_NEW_PASSWORDS = 2


class SignInAttempt:
    """One sign-in, from one address, for one account, with or without a code.

    A browser that signed in to the account before has a count of its own, so that
    strangers' failures do not lock the owner out.
    """

    def __init__(self, request, email: str, otp: str = ""):
        account = audit.email_digest(email)
        device = known_devices.device_of(request, account)
        self._account = (
            Attempt(DEVICE_FAILURES, f"{device}:{account}")
            if device
            else Attempt(ACCOUNT_FAILURES, account)
        )
        # What Directus counts: every attempt, whether the code was missing or wrong.
        self._upstream = _upstream(account, is_known=bool(device))
        self._failures = [self._account]
        self._always: list[Attempt] = []
        if request is not None:
            address = client_address.bucket(request.client_address)
            self._failures.append(Attempt(ADDRESS_FAILURES, address))
            self._always.append(Attempt(ADDRESS_SIGN_INS, address))
        self._used_code = _used_code(account, otp) if otp else None
        if otp:
            self._failures.append(Attempt(CODES_OF_ACCOUNT, account))

    def begin(self) -> None:
        """Count the attempt before it is made.

        Raises:
            Throttled: there were too many.
            InvalidOTP: the code was used before.
        """
        take_all([*self._failures, *self._upstream, *self._always])
        if self._used_code:
            self._take_code()

    def again(self) -> None:
        """Count one more password of the same attempt, after one that was refused.

        Directus counts both; the limits of this site see one person who tries once.

        Raises:
            Throttled: Directus would suspend the account soon; all is settled.
        """
        upstream, self._upstream = self._upstream, []
        for attempt in upstream:
            attempt.failed()
        try:
            take_all(upstream)
        except Throttled:
            self.failed()
            raise
        self._upstream = upstream

    def _take_code(self) -> None:
        """A code works once, though Directus accepts it again in its 30 seconds."""
        try:
            self._used_code.take()
        except Throttled as error:
            self.undo(keep_code=True)
            raise InvalidOTP(401, "INVALID_OTP") from error

    @transaction.atomic
    def failed(self) -> None:
        """Wrong credentials."""
        for attempt in [*self._failures, *self._upstream]:
            attempt.failed()
        self._free_code()

    @transaction.atomic
    def refused_code(self) -> None:
        """The password is right; the code is missing (no failure here) or wrong."""
        if self._used_code:
            self.failed()
            return
        for attempt in self._failures:
            attempt.undo()
        for attempt in self._upstream:
            attempt.failed()

    @transaction.atomic
    def undo(self, *, keep_code: bool = False) -> None:
        """Nobody's failure: Directus did not answer."""
        for attempt in [*self._failures, *self._upstream]:
            attempt.undo()
        if not keep_code:
            self._free_code()

    @transaction.atomic
    def succeeded(self) -> None:
        """Right: the account's failures are forgotten, the address' are not."""
        for attempt in [self._account, *self._upstream]:
            attempt.succeeded()
        for attempt in self._failures:
            if attempt is not self._account:
                attempt.undo()
        if self._used_code:
            self._used_code.failed()

    def _free_code(self) -> None:
        if self._used_code:
            self._used_code.undo()


class CodeAttempt:
    """A code that is tried without a sign-in: one more of those of an account.

    Args:
        email: of the account.
        code: a one-time code, which works once; nothing for a recovery code.
    """

    def __init__(self, email: str, code: str = ""):
        account = audit.email_digest(email)
        self._count = Attempt(CODES_OF_ACCOUNT, account)
        self._used = [_used_code(account, code)] if code else []

    def begin(self) -> None:
        """Count the attempt before it is made.

        Raises:
            Throttled: there were too many.
            InvalidOTP: the code was used before.
        """
        self._count.take()
        try:
            take_all(self._used)
        except Throttled as error:
            self._count.undo()
            raise InvalidOTP(401, "INVALID_OTP") from error

    @transaction.atomic
    def failed(self) -> None:
        """The code is wrong: it counts, and may be typed again."""
        self._count.failed()
        for used in self._used:
            used.undo()

    @transaction.atomic
    def succeeded(self) -> None:
        """The code is right, and used from now on."""
        self._count.undo()
        for used in self._used:
            used.failed()

    @transaction.atomic
    def undo(self) -> None:
        """Nobody looked at the code."""
        for each in [self._count, *self._used]:
            each.undo()


def forget_failures(email: str, *, in_new_browsers: bool = False) -> None:
    """Give an account a fresh start: its owner has just chosen a new password.

    Directus goes on counting: only so many attempts are given back that the owner can
    sign in from the browser that chose the password, or from any.
    """
    account = audit.email_digest(email)
    Attempt(ACCOUNT_FAILURES, account).forget()
    for attempt in _upstream(account, is_known=not in_new_browsers):
        attempt.forget(but=max(1, attempt.limit.attempts - FOR_NEW_PASSWORDS))


def blocked_until(email: str) -> datetime | None:
    """Return until when browsers that do not know an account are refused; None: not."""
    account = audit.email_digest(email)
    attempts = [
        Attempt(ACCOUNT_FAILURES, account),
        *_upstream(account, is_known=False),
    ]
    ends = [attempt.used_up_until() for attempt in attempts]
    return max(filter(None, ends), default=None)


def forget_attempts(email: str) -> None:
    """Forget the attempts that are counted for an address: its account is gone.

    The mails that it got stay counted for their hour and day: otherwise deleting an
    account, and making it again, would be a way to send it more.
    """
    for attempt in _of_account(email):
        attempt.forget()


def counted_for(email: str) -> list[dict[str, object]]:
    """Return what is counted for an address now, to show it to its owner."""
    counts = _of_account(email) + mailboxes.counts_of(email)
    found = [(attempt.limit.name, attempt.read()) for attempt in counts]
    return [
        {"limit": name, "count": row.count, "until": row.window_ends_at}
        for name, row in found
        if row is not None
    ]


def _of_account(email: str) -> list[Attempt]:
    account = audit.email_digest(email)
    limits = (ACCOUNT_FAILURES, CODES_OF_ACCOUNT)
    attempts = [Attempt(limit, account) for limit in limits]
    return attempts + _upstream(account, is_known=True)


@transaction.atomic
def follow_address(old: str, new: str) -> None:
    """Count for an account's new address what was counted for the old one.

    Directus counts for the account, whatever its address.
    """
    before, after = audit.email_digest(old), audit.email_digest(new)
    failures = Attempt(ACCOUNT_FAILURES, before)
    for attempt in [failures, *_upstream(before, is_known=True)]:
        attempt.hand_over(after)


def _used_code(account: str, otp: str) -> Attempt:
    digest = salted_hmac("accounts.otp", f"{account}:{otp}", algorithm="sha256")
    return Attempt(USED_CODES, digest.hexdigest())


def _upstream(account: str, *, is_known: bool) -> list[Attempt]:
    """Return what keeps below the number at which Directus suspends the account."""
    limit = clients.failures_before_directus_suspends()
    if limit is None:
        return []
    kept = FOR_NEW_PASSWORDS if is_known else FOR_KNOWN_DEVICES
    attempts = max(1, limit - kept)
    return [Attempt(since_success(attempts, limit - attempts), account)]
