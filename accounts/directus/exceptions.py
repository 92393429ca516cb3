"""What can go wrong between this site and Directus.

An error status counts as Directus' answer only in Directus' own shape. Anything else,
as the page of a proxy, is DirectusUnavailable.

    DirectusError
    ├── DirectusUnavailable       (TryLater) refused, timed out, 5xx, not JSON
    │   └── CallFailed            500 to this one call
    ├── RateLimited               (TryLater) 429
    ├── SessionExpired            the stored tokens no longer work: sign in again
    └── DirectusAPIError          Directus answered with an error (.status, .code)
        ├── InvalidPayload        400, 409, 413, 415, 422
        │   └── NotUnique         another record has this value already
        ├── AuthenticationFailed  401
        │   ├── InvalidCredentials
        │   ├── InvalidOTP
        │   ├── TokenExpired
        │   ├── UserSuspended
        │   └── InvalidToken      (a 403 in Directus)
        ├── Forbidden             403  (also what Directus says for what does not exist)
        └── NotFound              404

    TryLater                      nothing was decided (.retry_after); this site's own
                                  limits raise one, too

A class exists where a caller does something different because of it. No message
contains text from the other side: Directus repeats refused passwords in its errors.
"""

import re
from email.utils import parsedate_to_datetime
from time import time
from typing import Any, Protocol

MAX_RETRY_AFTER = 300
DEFAULT_RETRY_AFTER = 30


class DirectusError(Exception):
    """Anything that can go wrong between this site and Directus."""


class TryLater(Exception):
    """The question was not decided; the same one may be asked again.

    Attributes:
        retry_after: in how many seconds; None when that is not known.
        timed_out: the request was sent, and its answer took too long.
        never_sent: Directus certainly does not know the question.
    """

    retry_after: int | None = None
    timed_out = False
    never_sent = False


class DirectusUnavailable(TryLater, DirectusError):
    """There is no usable answer: nothing is known about the question asked.

    Unless `never_sent` is true: then Directus certainly does not know it.
    """

    def __init__(
        self,
        message: str,
        *,
        retry_after: int | None = None,
        timed_out: bool = False,
        never_sent: bool = False,
    ) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.timed_out = timed_out
        self.never_sent = never_sent


class CallFailed(DirectusUnavailable):
    """Directus failed at this one call, with 500, and may be well otherwise."""


class RateLimited(TryLater, DirectusError):
    """Too many calls; ask again after `retry_after` seconds (1 to 300)."""

    def __init__(self, code: str, *, retry_after: int) -> None:
        super().__init__(f"429 {code}".rstrip())
        self.code = code
        self.retry_after = retry_after


class SessionExpired(DirectusError):
    """The stored tokens no longer work; the person has to sign in again."""


class DirectusAPIError(DirectusError):
    """Directus answered, and the answer is an error."""

    def __init__(
        self,
        status: int,
        code: str,
        field: str | None = None,
        kind: str | None = None,
    ) -> None:
        super().__init__(f"{status} {code}".rstrip())
        self.status = status
        self.code = code
        self.field = field
        self.kind = kind


class InvalidPayload(DirectusAPIError):
    """A value was not accepted; `field` and `kind` tell which and why, if known."""


class NotUnique(InvalidPayload):
    """Another record has this value already."""


class AuthenticationFailed(DirectusAPIError):
    """Directus does not accept these credentials or this token."""


class InvalidCredentials(AuthenticationFailed):
    """Wrong e-mail, password or token; or the account may not sign in."""


class InvalidOTP(AuthenticationFailed):
    """The password is right; the one-time code is missing or wrong."""


class TokenExpired(AuthenticationFailed):
    """The token was good once."""


class UserSuspended(AuthenticationFailed):
    """The account was suspended while it was signed in."""


class InvalidToken(AuthenticationFailed):
    """The token was not made by this Directus, or not for this purpose."""


class Forbidden(DirectusAPIError):
    """Not allowed, or it does not exist; `code` tells a licence limit apart."""


class NotFound(DirectusAPIError):
    """Directus has no such route."""


