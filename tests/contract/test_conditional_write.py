"""PATCH /users by query: a user is changed only while a condition holds."""

from dataclasses import replace
from uuid import uuid4

import pytest

from accounts.directus import Forbidden, InvalidCredentials, InvalidPayload

from .worlds import new_email

NEW = "Brand-new-horse-9"


@pytest.fixture
def service(world):
    return world.service()


@pytest.fixture
def profile(service, person):
    return service.get_user(person.id)


def write(world, rule, data):
    """Write by query with exactly these words."""
    body = {"query": {"filter": {"_and": rule}}, "data": data}
    return world.ask("PATCH", "/users?fields=id", body, token=world.service_token)


def has_password(world, person, password):
    try:
        world.anonymous().login(email=person.email, password=password)
    except InvalidCredentials:
        return False
    return True


@pytest.mark.parametrize("status", ["active", "unverified", "invited"])
def test_the_user_is_changed_and_named(world, service, status):
    person = world.add_user(status=status)
    profile = service.get_user(person.id)
    changes = {"password": NEW, "status": "active"}

    assert service.update_user_if(profile, changes, statuses=["x", status])

    assert world.status_of(person.email) == "active"
    assert has_password(world, person, NEW)


def test_the_answer_has_the_ids_of_the_changed_users(world, person):
    reply = write(world, [{"id": {"_eq": person.id}}], {"status": "active"})

    assert (reply.status, reply.json) == (200, {"data": [{"id": person.id}]})


def test_a_user_in_no_such_status_stays(world, service, person, profile):
    world.change(person, status="suspended")

    changes = {"password": NEW, "status": "active"}
    assert not service.update_user_if(profile, changes, statuses=["active"])

    assert world.status_of(person.email) == "suspended"


@pytest.mark.parametrize("changed", ["address", "case", "role", "id"])
def test_another_user_stays(world, service, person, profile, changed):
    other = {
        "address": {"email": new_email()},
        "case": {"email": person.email.upper()},
        "role": {"role_id": None},
        "id": {"id": uuid4()},
    }[changed]

    assert not service.update_user_if(
        replace(profile, **other), {"password": NEW}, statuses=["active"]
    )

    assert has_password(world, person, person.password)


def test_a_user_who_was_promoted_meanwhile_stays(world, service, person, profile):
    """Version 12 without a licence would let the site change administrators."""
    world.promote(person)

    assert not service.update_user_if(profile, {"password": NEW}, statuses=["active"])

    assert has_password(world, person, person.password)


def test_nothing_to_change_is_an_empty_list(world):
    reply = write(world, [{"id": {"_eq": str(uuid4())}}], {"password": NEW})

    assert (reply.status, reply.json) == (200, {"data": []})


@pytest.mark.directus(10, 11)
def test_an_administrator_is_refused_not_passed_over(world, service):
    administrator = world.add_administrator()
    profile = service.get_user(administrator.id)

    for changes in ({"password": NEW}, {"status": "suspended"}):
        with pytest.raises(Forbidden):
            service.update_user_if(profile, changes, statuses=["active"])

    assert has_password(world, administrator, administrator.password)


def test_a_password_against_the_policy_is_refused(world, service, person, profile):
    world.set(auth_password_policy="/^.{40,}$/")

    with pytest.raises(InvalidPayload) as caught:
        service.update_user_if(profile, {"password": NEW}, statuses=["active"])

    assert (caught.value.code, caught.value.field) == ("FAILED_VALIDATION", "password")
    assert has_password(world, person, person.password)


@pytest.mark.directus(10, 11)
def test_a_status_that_the_site_does_not_know_is_refused(service, profile):
    with pytest.raises(InvalidPayload) as caught:
        service.update_user_if(profile, {"status": "archived"}, statuses=["active"])

    assert (caught.value.code, caught.value.field) == ("FAILED_VALIDATION", "status")


@pytest.mark.directus(10, 11)
def test_a_field_that_the_site_may_not_change_is_refused(service, profile):
    with pytest.raises(Forbidden):
        service.update_user_if(profile, {"role": None}, statuses=["active"])


def test_a_customer_changes_no_other_user(world, service, person):
    other = world.add_user()
    body = {
        "query": {"filter": {"id": {"_eq": other.id}}},
        "data": {"first_name": "Mallory"},
    }

    token = world.sign_in(person).access_token
    reply = world.ask("PATCH", "/users?fields=id", body, token=token)

    assert (reply.status, reply.code) == (403, "FORBIDDEN")
    assert service.get_user(other.id).first_name != "Mallory"


@pytest.mark.directus(11, 12)
def test_a_new_password_ends_the_sessions(world, service, person, profile):
    tokens = world.sign_in(person)

    assert service.update_user_if(profile, {"password": NEW}, statuses=["active"])

    with pytest.raises(InvalidCredentials):
        world.anonymous().refresh(tokens.refresh_token)


def test_a_new_password_that_is_written_twice_is_no_error(world, service, profile):
    for _ in range(2):
        assert service.update_user_if(profile, {"password": NEW}, statuses=["active"])
