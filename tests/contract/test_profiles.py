"""The rights of a customer to read and write."""

import re

import pytest

from accounts.directus import InvalidCredentials

# Without a licence customers of version 12 have no rights: test_without_licence.py.
pytestmark = pytest.mark.directus(10, 11)


@pytest.fixture
def person(world):
    return world.add_user(first_name="Ada", last_name="Lovelace")


@pytest.fixture
def tokens(world, person):
    return world.sign_in(person)


def me(world, tokens, fields):
    reply = world.ask("GET", f"/users/me?fields={fields}", token=tokens.access_token)
    assert reply.status == 200
    return reply.json["data"]


def patch(world, tokens, path, changes):
    return world.ask("PATCH", path, changes, token=tokens.access_token)


def names(world, reply, what):
    """Tell whether a refusal names its field, if this version does."""
    return world.major == 10 or what in reply.facts["reason"]


def test_the_own_profile_is_complete(world, person, tokens):
    profile = world.as_owner_of(tokens).get_current_user()

    assert profile.is_active
    assert (profile.first_name, profile.last_name) == ("Ada", "Lovelace")
    assert str(profile.role_id) == world.customer_role
    assert profile.role_name == "Customer"
    assert profile.provider == "default"
    assert profile.last_access is not None


def test_without_a_wish_all_that_may_be_read_is_shown(world, tokens):
    reply = world.ask("GET", "/users/me", token=tokens.access_token)

    assert set(reply.json["data"]) == {
        "id",
        "email",
        "first_name",
        "last_name",
        "status",
        "role",
        "language",
        "last_access",
        "provider",
        "avatar",
        "tfa_secret",
    }
    assert reply.json["data"]["role"] == world.customer_role


def test_a_time_has_a_zone_on_postgresql_and_none_on_sqlite(world, tokens):
    moment = me(world, tokens, "last_access")["last_access"]

    has_zone = r"\.\d{3}Z" if world.is_on_postgresql else ""
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d" + has_zone, moment)


@pytest.mark.parametrize("field", ["token", "external_identifier", "no_such_field"])
def test_one_field_too_many_hides_all_others(world, person, tokens, field):
    assert me(world, tokens, f"id,email,{field}") == {"id": person.id}


def test_without_the_right_to_read_there_is_the_id_alone(world, person, tokens):
    world.hide_profiles()

    assert me(world, tokens, "email,status") == {"id": person.id}
    assert not world.as_owner_of(tokens).get_current_user().is_complete


def test_a_role_that_may_not_be_read_leaves_the_rest(world, person, tokens):
    world.hide_role_names()

    assert me(world, tokens, "id,email,role.id,role.name") == {
        "id": person.id,
        "email": person.email,
    }
    profile = world.as_owner_of(tokens).get_current_user()
    assert (str(profile.role_id), profile.role_name) == (world.customer_role, "")


def test_an_anonymous_caller_has_no_profile(world):
    with pytest.raises(InvalidCredentials):
        world.anonymous().get_current_user()


def test_the_list_of_users_holds_the_reader_alone(world, person, tokens):
    world.add_user()

    reply = world.ask("GET", "/users?fields=id", token=tokens.access_token)

    assert (reply.status, reply.json) == (200, {"data": [{"id": person.id}]})


def test_another_user_looks_like_an_unknown_one(world, tokens):
    other = world.add_user()

    reply = world.ask("GET", f"/users/{other.id}?fields=id", token=tokens.access_token)

    assert (reply.status, reply.facts) == (403, {"code": "FORBIDDEN"})


def test_the_own_name_may_be_changed(world, person, tokens):
    reply = patch(world, tokens, "/users/me?fields=first_name", {"first_name": "Gus"})

    assert (reply.status, reply.json) == (200, {"data": {"first_name": "Gus"}})


@pytest.mark.parametrize(
    "name", ["role", "status", "email", "token", "provider", "no_such_field"]
)
def test_what_one_is_may_not_be_changed(world, person, tokens, name):
    changes = {"first_name": "Gus", name: None}

    reply = patch(world, tokens, "/users/me", changes)

    assert (reply.status, reply.code) == (403, "FORBIDDEN")
    assert names(world, reply, f'field "{name}"')
    assert me(world, tokens, "first_name") == {"first_name": "Ada"}


def test_another_user_may_not_be_changed(world, tokens):
    other = world.add_user()

    reply = patch(world, tokens, f"/users/{other.id}", {"first_name": "Gus"})

    assert (reply.status, reply.code) == (403, "FORBIDDEN")
    assert names(world, reply, '"first_name"')


def test_a_user_who_may_not_read_is_refused_after_the_write(world, person, tokens):
    world.hide_profiles()
    changes = {"first_name": "Gus"}

    as_me = patch(world, tokens, "/users/me", changes)
    by_id = patch(world, tokens, f"/users/{person.id}", changes)

    assert (as_me.status, by_id.status) == (403, 204)
    assert world.service().get_user(person.id).first_name == "Gus"


@pytest.mark.directus(11)
def test_a_new_password_of_ones_own_ends_the_own_session_too(world, person, tokens):
    patch(world, tokens, "/users/me", {"password": "Another-horse-7"})

    with pytest.raises(InvalidCredentials):
        world.anonymous().refresh(tokens.refresh_token)
    assert world.anonymous().login(email=person.email, password="Another-horse-7")
