"""Sign in without the authenticator app: with the password and a recovery code.

Directus has no recovery codes. A recovery code opens the secret of the app; with it the
site computes the one-time code and signs the user in. The second factor stays on. For
some minutes this browser may set it up again, or turn it off, without the app.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from django.views.decorators.debug import sensitive_variables

from config.request import Request

from ..core import audit, clock, figures, mails
from ..directus import InvalidOTP
from ..models import RecoveryCode, User
from ..throttling.attempts import CodeAttempt
from ..two_factor import recovery_codes
from ..two_factor.totp import STEP_SECONDS, code_of
from ..web.sealed_cookie import ShortSecret

MINUTES = 15
# The opened secret, until the second factor is set up again.
OPENED = ShortSecret("recovered_secret", "recovered", MINUTES * 60)

T = TypeVar("T")


@sensitive_variables("code", "claimed")
def claim(request: Request, email: str, code: str) -> tuple[RecoveryCode, str]:
    """Claim a code for this request; return its row and the secret that it opens.

    Args:
        email: the address of the first step of the sign-in.
        code: from `recovery_codes.normalised`.

    Raises:
        InvalidOTP: the code is wrong, or was used.
        Throttled: the code was not checked, and stays valid.
    """
    attempt = CodeAttempt(email)
    attempt.begin()
    try:
        claimed = _claimed(email, code)
    except BaseException:
        attempt.undo()
        raise
    if claimed is None:
        attempt.failed()
        audit.record("two_factor.recovery_refused", request, email=email)
        figures.sign_in("recovery_code", "refused")
        raise InvalidOTP(401, "RECOVERY_CODE")
    attempt.succeeded()
    return claimed


@sensitive_variables("code", "secret")
def _claimed(email: str, code: str) -> tuple[RecoveryCode, str] | None:
    row = recovery_codes.find(email, code)
    secret = recovery_codes.secret_in(row, code) if row else None
    if row is None or secret is None or not recovery_codes.claim(row):
        return None
    return row, secret


@sensitive_variables("secret", "otp")
def with_code(secret: str, action: Callable[[str], T]) -> T:
    """Return the result of an action for the one-time code of a secret.

    Directus accepts only the code of the present half minute of its own clock, so the
    next and the previous codes are tried, too.

    Raises:
        InvalidOTP: Directus accepts none; the secret belongs to a former second factor.
    """
    apart = round(clock.difference() / STEP_SECONDS)
    for steps_ahead in (apart, apart + 1, apart - 1):
        otp = code_of(secret, steps_ahead=steps_ahead)
        with suppress(InvalidOTP):
            return action(otp)
    raise InvalidOTP(401, "RECOVERY_CODE")


def was_used(request: Request, user: User) -> None:
    """Mail the user about a sign-in with a recovery code."""
    left = recovery_codes.codes_left(user)
    audit.record("two_factor.recovered", request, user=user, codes_left=left)
    mails.send("two_factor_recovered", user, request, codes_left=left)
