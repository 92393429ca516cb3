"""The rights of the service token, and the server's own pages."""

import uuid

import pytest

from accounts.directus import (
    Forbidden,
    InvalidCredentials,
    InvalidPayload,
    NewUser,
    NotUnique,
)

from .worlds import new_email

PASSWORD = "Correct-horse-1"


@pytest.fixture
def service(world):
    return world.service()


def test_a_user_is_found_whatever_the_case_of_the_address(world, service):
    person = world.add_user(new_email("Ada").replace("example", "Example"))

    for email in (person.email.lower(), person.email.upper()):
        (found,) = service.find_users_by_email(email)
        assert (str(found.id), found.email) == (person.id, person.email)


def test_a_part_of_an_address_finds_no_user(world, service, person):
    assert service.find_users_by_email(person.email[1:]) == []


def test_a_longer_address_belongs_to_another_user(world, service):
    person = world.add_user(new_email("a_da"))
    for email in (f"x{person.email}", f"{person.email}.example.com"):
        world.add_user(email)

    assert [str(u.id) for u in service.find_users_by_email(person.email)] == [person.id]


def test_a_percent_sign_is_a_letter_like_any_other(world, service):
    person = world.add_user(new_email("a%da"))
    world.add_user(person.email.replace("%", "long"))
    world.add_user(person.email.replace("%", "x"))

    (found,) = service.find_users_by_email(person.email)

    assert str(found.id) == person.id


def test_an_underscore_is_a_letter_like_any_other(world, service):
    person = world.add_user(new_email("a_da"))
    world.add_user(person.email.replace("_", "x"))

    (found,) = service.find_users_by_email(person.email)

    assert str(found.id) == person.id


def test_a_profile_shows_what_the_site_mirrors(world, service, person):
    profile = service.get_user(person.id)

    assert (profile.email, profile.status) == (person.email, "active")
    assert (str(profile.role_id), profile.role_name) == (
        world.customer_role,
        "Customer",
    )


def test_pages_hold_every_user_once(world, service):
    made = {world.add_user().id for _ in range(5)}

    listed = [str(user.id) for user in service.list_users(page_size=2)]

    assert made <= set(listed)
    assert len(listed) == len(set(listed)) == service.count_users()


def test_an_unknown_user_is_forbidden(service):
    with pytest.raises(Forbidden):
        service.get_user(uuid.uuid4())


def test_a_customer_can_be_created(world, service):
    email = new_email()

    service.create_user(NewUser(email, PASSWORD), role=world.customer_role)

    tokens = world.anonymous().login(email=email, password=PASSWORD)
    assert world.read(tokens).role_name == "Customer"


def test_an_invited_customer_has_no_password(world, service):
    email = new_email()
    guest = NewUser(email, first_name="Ada", language="de-DE")

    created = service.create_user(guest, role=world.customer_role, status="invited")

    profile = service.get_user(created)
    assert (profile.email, profile.status) == (email, "invited")
    assert (profile.first_name, profile.language) == ("Ada", "de-DE")
    assert str(profile.role_id) == world.customer_role
    for password in ("", PASSWORD):
        with pytest.raises(InvalidCredentials):
            world.anonymous().login(email=email, password=password)
    with pytest.raises(NotUnique):
        service.create_user(
            NewUser(email.upper()), role=world.customer_role, status="invited"
        )


def test_an_invited_customer_gets_a_password_once(world, service):
    guest = NewUser(new_email())
    role = world.customer_role
    created = service.create_user(guest, role=role, status="invited")
    profile = service.get_user(created)
    changes = {"password": PASSWORD, "status": "active"}

    assert service.update_user_if(profile, changes, statuses=["invited"])
    assert not service.update_user_if(
        profile, changes | {"password": "Another-horse-1"}, statuses=["invited"]
    )

    world.anonymous().login(email=guest.email, password=PASSWORD)


