"""Errors of calls to Directus.

An error status counts as Directus' answer only in Directus' format. Any other answer,
such as the page of a proxy, is DirectusUnavailable.

    DirectusError
    ├── DirectusUnavailable       (TryLater) refused, timed out, 5xx, not JSON
    │   ├── CallFailed            500 to this one call
    │   └── ProviderUnavailable   Directus cannot reach a single sign-on provider
    ├── RateLimited               (TryLater) 429
    ├── SessionExpired            the stored tokens are not valid: sign in again
    │   └── GrantRevoked          a single sign-on provider has ended the sign-in
    └── DirectusAPIError          Directus answered with an error (.status, .code)
        ├── InvalidPayload        400, 409, 413, 415, 422
        │   └── NotUnique         another record has this value
        ├── AuthenticationFailed  401
        │   ├── InvalidCredentials
        │   ├── InvalidOTP
        │   ├── InvalidProvider
        │   ├── TokenExpired
        │   ├── UserSuspended
        │   └── InvalidToken      (a 403 in Directus)
        ├── Forbidden             403  (also for records that do not exist)
        └── NotFound              404

    TryLater                      no decision (.retry_after); limits of this site, too

Callers handle each class differently. Messages contain no text of Directus, whose
errors repeat refused passwords.
"""

import re
from email.utils import parsedate_to_datetime
from time import time
from typing import Any, Protocol

MAX_RETRY_AFTER = 300
DEFAULT_RETRY_AFTER = 30


class DirectusError(Exception):
    """Base class of the errors of calls to Directus."""


class TryLater(Exception):
    """There is no answer; the call may be repeated.

    Attributes:
        retry_after: seconds until a retry; None if unknown.
        timed_out: the request was sent, and the answer took too long.
        never_sent: the request certainly did not reach Directus.
        is_own_limit: a limit of this site was used up, and Directus was not asked.
    """

    retry_after: int | None = None
    timed_out = False
    never_sent = False
    is_own_limit = False


