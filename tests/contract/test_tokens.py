"""Refresh tokens and access tokens: what they survive."""

import pytest

from accounts.directus import InvalidCredentials, TokenPair
from tests.fake_directus.tokens import claims_of

from .worlds import Person


@pytest.fixture
def person(world) -> Person:
    return world.add_user()


@pytest.fixture
def tokens(world, person) -> TokenPair:
    return world.sign_in(person)


def refresh(world, tokens):
    return world.anonymous().refresh(tokens.refresh_token)


def assert_ended(world, tokens):
    with pytest.raises(InvalidCredentials):
        refresh(world, tokens)


def test_an_access_token_names_its_user(world, person, tokens):
    claims = claims_of(tokens.access_token)

    assert claims["id"] == person.id
    assert claims["role"] == world.customer_role
    assert (claims["iss"], claims["admin_access"]) == ("directus", False)


def test_a_refresh_token_works_once(world, person, tokens):
    renewed = refresh(world, tokens)

    assert_ended(world, tokens)
    assert refresh(world, renewed)


@pytest.mark.parametrize(
    "body", [{"mode": "json"}, {}, {"refresh_token": "", "mode": "json"}]
)
def test_a_refresh_without_a_token_is_a_bad_request(world, body):
    reply = world.ask("POST", "/auth/refresh", body)

    assert (reply.status, reply.code) == (400, "INVALID_PAYLOAD")


def test_an_access_token_does_not_refresh(world, tokens):
    with pytest.raises(InvalidCredentials):
        world.anonymous().refresh(tokens.access_token)


def test_a_stale_token_on_top_stops_a_refresh(world, tokens):
    body = {"refresh_token": tokens.refresh_token, "mode": "json"}

    reply = world.ask("POST", "/auth/refresh", body, token="garbage")

    assert reply.status == 401
    assert refresh(world, tokens)


@pytest.mark.parametrize("status", ["suspended", "archived"])
def test_an_inactive_user_does_not_refresh(world, person, tokens, status):
    world.change(person, status=status)

    refusal = world.refusal_of_suspended if status == "suspended" else None
    with pytest.raises(refusal or InvalidCredentials):
        refresh(world, tokens)


def test_a_deleted_user_does_not_refresh(world, person, tokens):
    world.delete(person)

    assert_ended(world, tokens)


@pytest.mark.directus(11, 12)
def test_a_new_password_ends_all_sessions(world, person, tokens):
    other = world.sign_in(person)

    world.change(person, password="Another-horse-7")

    assert_ended(world, tokens)
    assert_ended(world, other)


@pytest.mark.directus(11, 12)
def test_even_the_same_address_again_ends_all_sessions(world, person, tokens):
    world.change(person, email=person.email)

    assert_ended(world, tokens)


def test_a_new_name_ends_nothing(world, person, tokens):
    world.change(person, first_name="Augusta")

    assert refresh(world, tokens)


def test_a_new_role_shows_after_the_refresh(world, person, tokens):
    world.promote(person)

    renewed = refresh(world, tokens)

    assert claims_of(renewed.access_token)["admin_access"]


def test_signing_out_twice_is_as_good_as_once(world, tokens):
    client = world.anonymous()

    client.logout(tokens.refresh_token)
    client.logout(tokens.refresh_token)

    assert_ended(world, tokens)


def test_signing_out_leaves_other_sessions_alone(world, person, tokens):
    other = world.sign_in(person)

    world.anonymous().logout(tokens.refresh_token)

    assert refresh(world, other)


def test_an_access_token_outlives_the_sign_out(world, person, tokens):
    world.anonymous().logout(tokens.refresh_token)

    assert world.read(tokens).email == person.email


def test_an_access_token_outlives_suspension_and_tells(world, person, tokens):
    world.change(person, status="suspended")

    assert world.read(tokens).status == "suspended"


def test_an_access_token_outlives_its_user_and_gets_the_id_alone(world, person, tokens):
    world.delete(person)

    profile = world.as_owner_of(tokens).get_current_user()

    assert (str(profile.id), profile.is_complete) == (person.id, False)


def test_garbage_is_401_and_a_forged_token_is_403(world, tokens):
    header, payload, signature = tokens.access_token.split(".")
    forged = f"{header}.{payload}.{signature[::-1]}"

    replies = [world.ask("GET", "/users/me", token=t) for t in ("garbage", forged)]

    assert [(r.status, r.code) for r in replies] == [
        (401, "INVALID_CREDENTIALS"),
        (403, "INVALID_TOKEN"),
    ]


def test_a_token_for_something_else_signs_nothing(world, person):
    world.ask_for_reset(person.email)
    token = world.link_for(person.email).partition("token=")[2]

    reply = world.ask("GET", "/users/me", token=token)

    assert (reply.status, reply.code) == (403, "INVALID_TOKEN")
