"""Which exception an answer becomes, and what an exception tells."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from accounts.directus import exceptions as e
from accounts.directus.answers import Answer


def answer(status, code=None, *, retry_after=None, **facts):
    extensions = {"code": code, **facts}
    payload = {"errors": [{"message": "upstream text", "extensions": extensions}]}
    return Answer(status, payload, retry_after)


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (400, "INVALID_PAYLOAD", e.InvalidPayload),
        (400, "INVALID_QUERY", e.InvalidPayload),
        (400, "FAILED_VALIDATION", e.InvalidPayload),
        (400, "VALUE_TOO_LONG", e.InvalidPayload),
        (400, "INVALID_FOREIGN_KEY", e.InvalidPayload),
        (400, "RECORD_NOT_UNIQUE", e.NotUnique),
        (401, "INVALID_CREDENTIALS", e.InvalidCredentials),
        (401, "INVALID_OTP", e.InvalidOTP),
        (401, "TOKEN_EXPIRED", e.TokenExpired),
        (401, "USER_SUSPENDED", e.UserSuspended),
        # Other services answer with such errors too: they must end no session.
        (401, "A_CODE_OF_TOMORROW", e.DirectusUnavailable),
        (403, "INVALID_TOKEN", e.InvalidToken),
        (403, "FORBIDDEN", e.Forbidden),
        (403, "RESOURCE_RESTRICTED", e.Forbidden),
        (403, "LIMIT_EXCEEDED", e.Forbidden),
        (404, "ROUTE_NOT_FOUND", e.NotFound),
        (418, "A_CODE_OF_TOMORROW", e.DirectusAPIError),
        (409, "A_CODE_OF_TOMORROW", e.InvalidPayload),
        (413, "CONTENT_TOO_LARGE", e.InvalidPayload),
        (415, "UNSUPPORTED_MEDIA_TYPE", e.InvalidPayload),
        (422, "UNPROCESSABLE_CONTENT", e.InvalidPayload),
        (429, "REQUESTS_EXCEEDED", e.RateLimited),
        (500, "INTERNAL_SERVER_ERROR", e.CallFailed),
        (503, "SERVICE_UNAVAILABLE", e.DirectusUnavailable),
        # A broken server's "wrong password" is none.
        (500, "INVALID_CREDENTIALS", e.DirectusUnavailable),
        (502, None, e.DirectusUnavailable),
    ],
)
def test_the_code_chooses_the_class_and_the_status_is_second(status, code, expected):
    assert type(e.error_for(answer(status, code))) is expected


def test_an_error_reads_as_status_and_code_and_nothing_else():
    error = e.error_for(answer(400, "FAILED_VALIDATION", invalid="Canary-Passw0rd"))

    assert str(error) == "400 FAILED_VALIDATION"
    assert "Canary" not in repr(error) + repr(vars(error))


@pytest.mark.parametrize(
    "facts",
    [
        {"code": "lower case <script>"},
        {"code": "X" * 65},
        {"code": "FORBIDDEN", "field": "<b>Canary</b>", "type": "Can ary"},
        {"code": "FORBIDDEN", "field": {"a": 1}, "type": 7, "reason": ["Canary"]},
        {"code": "FORBIDDEN", "reason": 'You typed "Canary password"'},
    ],
)
def test_odd_facts_are_left_out(facts):
    payload = {"errors": [{"message": "Canary", "extensions": facts}]}
    error = e.error_for(Answer(403, payload))

    assert type(error) is e.Forbidden
    assert error.field is None
    assert error.kind is None
    assert error.code in {"FORBIDDEN", ""}
    assert str(error).strip() in {"403 FORBIDDEN", "403"}


NO_ERRORS = {
    "nothing": None,
    "a text": "no",
    "a list": [],
    "an object": {},
    "no list": {"errors": "no"},
    "an object of errors": {"errors": {"code": "FORBIDDEN"}},
    "an empty list": {"errors": []},
    "texts": {"errors": ["no"]},
    "messages alone": {"errors": [{"message": "no"}]},
    "no extensions": {"errors": [{"extensions": None}]},
    "odd extensions": {"errors": [{"extensions": ["FORBIDDEN"]}]},
    "no code": {"errors": [{"extensions": {}}]},
    "a number for a code": {"errors": [{"extensions": {"code": 42}}]},
    "a list for a code": {"errors": [{"extensions": {"code": ["FORBIDDEN"]}}]},
    "one with a code and one without": {
        "errors": [{"extensions": {"code": "FORBIDDEN"}}, {"message": "no"}]
    },
    "another service's": {"error": "invalid_grant", "code": "INVALID_CREDENTIALS"},
}


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 409, 413, 415, 418, 422])
@pytest.mark.parametrize("payload", NO_ERRORS.values(), ids=NO_ERRORS)
def test_an_error_without_the_shape_of_directus_is_no_answer(status, payload):
    assert type(e.error_for(Answer(status, payload))) is e.DirectusUnavailable


def test_a_rate_limit_needs_no_shape():
    assert type(e.error_for(Answer(429, None))) is e.RateLimited


def test_a_refused_value_is_named():
    facts = {"field": "password", "type": "regex", "invalid": "x"}
    error = e.error_for(answer(400, "FAILED_VALIDATION", **facts))

    assert (error.field, error.kind) == ("password", "regex")


def test_a_field_that_only_the_reason_names_is_found():
    reason = '"email" must be a valid email'
    error = e.error_for(answer(400, "INVALID_PAYLOAD", reason=reason))

    assert error.field == "email"


def test_a_rate_limit_always_says_how_long():
    limited = e.error_for(answer(429, "REQUESTS_EXCEEDED", retry_after=57))
    silent = e.error_for(answer(429, "REQUESTS_EXCEEDED"))

    assert limited.retry_after == 57
    assert silent.retry_after == e.DEFAULT_RETRY_AFTER


def test_an_outage_keeps_how_long_directus_wants_to_rest():
    assert e.error_for(answer(503, retry_after=7)).retry_after == 7
    assert e.error_for(answer(503)).retry_after is None
    assert e.error_for(answer(503)).timed_out is False


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("57", 57),
        (" 57 ", 57),
        ("0", 1),
        ("99999", 300),
        ("9" * 400, 300),
        ("-5", 30),
        ("1.5", 30),
        ("1e9", 30),
        ("NaN", 30),
        ("soon", 30),
        ("", 30),
        ("²", 30),
        ("Fri, 99 Foo 2026 00:00:00 GMT", 30),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 1),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 300),
    ],
)
def test_retry_after_is_always_between_1_and_300(header, seconds):
    assert e.parse_retry_after(header) == seconds


def test_retry_after_may_be_a_date():
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=57), usegmt=True)

    assert e.parse_retry_after(date) in range(55, 58)


def test_the_hierarchy_is_what_the_callers_catch():
    for error_class in (e.InvalidOTP, e.TokenExpired, e.UserSuspended, e.InvalidToken):
        assert issubclass(error_class, e.AuthenticationFailed)
    assert issubclass(e.NotUnique, e.InvalidPayload)
    for error_class in (e.DirectusUnavailable, e.SessionExpired, e.DirectusAPIError):
        assert issubclass(error_class, e.DirectusError)
    assert not issubclass(e.SessionExpired, e.DirectusAPIError)