class DirectusUnavailable(TryLater, DirectusError):
    """There is no usable answer, so the result is unknown.

    Unless `never_sent` is true: then the request did not reach Directus.
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
    """Directus answered 500 to this call; others may succeed."""


class ProviderUnavailable(DirectusUnavailable):
    """Directus could not reach, or not use, a single sign-on provider."""


class RateLimited(TryLater, DirectusError):
    """Too many calls; try again after `retry_after` seconds (1 to 300)."""

    def __init__(self, code: str, *, retry_after: int) -> None:
        super().__init__(f"429 {code}".rstrip())
        self.code = code
        self.retry_after = retry_after


class SessionExpired(DirectusError):
    """The stored tokens are not valid any more; the user has to sign in again."""


class GrantRevoked(SessionExpired):
    """The provider that signed the user in no longer vouches for the user."""


class DirectusAPIError(DirectusError):
    """Directus answered with an error.

    Attributes:
        status: the HTTP status.
        code: Directus' error code, or an empty string.
        field: the field that the error is about, if known.
        kind: the rule that the value broke, if known.
        others: further errors of the same answer.
    """

    others: "tuple[DirectusAPIError, ...]" = ()

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
    """Directus refused a value; `field` and `kind` say which and why, if known."""


class NotUnique(InvalidPayload):
    """Another record has this value."""


class AuthenticationFailed(DirectusAPIError):
    """Directus refused the credentials or the token."""


class InvalidCredentials(AuthenticationFailed):
    """The e-mail, password or token is wrong, or the user may not sign in."""


class InvalidOTP(AuthenticationFailed):
    """The password is right; the one-time code is missing or wrong."""


class InvalidProvider(AuthenticationFailed):
    """The account signs in another way: with a password, or with another provider."""


class TokenExpired(AuthenticationFailed):
    """The token has expired."""


class UserSuspended(AuthenticationFailed):
    """The user was suspended while signed in."""


class InvalidToken(AuthenticationFailed):
    """The token is from another Directus, or for another purpose."""


class Forbidden(DirectusAPIError):
    """Not allowed, or it does not exist; `code` distinguishes a licence limit."""


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
    # Answers of operators' Flows, and of limits below those of the site.
    409: InvalidPayload,
    413: InvalidPayload,
    415: InvalidPayload,
    422: InvalidPayload,
}

_CODE = re.compile(r"[A-Z][A-Z0-9_]{0,63}")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
_NAME_IN_REASON = re.compile(r'"([A-Za-z][A-Za-z0-9_]{0,63})" ')


class ErrorAnswer(Protocol):
    """The part of an answer that `error_for` reads."""

    @property
    def status(self) -> int: ...

    @property
    def payload(self) -> Any: ...

    @property
    def retry_after(self) -> int | None: ...


def error_for(answer: ErrorAnswer) -> DirectusError:
    """Return the exception for an error: by its code, then by its status."""
    facts, *others = all_error_facts(answer.payload) or [{}]
    code = _matching(_CODE, facts.get("code")) or ""
    if answer.status == 429:
        wait = answer.retry_after or DEFAULT_RETRY_AFTER
        return RateLimited(code, retry_after=wait)
    if answer.status >= 500:
        message = f"Directus answered {answer.status} {code}".rstrip()
        error_class = _class_of_failure(answer.status, code, facts.get("service"))
        return error_class(message, retry_after=answer.retry_after)
    is_strange = answer.status == 401 and code not in CLASSES_BY_CODE
    if is_strange or not _is_from_directus(answer.payload):
        # The 401 of a proxy must not look like a wrong password, nor end a session.
        return DirectusUnavailable(f"{answer.status} without an error from Directus")
    error = _api_error(answer.status, facts)
    error.others = tuple(_api_error(answer.status, each) for each in others)
    return error


def _api_error(status: int, facts: dict[str, Any]) -> DirectusAPIError:
    code = _matching(_CODE, facts.get("code")) or ""
    by_status = CLASSES_BY_STATUS.get(status, DirectusAPIError)
    api_error = CLASSES_BY_CODE.get(code, by_status)
    kind = _matching(_NAME, facts.get("type"))
    return api_error(status, code, _field_in(facts), kind)


def _class_of_failure(
    status: int, code: str, service: Any
) -> type[DirectusUnavailable]:
    if status == 500 and code == "INTERNAL_SERVER_ERROR":
        return CallFailed
    is_providers = code == "SERVICE_UNAVAILABLE" and service in ("openid", "oauth2")
    if is_providers or code == "INVALID_PROVIDER_CONFIG":
        return ProviderUnavailable
    return DirectusUnavailable


def error_facts(payload: Any) -> dict[str, Any]:
    """Return `errors[0].extensions` of an answer, or {} without it."""
    return next(iter(all_error_facts(payload)), {})


def all_error_facts(payload: Any) -> list[dict[str, Any]]:
    """Return the `extensions` of all errors of an answer."""
    errors = payload.get("errors") if isinstance(payload, dict) else None
    found = [
        each.get("extensions") if isinstance(each, dict) else None
        for each in (errors if isinstance(errors, list) else [])
    ]
    return [facts if isinstance(facts, dict) else {} for facts in found]


def _is_from_directus(payload: Any) -> bool:
    """Return whether an error has Directus' format."""
    errors = payload.get("errors") if isinstance(payload, dict) else None
    if not isinstance(errors, list) or not errors:
        return False
    facts = [error.get("extensions") for error in errors if isinstance(error, dict)]
    codes = [each.get("code") for each in facts if isinstance(each, dict)]
    return len(codes) == len(errors) and all(isinstance(code, str) for code in codes)


def parse_retry_after(value: str | None) -> int | None:
    """Return the seconds (1 to 300) of a Retry-After header; None without one."""
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
    """Return the field that an error is about, which may be only in its reason."""
    field = _matching(_NAME, facts.get("field"))
    reason = facts.get("reason")
    if field is None and isinstance(reason, str):
        match = _NAME_IN_REASON.match(reason)
        field = match[1] if match else None
    return field


def _matching(pattern: re.Pattern[str], value: Any) -> str | None:
    return value if isinstance(value, str) and pattern.fullmatch(value) else None
