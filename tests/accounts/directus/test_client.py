"""Signing in and signing up: requests, results and errors."""

import json
from base64 import urlsafe_b64encode
from contextlib import nullcontext
from time import time
from uuid import UUID

import pytest

from accounts.directus import (
    CallFailed,
    DirectusUnavailable,
    InvalidCredentials,
    InvalidOTP,
    InvalidPayload,
    InvalidToken,
    NewUser,
    NotUnique,
    RateLimited,
    TokenExpired,
    UserSuspended,
)
from tests.fake_directus.tokens import make_jwt

from .wire import ADA, ID, JWT, ROLE, TOKENS, URL, query, refuse, sent

# Signing in and out


def test_login_returns_tokens(wire, client):
    wire.post(f"{URL}/auth/login", json={"data": TOKENS})

    tokens = client.login(email="ada@example.com", password=" Pässword ")

    assert (tokens.access_token, tokens.refresh_token) == ("a.b.c", "r")
    assert tokens.is_fresh()
    assert sent(wire) == {
        "email": "ada@example.com",
        "password": " Pässword ",
        "mode": "json",
    }


def test_login_sends_a_code_when_there_is_one(wire, client):
    wire.post(f"{URL}/auth/login", json={"data": TOKENS})

    client.login(email="ada@example.com", password="secret", otp="123456")

    assert sent(wire)["otp"] == "123456"


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (401, "INVALID_CREDENTIALS", InvalidCredentials),
        (401, "INVALID_OTP", InvalidOTP),
        (401, "USER_SUSPENDED", UserSuspended),
        (400, "INVALID_PAYLOAD", InvalidCredentials),
        (404, "ROUTE_NOT_FOUND", InvalidCredentials),
        (403, "RESOURCE_RESTRICTED", DirectusUnavailable),
        (403, "INVALID_PROVIDER", InvalidCredentials),
        # Nothing about a password: none of these counts as a wrong one.
        (400, "A_CODE_OF_A_FLOW", DirectusUnavailable),
        (401, "UNAUTHENTICATED", DirectusUnavailable),
        (401, "TOKEN_EXPIRED", DirectusUnavailable),
        (403, "FORBIDDEN", DirectusUnavailable),
        (403, "INVALID_TOKEN", DirectusUnavailable),
        (404, "NOT_FOUND", DirectusUnavailable),
        (409, "CONFLICT", DirectusUnavailable),
        (413, "CONTENT_TOO_LARGE", DirectusUnavailable),
        (429, "REQUESTS_EXCEEDED", RateLimited),
        (500, "INTERNAL_SERVER_ERROR", CallFailed),
        (503, "SERVICE_UNAVAILABLE", DirectusUnavailable),
    ],
)
def test_what_a_refused_login_means(wire, client, status, code, expected):
    refuse(wire, "POST", "/auth/login", status, code)

    with pytest.raises(expected) as caught:
        client.login(email="ada@example.com", password="Canary-Passw0rd")
    assert type(caught.value) is expected


def test_refresh_exchanges_the_token(wire, client):
    wire.post(f"{URL}/auth/refresh", json={"data": TOKENS})

    assert client.refresh("old").refresh_token == "r"
    assert sent(wire) == {"refresh_token": "old", "mode": "json"}


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (401, "INVALID_CREDENTIALS", InvalidCredentials),
        (403, "INVALID_TOKEN", InvalidToken),
        (403, "RESOURCE_RESTRICTED", DirectusUnavailable),
        (503, "INVALID_PROVIDER_CONFIG", DirectusUnavailable),
    ],
)
def test_what_a_refused_refresh_means(wire, client, status, code, expected):
    refuse(wire, "POST", "/auth/refresh", status, code)

    with pytest.raises(expected):
        client.refresh("old")


def test_logout_ends_the_session(wire, client):
    wire.post(f"{URL}/auth/logout", status=204)

    assert client.logout("r") is None
    assert sent(wire) == {"refresh_token": "r", "mode": "json"}


def test_nothing_of_the_own_rights_goes_along_with_a_password(wire, client):
    wire.post(
        f"{URL}/auth/login",
        json={"data": TOKENS},
        headers={"Set-Cookie": "directus_session_token=x; Path=/"},
    )
    wire.post(f"{URL}/auth/refresh", json={"data": TOKENS})
    wire.get(
        f"{URL}/users/register/verify-email",
        status=302,
        headers={"Location": "/admin/users/1"},
    )
    for path in (
        "/auth/logout",
        "/users/register",
        "/auth/password/request",
        "/auth/password/reset",
    ):
        wire.post(URL + path, status=204)

    client.login(email="ada@example.com", password="secret")
    client.refresh("r")
    client.logout("r")
    client.register_user(NewUser("a@example.com", "p"), verification_url="u")
    client.request_password_reset(email="ada@example.com", reset_url="u")
    client.reset_password(token=JWT, password="p")
    client.verify_email(JWT)

    assert len(wire.calls) == 7
    for call in wire.calls:
        assert "Authorization" not in call.request.headers
        assert "Cookie" not in call.request.headers


# Signing up and passwords


def test_empty_names_are_not_sent(wire, client):
    wire.post(f"{URL}/users/register", status=204)

    client.register_user(
        NewUser("ada@example.com", "secret", first_name="Ada"),
        verification_url="https://site.example/verify-email/",
    )

    assert sent(wire) == {
        "email": "ada@example.com",
        "password": "secret",
        "verification_url": "https://site.example/verify-email/",
        "first_name": "Ada",
    }


