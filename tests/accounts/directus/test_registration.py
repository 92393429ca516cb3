"""An account of the site's own making, and whether a mailed link is genuine."""

from time import time

import pytest

from accounts.directus import (
    DirectusAPIError,
    DirectusUnavailable,
    Forbidden,
    InvalidPayload,
    InvalidToken,
    NewUser,
    TokenExpired,
)
from tests.fake_directus.tokens import make_jwt

from .wire import ROLE, URL, refuse, sent

PENDING = make_jwt(
    time(), 24 * 3600, scope="pending-registration", email="ada@example.com"
)


def test_a_user_can_be_created_unconfirmed(wire, client):
    wire.post(f"{URL}/users", status=204)

    client.create_user(NewUser("a@b.example", "p"), role=ROLE, status="unverified")

    assert sent(wire)["status"] == "unverified"


@pytest.mark.parametrize("data", [{}, {"id": None}, {"id": "x"}, [], "x"])
def test_a_created_user_without_an_id_is_no_answer(wire, client, data):
    wire.post(f"{URL}/users", json={"data": data})

    with pytest.raises(DirectusUnavailable):
        client.create_user(NewUser("a@b.example", "p"), role=ROLE)


def test_a_genuine_token_is_forbidden_as_an_invitation(wire, client):
    refuse(wire, "POST", "/users/invite/accept", 403, "FORBIDDEN")

    client.require_genuine(PENDING, "unguessable")

    assert sent(wire) == {"token": PENDING, "password": "unguessable"}
    assert "Authorization" not in wire.calls[0].request.headers


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (403, "INVALID_TOKEN", InvalidToken),
        (401, "TOKEN_EXPIRED", TokenExpired),
        (403, "LIMIT_EXCEEDED", Forbidden),
        (403, "RESOURCE_RESTRICTED", Forbidden),
        (400, "INVALID_INVITE", DirectusAPIError),
        (400, "INVALID_PAYLOAD", InvalidPayload),
    ],
)
def test_nothing_else_vouches_for_a_token(wire, client, status, code, expected):
    refuse(wire, "POST", "/users/invite/accept", status, code)

    with pytest.raises(expected):
        client.require_genuine(PENDING, "unguessable")


def test_a_token_that_was_taken_for_an_invitation_is_not_vouched_for(wire, client):
    wire.post(f"{URL}/users/invite/accept", status=204)

    with pytest.raises(InvalidToken):
        client.require_genuine(PENDING, "unguessable")


@pytest.mark.parametrize("status", [401, 403, 500, 502])
def test_a_proxy_vouches_for_nothing(wire, client, status):
    wire.post(f"{URL}/users/invite/accept", status=status, body="Forbidden")

    with pytest.raises(DirectusUnavailable):
        client.require_genuine(PENDING, "unguessable")


@pytest.mark.parametrize("scope", ["invite", "password-reset", "", None, ["x"]])
def test_a_token_that_is_good_for_something_else_is_not_sent(wire, client, scope):
    token = make_jwt(time(), 60, scope=scope, email="ada@example.com")

    with pytest.raises(InvalidToken):
        client.require_genuine(token, "unguessable")
