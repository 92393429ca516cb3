"""The limits of one sign-in, and how its outcome settles them."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from django.db import transaction
from django.utils.crypto import salted_hmac

from config.request import Request

from ..core import audit, clients
from ..directus import InvalidOTP, InvalidPayload
from ..web import client_address, known_devices
from . import mailboxes
from .limits import (
    ACCOUNT_FAILURES,
    ADDRESS_FAILURES,
    ADDRESS_SIGN_INS,
    CODES_OF_ACCOUNT,
    DEVICE_FAILURES,
    Attempt,
    Throttled,
    settle_all,
    since_success,
    take_all,
    undo_all,
)
from .once import ONE_TIME_CODES, Once

# Of the failures after which Directus suspends an account, so many are reserved for
# browsers that know the account, and so many for an owner with a new password.
FOR_KNOWN_DEVICES = 5
FOR_NEW_PASSWORDS = 2


class SignInAttempt:
    """One sign-in, from one address, for one account, with or without a code.

    A browser that signed in to the account before has its own count, so that failures
    of strangers do not lock the owner out.
    """

    def __init__(self, request: Request | None, email: str, otp: str = ""):
        account = audit.email_digest(email)
        device = known_devices.device_of(request, account)
        self._account = (
            Attempt(DEVICE_FAILURES, f"{device}:{account}")
            if device
            else Attempt(ACCOUNT_FAILURES, account)
        )
        # Directus counts every attempt, also one with a missing or wrong code.
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
            Throttled: there were too many attempts.
            InvalidOTP: the code was used before.
        """
        take_all([*self._failures, *self._upstream, *self._always])
        if self._used_code:
            self._take_code(self._used_code)

    def again(self) -> None:
        """Count a second password of the same attempt, after the first was refused.

        Directus counts both; the limits of the site count one attempt.

        Raises:
            Throttled: Directus would suspend the account soon; the attempt is settled.
        """
        upstream, self._upstream = self._upstream, []
        settle_all(failed=upstream)
        try:
            take_all(upstream)
        except Throttled:
            self.failed()
            raise
        self._upstream = upstream

    def _take_code(self, code: Once) -> None:
        """Refuse a code that was used; Directus accepts it again for 30 seconds."""
        if not code.is_first():
            self.undo(keep_code=True)
            raise InvalidOTP(401, "INVALID_OTP")

    def failed(self) -> None:
        """Settle the attempt: the credentials are wrong."""
        settle_all(failed=[*self._failures, *self._upstream], undone=self._code)

    def refused_code(self) -> None:
        """Settle the attempt: the password is right, the code is missing or wrong.

        A missing code is no failure."""
        if self._used_code:
            self.failed()
        else:
            settle_all(failed=self._upstream, undone=self._failures)

    def undo(self, *, keep_code: bool = False) -> None:
        """Undo the attempt: Directus did not answer."""
        code = [] if keep_code else self._code
        undo_all([*self._failures, *self._upstream, *code])

    def succeeded(self) -> None:
        """Settle the attempt: delete the account's failures, not the address'."""
        settle_all(
            succeeded=[self._account, *self._upstream],
            undone=[each for each in self._failures if each is not self._account],
            failed=self._code,
        )

    @property
    def _code(self) -> list[Attempt]:
        return [self._used_code.attempt] if self._used_code else []


class CodeAttempt:
    """An attempt with a code outside of a sign-in.

    Args:
        account: `account_key` of the user, or the typed address.
        code: the one-time code, which works once; empty for a recovery code.
    """

    def __init__(self, account: str, code: str = ""):
        account = audit.email_digest(account)
        self._count = Attempt(CODES_OF_ACCOUNT, account)
        self._used_code = _used_code(account, code) if code else None

    def begin(self) -> None:
        """Count the attempt before it is made.

        Raises:
            Throttled: there were too many.
            InvalidOTP: the code was used before.
        """
        self._count.take()
        if self._used_code and not self._used_code.is_first():
            self._count.undo()
            raise InvalidOTP(401, "INVALID_OTP")

    @contextmanager
    def settled(self) -> Iterator[None]:
        """Begin the attempt, and settle it by the result of a block.

        Raises:
            As `begin`. InvalidPayload from the block means that the code is wrong.
        """
        self.begin()
        try:
            yield
        except InvalidPayload:
            self.failed()
            raise
        except BaseException:
            self.undo()
            raise
        self.succeeded()

    def failed(self) -> None:
        """Settle the attempt: the code is wrong. It may be typed again."""
        settle_all(failed=[self._count], undone=self._code)

    def succeeded(self) -> None:
        """Settle the attempt: the code is right, and used from now on."""
        settle_all(undone=[self._count], failed=self._code)

    def undo(self) -> None:
        """Undo the attempt: the code was not checked."""
        undo_all([self._count, *self._code])

    @property
    def _code(self) -> list[Attempt]:
        return [self._used_code.attempt] if self._used_code else []


def clear_failures(email: str, *, in_new_browsers: bool = False) -> None:
    """Reset the counts of an account after its owner has chosen a new password.

    Directus keeps its own count: the site gives back only so many attempts that the
    owner can sign in.
    """
    account = audit.email_digest(email)
    Attempt(ACCOUNT_FAILURES, account).clear()
    for attempt in _upstream(account, is_known=not in_new_browsers):
        attempt.clear(but=max(1, attempt.limit.attempts - FOR_NEW_PASSWORDS))


def blocked_until(email: str) -> datetime | None:
    """Return when unknown browsers may try again; None if now."""
    account = audit.email_digest(email)
    attempts = [
        Attempt(ACCOUNT_FAILURES, account),
        *_upstream(account, is_known=False),
    ]
    ends = [attempt.used_up_until() for attempt in attempts]
    return max(filter(None, ends), default=None)


def clear_attempts(email: str) -> None:
    """Delete the attempts counted for an address after its account was deleted.

    The count of mails stays for its hour and day: otherwise deleting and creating an
    account would be a way to send more mails.
    """
    for attempt in sorted(_of_account(email), key=lambda each: each.key):
        attempt.clear()


def counted_for(email: str) -> list[dict[str, object]]:
    """Return the present counts of an address, for the export."""
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
    """Move the counts of an account to its new address.

    Directus counts for the account, not for the address.
    """
    before, after = audit.email_digest(old), audit.email_digest(new)
    failures = Attempt(ACCOUNT_FAILURES, before)
    for attempt in [failures, *_upstream(before, is_known=True)]:
        attempt.hand_over(after)


def _used_code(account: str, otp: str) -> Once:
    digest = salted_hmac("accounts.otp", f"{account}:{otp}", algorithm="sha256")
    return Once(ONE_TIME_CODES, digest.hexdigest())


def _upstream(account: str, *, is_known: bool) -> list[Attempt]:
    """Return the limits that stay below the number at which Directus suspends."""
    limit = clients.failures_before_directus_suspends()
    if limit is None:
        return []
    kept = FOR_NEW_PASSWORDS if is_known else FOR_KNOWN_DEVICES
    attempts = max(1, limit - kept)
    return [Attempt(since_success(attempts, limit - attempts), account)]