def test_a_refused_value_is_named(wire, client):
    facts = {"field": "password", "type": "regex", "invalid": "Canary"}
    refuse(wire, "POST", "/users/register", 400, "FAILED_VALIDATION", **facts)

    with pytest.raises(InvalidPayload) as caught:
        client.register_user(NewUser("a@b.example", "x"), verification_url="u")
    assert (caught.value.field, caught.value.kind) == ("password", "regex")
    assert "Canary" not in str(caught.value)


@pytest.mark.parametrize("status", [200, 204])
def test_a_user_is_created_with_the_token_of_the_client(wire, client, status):
    body = {"json": {"data": ADA}} if status == 200 else {}
    wire.post(f"{URL}/users", status=status, **body)

    made = client.create_user(
        NewUser("ada@example.com", "secret", last_name="Love"), role=ROLE
    )

    assert made == (UUID(ADA["id"]) if status == 200 else None)
    assert query(wire) == {"fields": "id"}
    assert "status" not in sent(wire)
    assert sent(wire)["role"] == ROLE
    assert sent(wire)["last_name"] == "Love"
    assert "first_name" not in sent(wire)
    assert wire.calls[0].request.headers["Authorization"] == "Bearer service"


def test_a_taken_address_has_its_own_error(wire, client):
    facts = {"collection": "directus_users", "field": "email", "value": "[a@b.c]"}
    refuse(wire, "POST", "/users", 400, "RECORD_NOT_UNIQUE", **facts)

    with pytest.raises(NotUnique) as caught:
        client.create_user(NewUser("a@b.example", "secret"), role=ROLE)
    assert caught.value.field == "email"


def test_a_redirect_confirms_an_address(wire, client):
    wire.get(
        f"{URL}/users/register/verify-email",
        status=302,
        body="Found. Redirecting to /admin/users/1",
        content_type="text/plain",
        headers={"Location": "/admin/users/1"},
    )

    assert client.verify_email(JWT) is None
    assert query(wire) == {"token": JWT}


@pytest.mark.parametrize(
    ("location", "is_confirmed"),
    [
        (f"/admin/users/{ID}", True),
        (f"https://directus.example.com/admin/users/{ID}", True),
        (f"https://example.com/directus/admin/users/{ID}", True),
        # Of Directus itself, without a token.
        ("/admin/login", False),
        (f"https://sso.example.com/login?next=/admin/users/{ID}", False),
        (f"/oauth2/sign_in?rd=/admin/users/{ID}", False),
        ("/", False),
        ("http://[", False),
        ("", False),
    ],
)
def test_only_the_page_of_a_user_confirms(wire, client, location, is_confirmed):
    wire.get(
        f"{URL}/users/register/verify-email",
        status=302,
        headers={"Location": location},
    )

    with nullcontext() if is_confirmed else pytest.raises(DirectusUnavailable):
        client.verify_email(JWT)


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (400, "INVALID_PAYLOAD", InvalidPayload),
        (403, "INVALID_TOKEN", InvalidToken),
        (401, "TOKEN_EXPIRED", TokenExpired),
    ],
)
def test_what_a_refused_confirmation_means(wire, client, status, code, expected):
    refuse(wire, "GET", "/users/register/verify-email", status, code)

    with pytest.raises(expected):
        client.verify_email(JWT)


def test_a_success_that_is_no_redirect_confirms_nothing(wire, client):
    wire.get(f"{URL}/users/register/verify-email", json={"data": None})

    with pytest.raises(DirectusUnavailable):
        client.verify_email(JWT)


def test_a_reset_is_asked_for(wire, client):
    wire.post(f"{URL}/auth/password/request", status=204)

    client.request_password_reset(email="ada@example.com", reset_url="https://s/r/")

    assert sent(wire) == {"email": "ada@example.com", "reset_url": "https://s/r/"}


def test_a_password_is_reset(wire, client):
    wire.post(f"{URL}/auth/password/reset", status=204)

    client.reset_password(token=JWT, password="new")

    assert sent(wire) == {"token": JWT, "password": "new"}


@pytest.mark.parametrize(
    "token",
    [
        "",
        "garbage",
        "a.b",
        "a.b.c.d",
        "a..c",
        "a.b.c\n",
        "a.b.ä",
        "../a.b.c",
        "a.b.c?",
        "a.b." + "c" * 4096,
    ],
)
def test_a_token_that_cannot_be_one_is_not_sent(wire, client, token):
    with pytest.raises(InvalidToken):
        client.reset_password(token=token, password="new")
    with pytest.raises(InvalidToken):
        client.verify_email(token)


def test_a_mailed_token_that_has_ended_is_not_sent(wire, client):
    token = make_jwt(time(), -1, scope="password-reset")

    with pytest.raises(TokenExpired):
        client.reset_password(token=token, password="new")
    with pytest.raises(TokenExpired):
        client.verify_email(token)


@pytest.mark.parametrize("claims", [[], {"exp": "soon"}, {"exp": None}, {}])
def test_what_a_mailed_token_claims_is_for_directus_to_judge(wire, client, claims):
    payload = urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    wire.post(f"{URL}/auth/password/reset", status=204)

    client.reset_password(token=f"head.{payload}.signature", password="new")

    assert sent(wire)["password"] == "new"
