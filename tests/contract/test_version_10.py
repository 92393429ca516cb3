"""Where Directus 10 differs from what the other contract tests say."""

import pytest

from accounts.directus import DirectusUnavailable, ids
from tests.fake_directus.tokens import claims_of

from .worlds import new_email

# No fake stands in for this version.
pytestmark = [
    pytest.mark.real,
    pytest.mark.directus(10),
    pytest.mark.parametrize("world", ["real"], indirect=True),
]
NEW = "Brand-new-horse-9"


def test_roles_have_rights_by_themselves(world):
    roles = world.admin.call("GET", "/roles")

    flags = {role["id"]: (role["admin_access"], role["app_access"]) for role in roles}
    assert flags[world.customer_role] == flags[ids.SERVICE_ROLE] == (False, False)


def test_flags_in_a_token_are_numbers_on_sqlite(world, person):
    claims = claims_of(world.sign_in(person).access_token)

    assert (claims["admin_access"], claims["app_access"]) == (0, 0)
    kind = bool if world.is_on_postgresql else int
    assert type(claims["admin_access"]) is kind


@pytest.mark.parametrize("change", [{"password": NEW}, {"email": new_email()}])
def test_a_new_password_or_address_ends_no_session(world, person, change):
    tokens = world.sign_in(person)

    world.change(person, **change)

    assert world.anonymous().refresh(tokens.refresh_token)


def test_a_reset_ends_no_session(world, person):
    tokens = world.sign_in(person)
    world.ask_for_reset(person.email)
    token = world.link_for(person.email).partition("token=")[2]

    world.anonymous().reset_password(token=token, password=NEW)

    assert world.anonymous().refresh(tokens.refresh_token)


def test_a_forged_link_to_reset_is_an_outage(world):
    body = {"token": "a.b.c", "password": NEW}

    reply = world.ask("POST", "/auth/password/reset", body)

    assert (reply.status, reply.code) == (500, "INTERNAL_SERVER_ERROR")
    with pytest.raises(DirectusUnavailable):
        world.anonymous().reset_password(**body)


def test_a_link_to_elsewhere_tells_known_addresses(world, person):
    url = "https://elsewhere.example.com/reset-password/"

    statuses = [
        world.ask(
            "POST", "/auth/password/request", {"email": email, "reset_url": url}
        ).status
        for email in (person.email, new_email())
    ]

    assert statuses == [400, 204]


def test_a_taken_address_is_not_repeated(world, person):
    body = {"email": person.email, "password": NEW}

    reply = world.ask("POST", "/users", body, token=world.service_token)

    assert (reply.status, reply.code) == (400, "RECORD_NOT_UNIQUE")
    assert "value" not in reply.facts


@pytest.mark.parametrize("path", ["/policies", "/access", "/policies/me/globals"])
def test_there_are_no_policies(world, path):
    reply = world.ask("GET", path, token=world.service_token)

    assert (reply.status, reply.code) == (404, "ROUTE_NOT_FOUND")
