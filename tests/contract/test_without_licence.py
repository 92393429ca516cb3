"""Directus 12 without a licence allows a collection as a whole, or not at all."""

import pytest

from accounts.directus import DirectusAPIError, Forbidden, ids

from .worlds import new_email

# No fake stands in for this version.
pytestmark = [
    pytest.mark.real,
    pytest.mark.directus(12),
    pytest.mark.parametrize("world", ["real"], indirect=True),
]


@pytest.fixture
def person(world):
    return world.add_user(first_name="Ada", last_name="Lovelace")


@pytest.fixture
def customer(world, person):
    """A client with the customer's own access token."""
    return world.as_owner_of(world.sign_in(person))


def test_the_licence_leaves_rules_out(world):
    licence = world.admin.call("GET", "/license")

    assert (licence["name"], licence["source"]) == ("Core", None)
    entitlements = licence["entitlements"]
    assert entitlements["custom_permission_rules_enabled"] == {"default": False}
    assert entitlements["sso_enabled"] == {"default": False}
    assert entitlements["seats"] == {"limit": 3}


def test_every_caller_learns_that_there_is_no_licence(world):
    for client in (world.anonymous(), world.service()):
        assert client.get_server_info()["license"]["source"] is None


@pytest.mark.parametrize(
    "narrowed",
    [
        {"fields": ["first_name"]},
        {"permissions": {"id": {"_eq": "$CURRENT_USER"}}},
        {"validation": {"status": {"_eq": "active"}}},
        {"presets": {"status": "active"}},
    ],
)
def test_a_permission_that_names_fields_or_rows_is_refused(world, narrowed):
    whole = {"collection": "directus_users", "action": "read", "fields": ["*"]}
    body = whole | {"policy": ids.CUSTOMER_POLICY} | narrowed
    token = world.stack.state.secrets()["admin_token"]

    reply = world.ask("POST", "/permissions", body, token=token)

    assert (reply.status, reply.code) == (403, "RESOURCE_RESTRICTED")


def test_a_customer_learns_the_own_id_alone(customer, person):
    profile = customer.get_current_user()

    assert (str(profile.id), profile.is_complete) == (person.id, False)


@pytest.mark.parametrize("path", ["/users", "/roles", "/permissions", "/license"])
def test_a_customer_lists_nothing(customer, path):
    with pytest.raises(Forbidden):
        customer.get(path)


@pytest.mark.parametrize(
    "name", ["first_name", "password", "role", "status", "email", "token", "policies"]
)
def test_a_customer_changes_nothing(world, customer, person, name):
    before = world.admin.get_user(person.id)

    for path in ("/users/me", f"/users/{person.id}"):
        with pytest.raises(Forbidden):
            customer.patch(path, {name: "changed"})

    assert world.admin.get_user(person.id) | {"last_access": None} == before | {
        "last_access": None
    }


def test_the_site_reads_what_the_customer_may_not(world, person):
    profile = world.read(world.sign_in(person))

    assert (profile.first_name, profile.email) == ("Ada", person.email)
    assert (profile.role_name, profile.status) == ("Customer", "active")


def test_the_service_token_can_make_administrators(world, person):
    """This is a risk, not a wish: directus_setup and the doctor warn of it."""
    administrator = world.admin.role_id("Administrator")

    world.service().update_user(person.id, {"role": administrator})

    assert world.admin.get_user(person.id)["role"] == administrator
    world.delete(person)


def test_a_user_created_without_a_role_has_none(world):
    email = new_email()

    world.service().post("/users", {"email": email, "password": "x" * 20})

    assert world.admin.find_user(email)["role"] is None


def test_a_fourth_administrator_is_refused(world, person):
    for _ in range(2):
        world.promote(world.add_user())
    role = world.admin.role_id("Administrator")

    with pytest.raises(DirectusAPIError) as caught:
        world.service().update_user(person.id, {"role": role})

    assert (caught.value.status, caught.value.code) == (403, "LIMIT_EXCEEDED")