def test_a_refused_password_leaves_the_customer_invited(world, service):
    world.set(auth_password_policy="/^.{12,}$/")
    guest = NewUser(new_email())
    role = world.customer_role
    created = service.create_user(guest, role=role, status="invited")
    changes = {"password": "short", "status": "active"}

    with pytest.raises(InvalidPayload) as caught:
        service.update_user_if(service.get_user(created), changes, statuses=["invited"])

    assert caught.value.field == "password"
    assert service.get_user(created).status == "invited"


@pytest.mark.directus(10, 11)
def test_no_customer_becomes_an_invited_one(service, person):
    with pytest.raises(InvalidPayload) as caught:
        service.update_user(person.id, {"status": "invited"})

    assert caught.value.field == "status"


def test_an_invited_customer_can_be_deleted(world, service):
    guest = NewUser(new_email())
    created = service.create_user(guest, role=world.customer_role, status="invited")

    service.delete_user(created)

    assert service.find_users_by_email(guest.email) == []


def test_an_address_can_be_taken_once(world, service, person):
    with pytest.raises(NotUnique):
        service.create_user(
            NewUser(person.email.upper(), PASSWORD), role=world.customer_role
        )


@pytest.mark.directus(10, 11)
def test_only_customers_can_be_created(world, service):
    administrator = service.get_user(world.add_administrator().id)
    assert administrator.role_id is not None

    with pytest.raises(InvalidPayload) as caught:
        service.create_user(NewUser(new_email(), PASSWORD), role=administrator.role_id)

    assert (caught.value.field, caught.value.kind) == ("role", "eq")


def test_suspending_a_customer_ends_the_sessions(world, service, person):
    tokens = world.sign_in(person)

    service.update_user(person.id, {"status": "suspended"})

    with pytest.raises(world.refusal_of_suspended):
        world.anonymous().refresh(tokens.refresh_token)


@pytest.mark.directus(10, 11)
@pytest.mark.parametrize("name", ["role", "token", "provider", "external_identifier"])
def test_the_identity_of_a_user_cannot_be_changed(world, service, person, name):
    with pytest.raises(Forbidden):
        service.update_user(person.id, {name: None})


@pytest.mark.directus(10, 11)
def test_a_status_that_the_site_does_not_know_is_refused(service, person):
    with pytest.raises(InvalidPayload) as caught:
        service.update_user(person.id, {"status": "archived"})

    assert (caught.value.code, caught.value.field) == ("FAILED_VALIDATION", "status")


@pytest.mark.directus(10, 11)
def test_an_administrator_is_out_of_reach(world, service):
    administrator = world.add_administrator()

    with pytest.raises(Forbidden):
        service.update_user(administrator.id, {"password": PASSWORD})


def test_the_password_policy_can_be_read_by_the_site_alone(world, service):
    world.set(auth_password_policy="/^.{12,}$/")

    assert service.get_password_policy() == "/^.{12,}$/"
    with pytest.raises(Forbidden):
        world.anonymous().get_password_policy()


def test_an_unknown_token_is_refused(world):
    reply = world.ask("GET", "/server/info", token="no-such-static-token")

    assert (reply.status, reply.code) == (401, "INVALID_CREDENTIALS")


def test_a_stranger_creates_and_lists_no_user(world):
    with pytest.raises(Forbidden):
        world.anonymous().create_user(
            NewUser(new_email(), PASSWORD), role=world.customer_role
        )
    with pytest.raises(Forbidden):
        world.anonymous().count_users()


def test_the_server_says_that_it_is_there(world):
    world.anonymous().ping()


def test_every_caller_learns_whether_sign_up_is_open(world):
    project = world.anonymous().get_server_info()["project"]

    assert project["public_registration"] is True
    assert project["public_registration_verify_email"] is True


def test_a_signed_in_user_is_told_more(world, service):
    stranger = world.anonymous().get_server_info()
    site = service.get_server_info()

    assert not {"queryLimit", "version"} & set(stranger)
    assert site["queryLimit"]["default"] == 100
    assert site["version"] == world.version
