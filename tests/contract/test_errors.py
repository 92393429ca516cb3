"""Errors, word for word: what the fake says is what Directus says."""

import pytest

from .worlds import new_email

NO_TOKEN = "The refresh token is required in either the payload or cookie"
NO_USERS = (
    'You don\'t have permission to access collection "directus_users" '
    "or it does not exist. Queried in root."
)
LOGIN = ("POST", "/auth/login")
REGISTER = ("POST", "/users/register")
RESET = ("POST", "/auth/password/reset")


def invalid(reason):
    """Return an error about the payload."""
    extensions = {"reason": reason, "code": "INVALID_PAYLOAD"}
    return 400, f"Invalid payload. {reason}.", extensions


def forbidden(reason):
    """Return a refusal that says why."""
    return 403, reason, {"reason": reason, "code": "FORBIDDEN"}


def no_field(name):
    """Return a refusal of one field."""
    return forbidden(
        f'You don\'t have permission to access field "{name}" in collection '
        '"directus_users" or it does not exist. Queried in root.'
    )


ANONYMOUS = {
    "no e-mail": (*LOGIN, {"password": "x"}, invalid('"email" is required')),
    "no password": (
        *LOGIN,
        {"email": "ada@example.com"},
        invalid('"password" is required'),
    ),
    "empty password": (
        *LOGIN,
        {"email": "ada@example.com", "password": ""},
        invalid('"password" is not allowed to be empty'),
    ),
    "a number as password": (
        *LOGIN,
        {"email": "ada@example.com", "password": 12345678},
        invalid('"password" must be a string'),
    ),
    "empty code": (
        *LOGIN,
        {"email": "ada@example.com", "password": "x", "otp": ""},
        invalid('"otp" is not allowed to be empty'),
    ),
    "odd e-mail": (
        *LOGIN,
        {"email": "ada", "password": "x"},
        invalid('"email" must be a valid email'),
    ),
    "wrong password": (
        *LOGIN,
        {"email": "nobody@example.com", "password": "x"},
        (401, "Invalid user credentials.", {"code": "INVALID_CREDENTIALS"}),
    ),
    "no refresh token": ("POST", "/auth/refresh", {"mode": "json"}, invalid(NO_TOKEN)),
    "no token to end": ("POST", "/auth/logout", {}, invalid(NO_TOKEN)),
    "spent refresh token": (
        "POST",
        "/auth/refresh",
        {"refresh_token": "spent", "mode": "json"},
        (401, "Invalid user credentials.", {"code": "INVALID_CREDENTIALS"}),
    ),
    "sign-up without password": (
        *REGISTER,
        {"email": "new@example.com"},
        invalid('"password" is required'),
    ),
    "sign-up with a role": (
        *REGISTER,
        {"email": "new@example.com", "password": "x", "role": "y"},
        invalid('"role" is not allowed'),
    ),
    "sign-up with an empty name": (
        *REGISTER,
        {"email": "new@example.com", "password": "x", "first_name": ""},
        invalid('"first_name" is not allowed to be empty'),
    ),
    "sign-up with a link to elsewhere": (
        *REGISTER,
        {
            "email": "new@example.com",
            "password": "x",
            "verification_url": "https://elsewhere.example.com/",
        },
        invalid(
            'URL "https://elsewhere.example.com/" can\'t be used to verify '
            "registered users"
        ),
    ),
    "broken confirmation": (
        "GET",
        "/users/register/verify-email?token=a.b.c",
        None,
        (403, "Invalid token.", {"code": "INVALID_TOKEN"}),
    ),
    "reset without an address": (
        "POST",
        "/auth/password/request",
        {},
        invalid('"email" field is required'),
    ),
    "reset with a link to elsewhere": (
        "POST",
        "/auth/password/request",
        {"email": "ada@example.com", "reset_url": "https://elsewhere.example.com/"},
        invalid(
            'URL "https://elsewhere.example.com/" can\'t be used to reset passwords'
        ),
    ),
    "reset without a token": (*RESET, {}, invalid('"token" field is required')),
    "reset without a password": (
        *RESET,
        {"token": "a.b.c"},
        invalid('"password" field is required'),
    ),
    "reset with garbage": (
        *RESET,
        {"token": "a.b.c", "password": "x"},
        (403, "Invalid token.", {"code": "INVALID_TOKEN"}),
    ),
    "anonymous profile": (
        "GET",
        "/users/me",
        None,
        (401, "Invalid user credentials.", {"code": "INVALID_CREDENTIALS"}),
    ),
    "a stranger lists users": ("GET", "/users", None, forbidden(NO_USERS)),
    "a stranger creates a user": (
        "POST",
        "/users",
        {"email": "new@example.com"},
        forbidden(NO_USERS),
    ),
    "nothing to get": (
        "GET",
        "/auth/login",
        None,
        (
            404,
            "Route /auth/login doesn't exist.",
            {"path": "/auth/login", "code": "ROUTE_NOT_FOUND"},
        ),
    ),
}
AS_SITE = {
    "unknown field": (
        "GET",
        "/users?fields=id,no_such_field",
        None,
        no_field("no_such_field"),
    ),
    "a limit in words": (
        "GET",
        "/users?fields=id&limit=abc",
        None,
        (
            400,
            'Invalid query. "limit" must be a number.',
            {"reason": '"limit" must be a number', "code": "INVALID_QUERY"},
        ),
    ),
    "an unknown user": (
        "GET",
        "/users/11111111-1111-4111-8111-111111111111?fields=id",
        None,
        (403, "You don't have permission to access this.", {"code": "FORBIDDEN"}),
    ),
    "a filter without case": (
        "GET",
        '/users?fields=id&filter={"email":{"_ieq":"ada@example.com"}}',
        None,
        (
            400,
            'Invalid query. "string" field type does not contain the "_ieq" filter '
            "operator.",
            {
                "reason": '"string" field type does not contain the "_ieq" filter '
                "operator",
                "code": "INVALID_QUERY",
            },
        ),
    ),
    "odd e-mail": (
        "POST",
        "/users",
        {"email": "ada", "password": "x"},
        (
            400,
            'Validation failed for field "email". '
            "Value has to be a valid email address.",
            {
                "field": "email",
                "path": [],
                "type": "email",
                "code": "FAILED_VALIDATION",
            },
        ),
    ),
}


