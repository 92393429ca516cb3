"""PATCH /users/<id> with a password or an address, and /users/invite/accept."""

import pytest

from accounts.directus import (
    InvalidCredentials,
    InvalidPayload,
    InvalidToken,
    NotUnique,
)
from tests.fake_directus import one_time_code

from .worlds import new_email

NEW = "Brand-new-horse-9"
# Without a licence version 12 takes no permission on the own row: the site does it.
OWN = pytest.mark.directus(10, 11)


def change(world, person, password=NEW):
    tokens = world.sign_in(person)
    world.as_owner_of(tokens).change_password(person.id, password)
    return tokens


@OWN
def test_the_own_token_changes_the_password(world, person):
    change(world, person)

    assert world.anonymous().login(email=person.email, password=NEW)
    with pytest.raises(InvalidCredentials):
        world.sign_in(person)


def test_the_site_changes_it_as_well(world, person):
    world.service().change_password(person.id, NEW)

    assert world.anonymous().login(email=person.email, password=NEW)


@pytest.mark.directus(11, 12)
def test_all_sessions_end_when_the_site_changes_it(world, person):
    tokens = world.sign_in(person)

    world.service().change_password(person.id, NEW)

    with pytest.raises(InvalidCredentials):
        world.anonymous().refresh(tokens.refresh_token)


@pytest.mark.directus(11)
def test_all_sessions_end_the_own_one_too(world, person):
    other = world.sign_in(person)
    own = change(world, person)

    for tokens in (own, other):
        with pytest.raises(InvalidCredentials):
            world.anonymous().refresh(tokens.refresh_token)


def test_a_code_is_taken_again_within_its_thirty_seconds(world, person):
    secret = world.set_second_factor(person)
    code = one_time_code(secret)
    world.sign_in(person, code)
    world.service().change_password(person.id, NEW)

    # Another step may have begun meanwhile.
    again = one_time_code(secret)
    assert world.anonymous().login(email=person.email, password=NEW, otp=again)


@OWN
def test_a_weak_password_is_refused_at_its_field(world, person):
    world.set(auth_password_policy="/^.{30,}$/")

    with pytest.raises(InvalidPayload) as caught:
        change(world, person)

    assert caught.value.field == "password"
    assert NEW not in f"{caught.value!r} {vars(caught.value)}"


def test_the_site_changes_an_address(world, person):
    email = new_email("other")

    world.service().update_user(person.id, {"email": email})

    assert world.anonymous().login(email=email, password=person.password)


def test_an_address_that_is_taken_is_refused(world, person):
    other = world.add_user()

    with pytest.raises(NotUnique):
        world.service().update_user(person.id, {"email": other.email.upper()})


# Invitations


@pytest.fixture
def invited(world):
    """The address that was invited, and the token in the mail."""
    email = new_email("guest")
    world.invite(email)
    link = world.link_for(email)
    assert link.startswith(f"{world.site_url}/invite/?token=")
    return email, link.partition("token=")[2]


def accept(world, token, password=NEW):
    world.anonymous().accept_invite(token=token, password=password)


def test_an_invited_user_who_accepts_can_sign_in(world, invited):
    email, token = invited
    assert world.status_of(email) == "invited"

    accept(world, token)

    assert world.status_of(email) == "active"
    assert world.anonymous().login(email=email, password=NEW)


def test_an_invitation_works_once(world, invited):
    _email, token = invited
    accept(world, token)

    with pytest.raises(InvalidPayload) as caught:
        accept(world, token)

    assert caught.value.field is None
    code = "INVALID_PAYLOAD" if world.major == 10 else "INVALID_INVITE"
    assert caught.value.code == code


def test_a_weak_password_leaves_the_invitation_good(world, invited):
    world.set(auth_password_policy="/^.{12,}$/")
    _email, token = invited

    with pytest.raises(InvalidPayload) as caught:
        accept(world, token, "weak-pw")

    assert caught.value.field == "password"
    accept(world, token)


def test_a_made_up_invitation_is_refused(world):
    with pytest.raises(InvalidToken):
        accept(world, "a.b.c")