CLASSES_BY_CODE: dict[str, type[DirectusAPIError]] = {
    "RECORD_NOT_UNIQUE": NotUnique,
    "INVALID_CREDENTIALS": InvalidCredentials,
    "INVALID_OTP": InvalidOTP,
    "TOKEN_EXPIRED": TokenExpired,
    "USER_SUSPENDED": UserSuspended,
    "INVALID_TOKEN": InvalidToken,
}
CLASSES_BY_STATUS: dict[int, type[DirectusAPIError]] = {
    400: InvalidPayload,
    403: Forbidden,
    404: NotFound,
    # What operators' Flows answer, and limits that are narrower than the site's.
    409: InvalidPayload,
    413: InvalidPayload,
    415: InvalidPayload,
    422: InvalidPayload,
}

_CODE = re.compile(r"[A-Z][A-Z0-9_]{0,63}")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
_NAME_IN_REASON = re.compile(r'"([A-Za-z][A-Za-z0-9_]{0,63})" ')


class ErrorAnswer(Protocol):
    """What `error_for` needs to know of an answer."""

    @property
    def status(self) -> int: ...

    @property
    def payload(self) -> Any: ...

    @property
    def retry_after(self) -> int | None: ...


def error_for(answer: ErrorAnswer) -> DirectusError:
    """Return the exception for an answer that is an error: by code, then by status."""
    facts = error_facts(answer.payload)
    code = _matching(_CODE, facts.get("code")) or ""
    if answer.status == 429:
        wait = answer.retry_after or DEFAULT_RETRY_AFTER
        return RateLimited(code, retry_after=wait)
    if answer.status >= 500:
        message = f"Directus answered {answer.status} {code}".rstrip()
        failed = answer.status == 500 and code == "INTERNAL_SERVER_ERROR"
        error_class = CallFailed if failed else DirectusUnavailable
        return error_class(message, retry_after=answer.retry_after)
    is_strange = answer.status == 401 and code not in CLASSES_BY_CODE
    if is_strange or not _is_from_directus(answer.payload):
        # A proxy's 401 must not look like a wrong password, nor sign anybody out.
        return DirectusUnavailable(f"{answer.status} without an error from Directus")
    by_status = CLASSES_BY_STATUS.get(answer.status, DirectusAPIError)
    api_error = CLASSES_BY_CODE.get(code, by_status)
    kind = _matching(_NAME, facts.get("type"))
    return api_error(answer.status, code, _field_in(facts), kind)


def error_facts(payload: Any) -> dict[str, Any]:
    """Return `errors[0].extensions` of an answer, or {} where there is none."""
    try:
        facts = payload["errors"][0]["extensions"]
    except (KeyError, IndexError, TypeError):
        return {}
    return facts if isinstance(facts, dict) else {}


def _is_from_directus(payload: Any) -> bool:
    """Tell whether an error has the shape that all errors of Directus have."""
    errors = payload.get("errors") if isinstance(payload, dict) else None
    if not isinstance(errors, list) or not errors:
        return False
    facts = [error.get("extensions") for error in errors if isinstance(error, dict)]
    codes = [each.get("code") for each in facts if isinstance(each, dict)]
    return len(codes) == len(errors) and all(isinstance(code, str) for code in codes)


def parse_retry_after(value: str | None) -> int | None:
    """Read a Retry-After header, seconds or a date: 1 to 300, None without one."""
    if value is None:
        return None
    try:
        seconds = float(value) if value.strip().isdigit() else _seconds_until(value)
    except (ValueError, TypeError, OverflowError):
        seconds = DEFAULT_RETRY_AFTER
    return int(max(1, min(seconds, MAX_RETRY_AFTER)))


def _seconds_until(date: str) -> float:
    return parsedate_to_datetime(date).timestamp() - time()


def _field_in(facts: dict[str, Any]) -> str | None:
    """Return the field that an error is about; some only name it in their reason."""
    field = _matching(_NAME, facts.get("field"))
    reason = facts.get("reason")
    if field is None and isinstance(reason, str):
        match = _NAME_IN_REASON.match(reason)
        field = match[1] if match else None
    return field


def _matching(pattern: re.Pattern[str], value: Any) -> str | None:
    return value if isinstance(value, str) and pattern.fullmatch(value) else None