# Version 10 says these otherwise: test_version_10.py.
SINCE_11 = {"reset with garbage", "reset with a link to elsewhere"}


def in_version(world, error):
    """Return how the version says it: 10 gives no reasons and no paths to fields."""
    status, message, extensions = error
    if world.major > 10:
        return error
    if extensions["code"] == "FORBIDDEN":
        message = "You don't have permission to access this."
        return status, message, {"code": "FORBIDDEN"}
    kept = {name: value for name, value in extensions.items() if value != []}
    return status, message, kept


def error_of(reply):
    (error,) = reply.json["errors"]
    return reply.status, error["message"], error["extensions"]


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, marks=pytest.mark.directus(11, 12))
        if case in SINCE_11
        else case
        for case in ANONYMOUS
    ],
)
def test_what_a_stranger_is_told(world, case):
    method, path, body, expected = ANONYMOUS[case]

    assert error_of(world.ask(method, path, body)) == in_version(world, expected)


@pytest.mark.parametrize("case", AS_SITE)
def test_what_the_site_is_told(world, case):
    method, path, body, expected = AS_SITE[case]

    reply = world.ask(method, path, body, token=world.service_token)

    assert error_of(reply) == in_version(world, expected)


@pytest.mark.directus(11, 12)
def test_a_taken_address(world):
    person = world.add_user()
    body = {"email": person.email.upper(), "password": "Correct-horse-1"}

    reply = world.ask("POST", "/users", body, token=world.service_token)

    value = f"[{person.email}]"
    assert error_of(reply) == (
        400,
        f'Value "{value}" for field "email" in collection "directus_users" '
        "has to be unique.",
        {
            "collection": "directus_users",
            "field": "email",
            "value": value,
            "code": "RECORD_NOT_UNIQUE",
        },
    )


@pytest.mark.directus(10, 11)
def test_another_role(world):
    role = world.service().get_user(world.add_administrator().id).role_id
    body = {"email": new_email(), "password": "Correct-horse-1", "role": str(role)}

    reply = world.ask("POST", "/users", body, token=world.service_token)

    expected = (
        400,
        f'Validation failed for field "role". Value has to be "{world.customer_role}".',
        {
            "field": "role",
            "path": [],
            "type": "eq",
            "valid": world.customer_role,
            "code": "FAILED_VALIDATION",
        },
    )
    assert error_of(reply) == in_version(world, expected)


@pytest.mark.directus(10, 11)
def test_an_unknown_status(world):
    person = world.add_user()

    reply = world.ask(
        "PATCH",
        f"/users/{person.id}",
        {"status": "archived"},
        token=world.service_token,
    )

    status, message, extensions = error_of(reply)
    assert (status, extensions["code"]) == (400, "FAILED_VALIDATION")
    assert (extensions["field"], extensions["type"]) == ("status", "in")
    assert extensions["valid"] == ["active", "unverified", "suspended"]
    assert message.startswith('Validation failed for field "status".')


def test_a_weak_password(world):
    world.set(auth_password_policy="/^.{12,}$/")

    reply = world.ask(*REGISTER, {"email": new_email(), "password": "weak-pw"})

    expected = (
        400,
        'Validation failed for field "password". '
        "Value doesn't have the correct format.",
        {
            "field": "password",
            "path": [],
            "type": "regex",
            "invalid": "weak-pw",
            "code": "FAILED_VALIDATION",
        },
    )
    assert error_of(reply) == in_version(world, expected)
