"""Answers and refusals, word for word."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

JSON = {"Content-Type": "application/json; charset=utf-8"}
TEXTS = {
    "nnull": "Value can't be null.",
    "regex": "Value doesn't have the correct format.",
    "email": "Value has to be a valid email address.",
    "eq": 'Value has to be "{valid}".',
    "in": "Value has to be one of {valid}.",
}


@dataclass(frozen=True)
class Answer:
    """What goes over the wire."""

    status: int
    body: str | bytes = ""
    headers: dict[str, str] = field(default_factory=dict)
    cookies: tuple[str, ...] = ()


def data(value: Any, **more: Any) -> Answer:
    """Return 200 with data; `more` stands beside it."""
    return Answer(200, json.dumps({"data": value} | more), JSON)


def nothing() -> Answer:
    """Return 204."""
    return Answer(204)


class Refusal(Exception):
    """An error that Directus answers with; `reason` and the like are `facts`."""

    def __init__(self, status: int, code: str, message: str, **facts: Any):
        super().__init__(f"{status} {code}")
        self.status = status
        self.code = code
        self.headers: dict[str, str] = {}
        self.errors = [{"message": message, "extensions": facts | {"code": code}}]

    @property
    def answer(self) -> Answer:
        """The answer of Directus."""
        body = json.dumps({"errors": self.errors})
        return Answer(self.status, body, JSON | self.headers)


def invalid_credentials() -> Refusal:
    return Refusal(401, "INVALID_CREDENTIALS", "Invalid user credentials.")


def invalid_otp() -> Refusal:
    return Refusal(401, "INVALID_OTP", "Invalid user OTP.")


def token_expired() -> Refusal:
    return Refusal(401, "TOKEN_EXPIRED", "Token expired.")


def user_suspended() -> Refusal:
    return Refusal(401, "USER_SUSPENDED", "User suspended.")


def invalid_token() -> Refusal:
    return Refusal(403, "INVALID_TOKEN", "Invalid token.")


def forbidden(reason: str = "") -> Refusal:
    if not reason:
        text = "You don't have permission to access this."
        return Refusal(403, "FORBIDDEN", text)
    return Refusal(403, "FORBIDDEN", reason, reason=reason)


def forbidden_collection(collection: str) -> Refusal:
    return forbidden(
        f'You don\'t have permission to access collection "{collection}" '
        "or it does not exist. Queried in root."
    )


def forbidden_field(name: str, collection: str = "directus_users") -> Refusal:
    return forbidden(
        f'You don\'t have permission to access field "{name}" in collection '
        f'"{collection}" or it does not exist. Queried in root.'
    )


def invalid_payload(reason: str) -> Refusal:
    text = f"Invalid payload. {reason}."
    return Refusal(400, "INVALID_PAYLOAD", text, reason=reason)


def invalid_query(reason: str) -> Refusal:
    return Refusal(400, "INVALID_QUERY", f"Invalid query. {reason}.", reason=reason)


def failed_validation(name: str, kind: str, **facts: Any) -> Refusal:
    text = f'Validation failed for field "{name}". {TEXTS[kind].format(**facts)}'
    facts = {"field": name, "path": [], "type": kind} | facts
    return Refusal(400, "FAILED_VALIDATION", text, **facts)


def together(refusals: list[Refusal]) -> Refusal:
    """Return one refusal with the errors of several, as Directus sends them."""
    first, *others = refusals
    for other in others:
        first.errors += other.errors
    return first


def not_unique(name: str, value: object, collection: str = "directus_users") -> Refusal:
    text = (
        f'Value "{value}" for field "{name}" in collection "{collection}" '
        "has to be unique."
    )
    facts = {"collection": collection, "field": name, "value": value}
    return Refusal(400, "RECORD_NOT_UNIQUE", text, **facts)


def limit_exceeded(category: str) -> Refusal:
    text = f"{category} limit exceeded."
    return Refusal(403, "LIMIT_EXCEEDED", text, category=category)


def no_route(path: str) -> Refusal:
    text = f"Route {path} doesn't exist."
    return Refusal(404, "ROUTE_NOT_FOUND", text, path=path)


def too_many(seconds: int, limit: int) -> Refusal:
    reset = datetime.now(UTC) + timedelta(seconds=seconds)
    refusal = Refusal(
        429,
        "REQUESTS_EXCEEDED",
        f"Too many requests, retry after {seconds}s.",
        limit=limit,
        reset=reset.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    )
    refusal.headers["Retry-After"] = str(seconds)
    return refusal
