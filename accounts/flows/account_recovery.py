"""The way past an authenticator app that is lost: the password and a recovery code.

Directus lets nobody but administrators switch off somebody else's second factor. With
the secret that the code opens, this site makes a code as the app would, and switches
the second factor off as the user.
"""

from django.views.decorators.debug import sensitive_variables

from .. import two_factor
from ..core import audit, clients, clock
from ..directus import InvalidOTP, TokenPair
from ..mirror.own_profile import read_own_profile
from ..models import RecoveryCode
from ..sessions.tokens import revoke
from ..throttling.attempts import CodeAttempt
from ..two_factor import recovery_codes
from ..two_factor.totp import STEP_SECONDS, code_of
from . import sign_in


@sensitive_variables("password", "code", "secret")
def recover(request, *, email: str, password: str, code: str) -> None:
    """Switch a second factor off with a recovery code, which works once.

    Args:
        email, password: of the first step of the sign-in.
        code: from `recovery_codes.normalised`.

    Raises:
        InvalidOTP: the code is wrong, was used, or is of a former second factor.
        Forbidden: the user may not write `tfa_secret`.
        TryLater: nothing came of it; the code is still good.
    """
    row, secret = _claim(request, email, code)
    try:
        _switch_off(request, email, password, secret, row.user)
    except BaseException:
        recovery_codes.give_back(row)
        raise
    two_factor.was_recovered(request, row.user)


@sensitive_variables("code", "secret")
def _claim(request, email: str, code: str) -> tuple[RecoveryCode, str]:
    """Take a code for this request alone; return it with the secret that it opens."""
    attempt = CodeAttempt(email)
    attempt.begin()
    try:
        row = recovery_codes.find(email, code)
        secret = recovery_codes.secret_in(row, code) if row else None
        is_ours = row is not None and secret is not None and recovery_codes.claim(row)
    except BaseException:
        attempt.undo()
        raise
    if not is_ours:
        attempt.failed()
        audit.record("two_factor.recovery_refused", request, email=email)
        raise InvalidOTP(401, "RECOVERY_CODE")
    attempt.succeeded()
    return row, secret


@sensitive_variables("password", "secret", "otp")
def _switch_off(request, email: str, password: str, secret: str, user) -> None:
    """Sign in as the app would let somebody do, and switch the second factor off."""
    tokens, steps_ahead = _sign_in(request, email, password, secret)
    client = clients.client_for_tokens(tokens, request)
    try:
        profile = read_own_profile(client)
        if profile.id != user.directus_id:
            # The address has passed to somebody else.
            raise InvalidOTP(401, "ANOTHER_USER")
        # It may be off: an answer got lost, and this is the second time.
        if profile.has_two_factor is not False:
            client.disable_second_factor(code_of(secret, steps_ahead=steps_ahead))
    finally:
        revoke(tokens, request)


@sensitive_variables("password", "secret", "otp")
def _sign_in(request, email: str, password: str, secret: str) -> tuple[TokenPair, int]:
    """Sign in; Directus takes the code of one half minute, by a clock of its own."""
    apart = round(clock.difference() / STEP_SECONDS)
    for steps_ahead in (apart, apart + 1, apart - 1):
        otp = code_of(secret, steps_ahead=steps_ahead)
        try:
            tokens = sign_in.login(request, email, password, otp, own_code=True)
        except InvalidOTP:
            continue
        return tokens, steps_ahead
    raise InvalidOTP(401, "RECOVERY_CODE")
