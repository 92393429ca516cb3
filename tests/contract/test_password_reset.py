"""POST /auth/password/request and /auth/password/reset."""

import pytest

from accounts.directus import (
    Forbidden,
    InvalidCredentials,
    InvalidPayload,
    InvalidToken,
)
from tests.fake_directus.tokens import claims_of

from .worlds import new_email

NEW = "Brand-new-horse-9"


def token_for(world, person):
    world.ask_for_reset(person.email)
    return world.link_for(person.email).partition("token=")[2]


def reset(world, token, password=NEW):
    world.anonymous().reset_password(token=token, password=password)


def test_the_link_leads_to_the_site_with_a_token_that_names_the_address(world, person):
    world.ask_for_reset(person.email.upper())

    address, _, token = world.link_for(person.email).partition("?token=")

    claims = claims_of(token)
    assert address == f"{world.site_url}/reset-password/"
    assert (claims["email"], claims["scope"]) == (person.email, "password-reset")


def test_a_new_password_replaces_the_old_one(world, person):
    reset(world, token_for(world, person))

    assert world.anonymous().login(email=person.email, password=NEW)
    with pytest.raises(InvalidCredentials):
        world.sign_in(person)


def test_a_link_works_once(world, person):
    token = token_for(world, person)
    reset(world, token)

    reply = world.ask("POST", "/auth/password/reset", {"token": token, "password": NEW})

    assert (reply.status, reply.facts) == (403, {"code": "FORBIDDEN"})


def test_one_used_link_voids_the_others(world, person):
    older, newer = token_for(world, person), token_for(world, person)
    reset(world, older)

    with pytest.raises(Forbidden):
        reset(world, newer)


@pytest.mark.directus(11, 12)
def test_a_new_password_ends_all_sessions(world, person):
    tokens = world.sign_in(person)

    reset(world, token_for(world, person))

    with pytest.raises(InvalidCredentials):
        world.anonymous().refresh(tokens.refresh_token)


def test_a_second_factor_survives(world, person):
    world.set_second_factor(person)

    reset(world, token_for(world, person))

    reply = world.ask("POST", "/auth/login", {"email": person.email, "password": NEW})
    assert reply.code == "INVALID_OTP"


def test_a_weak_password_leaves_the_link_good(world, person):
    world.set(auth_password_policy="/^.{12,}$/")
    token = token_for(world, person)

    with pytest.raises(InvalidPayload) as caught:
        reset(world, token, "weak-pw")

    assert "weak-pw" not in f"{caught.value!r} {vars(caught.value)}"
    reset(world, token)


def test_a_suspended_user_has_no_use_for_a_link(world, person):
    token = token_for(world, person)
    world.change(person, status="suspended")

    with pytest.raises(Forbidden):
        reset(world, token)


@pytest.mark.directus(11, 12)
def test_a_made_up_link_is_an_invalid_token(world):
    with pytest.raises(InvalidToken):
        reset(world, "a.b.c")
    reply = world.ask(
        "POST", "/auth/password/reset", {"token": "garbage", "password": NEW}
    )
    assert (reply.status, reply.code) == (403, "INVALID_TOKEN")


def test_an_access_token_resets_nothing(world, person):
    tokens = world.sign_in(person)

    with pytest.raises(Forbidden):
        reset(world, tokens.access_token)


@pytest.mark.parametrize("status", ["suspended", "unverified", "archived"])
def test_an_inactive_user_gets_no_mail_and_the_same_answer(world, status):
    person = world.add_user(status=status)

    world.ask_for_reset(person.email)

    assert not world.has_mail(person.email)


@pytest.mark.parametrize(
    "email", ["not-an-email", pytest.param(new_email(), id="unknown")]
)
def test_an_unknown_address_gets_the_same_answer(world, email):
    reply = world.ask("POST", "/auth/password/request", {"email": email})

    assert (reply.status, reply.json) == (204, None)


@pytest.mark.directus(11, 12)
def test_a_link_to_elsewhere_is_refused_for_every_user(world, person):
    url = "https://elsewhere.example.com/reset-password/"
    replies = [
        world.ask("POST", "/auth/password/request", {"email": e, "reset_url": url})
        for e in (person.email, new_email())
    ]

    assert [(r.status, r.code) for r in replies] == [(400, "INVALID_PAYLOAD")] * 2
