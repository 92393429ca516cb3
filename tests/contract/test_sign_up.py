"""POST /users/register, and the link that confirms an address."""

import json
from base64 import urlsafe_b64encode

import pytest

from accounts.directus import (
    Forbidden,
    InvalidCredentials,
    InvalidPayload,
    InvalidToken,
    NewUser,
    NotUnique,
    RateLimited,
    Visitor,
)
from tests.fake_directus.tokens import claims_of

from .worlds import Person, new_email

PASSWORD = "Correct-horse-1"


@pytest.fixture
def email():
    return new_email("new")


def token_for(world, email):
    return world.link_for(email).partition("token=")[2]


def register(world, **body):
    return world.ask("POST", "/users/register", body)


def test_a_confirmed_address_signs_in(world, email):
    world.sign_up(email, PASSWORD, first_name="Ada", last_name="Lovelace")
    person = Person("", email, PASSWORD)
    with pytest.raises(InvalidCredentials):
        world.sign_in(person)

    world.anonymous().verify_email(token_for(world, email))

    profile = world.read(world.sign_in(person))
    assert (profile.first_name, profile.last_name) == ("Ada", "Lovelace")
    assert str(profile.role_id) == world.customer_role


def test_the_link_leads_to_the_site_with_a_token_that_names_the_address(world, email):
    world.sign_up(email, PASSWORD)

    address, _, token = world.link_for(email).partition("?token=")

    claims = claims_of(token)
    assert address == f"{world.site_url}/verify-email/"
    assert (claims["email"], claims["scope"]) == (email, "pending-registration")


def test_a_link_redirects_once_and_is_refused_ever_after(world, email):
    world.sign_up(email, PASSWORD)
    path = f"/users/register/verify-email?token={token_for(world, email)}"

    first, second = world.ask("GET", path), world.ask("GET", path)

    assert first.status == 302
    assert first.headers["Location"].startswith("/admin/users/")
    assert (second.status, second.code) == (400, "INVALID_PAYLOAD")


def test_a_made_up_link_is_an_invalid_token(world):
    for path in ("", "?token=garbage", "?token=a.b.c"):
        reply = world.ask("GET", f"/users/register/verify-email{path}")
        assert (reply.status, reply.code) == (403, "INVALID_TOKEN")
    with pytest.raises(InvalidToken):
        world.anonymous().verify_email("a.b.c")


def test_directus_vouches_for_its_own_link_and_spends_nothing(world, email):
    world.sign_up(email, PASSWORD)
    token = token_for(world, email)

    for _ in range(2):
        world.anonymous().require_genuine(token, "Nobodys-horse-3")

    assert world.status_of(email) == "unverified"
    world.anonymous().verify_email(token)
    assert world.sign_in(Person("", email, PASSWORD))


@pytest.mark.parametrize("status", ["unverified", "active", "suspended", None])
def test_a_forged_link_is_refused(world, email, status):
    if status:
        world.add_user(email, status=status)
    world.sign_up("other-" + email, PASSWORD)
    genuine = token_for(world, "other-" + email)
    claims = claims_of(genuine) | {"email": email}
    payload = urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    head, _, signature = genuine.split(".")

    for token in (
        f"{head}.{payload}.{signature}",
        f"{unsigned()}.{payload}.",
        f"{head}.{payload}.{signature[::-1]}",
    ):
        body = {"token": token, "password": "Nobodys-horse-3"}
        reply = world.ask("POST", "/users/invite/accept", body)
        assert (reply.status, reply.code) == (403, "INVALID_TOKEN")
    with pytest.raises(InvalidToken):
        world.anonymous().require_genuine(f"{head}.{payload}.{signature}", "Nobodys-3")


def unsigned():
    return urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').decode().rstrip("=")


def test_a_genuine_token_of_another_kind_is_forbidden_and_stays_good(world):
    """So the site itself has to check the link."""
    person = world.add_user()
    world.ask_for_reset(person.email)
    token = token_for(world, person.email)
    body = {"token": token, "password": "Nobodys-horse-3"}

    reply = world.ask("POST", "/users/invite/accept", body)

    assert (reply.status, reply.code) == (403, "FORBIDDEN")
    with pytest.raises(InvalidToken):
        world.anonymous().require_genuine(token, "Nobodys-horse-3")
    world.anonymous().reset_password(token=token, password="Owners-horse-4")


def test_an_account_of_the_sites_own_making_is_confirmed_by_mail(world, email):
    made = create_unconfirmed(world, email, "Owners-horse-1")
    world.sign_up(email, "Strangers-horse-2")

    world.anonymous().verify_email(token_for(world, email))

    (user,) = world.service().find_users_by_email(email)
    assert (user.id, user.role_name, user.status) == (made, "Customer", "active")
    assert world.sign_in(Person("", email, "Owners-horse-1"))


@pytest.mark.parametrize("status", ["unverified", "active", "suspended"])
def test_the_site_cannot_make_what_is_there_already(world, email, status):
    world.add_user(email, status=status)

    with pytest.raises(NotUnique):
        create_unconfirmed(world, email.upper(), "Owners-horse-1")


def test_an_account_of_the_sites_own_making_can_be_taken_back(world, email):
    made = create_unconfirmed(world, email, "Owners-horse-1")
    world.allow_sign_up_only_at("allowed.example.org")
    with pytest.raises(Forbidden):
        world.sign_up(email, "Owners-horse-1")

    world.service().delete_user(made)

    assert world.service().find_users_by_email(email) == []


def test_directus_says_whether_it_confirms(world):
    assert confirms(world) == (True, True)
    world.set(public_registration=False)
    assert confirms(world) == (False, True)


def confirms(world):
    project = world.anonymous().get_server_info()["project"]
    names = ("public_registration", "public_registration_verify_email")
    return tuple(project[name] for name in names)


def create_unconfirmed(world, email, password):
    return world.service().create_user(
        NewUser(email, password),
        role=world.customer_role,
        status="unverified",
    )


def test_a_link_to_reset_a_password_confirms_nothing(world):
    person = world.add_user()
    world.ask_for_reset(person.email)

    reply = world.ask(
        "GET",
        f"/users/register/verify-email?token={token_for(world, person.email)}",
    )

    assert reply.status == 403


@pytest.mark.parametrize("status", ["active", "suspended"])
def test_a_known_address_is_not_told_from_a_new_one(world, status):
    person = world.add_user(status=status)

    reply = register(world, email=person.email.upper(), password=PASSWORD)

    assert (reply.status, reply.json) == (204, None)
    assert not world.has_mail(person.email)


def test_the_first_password_stays(world, email):
    world.sign_up(email, "Strangers-horse-1")
    world.sign_up(email, "Owners-horse-2")
    token_for(world, email)

    world.anonymous().verify_email(token_for(world, email))

    assert world.sign_in(Person("", email, "Strangers-horse-1"))
    with pytest.raises(InvalidCredentials):
        world.sign_in(Person("", email, "Owners-horse-2"))


def test_a_link_names_the_address_in_one_of_the_cases_it_was_typed_in(world, email):
    world.sign_up(email, PASSWORD)
    token_for(world, email)
    world.sign_up(email.upper(), PASSWORD)

    token = token_for(world, email)

    # The last one; from version 12 on, the first one, which is stored.
    named = email if world.major >= 12 else email.upper()
    assert claims_of(token)["email"] == named
    world.anonymous().verify_email(token)
    assert world.status_of(email) == "active"


def test_a_replaced_password_stops_the_first_one(world, email):
    world.sign_up(email, "Strangers-horse-1")
    service = world.service()
    (user,) = service.find_users_by_email(email)

    service.update_user(user.id, {"password": "Nobodys-horse-3"})
    world.anonymous().verify_email(token_for(world, email))

    with pytest.raises(InvalidCredentials):
        world.sign_in(Person("", email, "Strangers-horse-1"))
    assert world.sign_in(Person("", email, "Nobodys-horse-3"))


def test_a_weak_password_is_repeated_and_we_do_not_repeat_it(world, email):
    world.set(auth_password_policy="/^.{12,}$/")

    reply = register(world, email=email, password="weak-pw")

    assert (reply.status, reply.code) == (400, "FAILED_VALIDATION")
    assert reply.facts["invalid"] == "weak-pw"
    assert (reply.facts["field"], reply.facts["type"]) == ("password", "regex")
    with pytest.raises(InvalidPayload) as caught:
        world.sign_up(email, "weak-pw")
    assert "weak-pw" not in f"{caught.value!r} {vars(caught.value)}"
    assert caught.value.field == "password"


@pytest.mark.parametrize(
    ("policy", "status"),
    [("^[a-z]{4}$", 204), ("/^[A-Z]{4}$/", 400), ("/^[A-Z]{4}$/i", 400)],
)
def test_a_policy_may_have_slashes_and_no_flags(world, email, policy, status):
    world.set(auth_password_policy=policy)

    assert register(world, email=email, password="abcd").status == status


def test_a_weak_password_tells_known_addresses(world):
    world.set(auth_password_policy="/^.{12,}$/")
    person = world.add_user()

    assert register(world, email=person.email, password="weak-pw").status == 204


@pytest.mark.parametrize(
    "more",
    [
        {"role": None},
        {"status": "active"},
        {"first_name": ""},
        {"password": ""},
        {"verification_url": "https://elsewhere.example.com/verify-email/"},
    ],
)
def test_what_a_sign_up_may_not_say(world, email, more):
    reply = register(world, **{"email": email, "password": PASSWORD} | more)

    assert (reply.status, reply.code) == (400, "INVALID_PAYLOAD")


def test_a_link_to_elsewhere_is_refused_for_known_and_new_addresses(world, email):
    person = world.add_user()
    url = "https://elsewhere.example.com/verify-email/"

    replies = [
        register(world, email=address, password=PASSWORD, verification_url=url)
        for address in (email, person.email)
    ]

    assert [(r.status, r.code) for r in replies] == [(400, "INVALID_PAYLOAD")] * 2


def test_a_closed_sign_up_is_forbidden(world, email):
    world.set(public_registration=False)

    with pytest.raises(Forbidden):
        world.sign_up(email, PASSWORD)


def test_a_filter_treats_known_and_new_addresses_alike(world, email):
    person = world.add_user()
    world.allow_sign_up_only_at("allowed.example.org")

    for address in (email, person.email):
        with pytest.raises(Forbidden):
            world.sign_up(address, PASSWORD)


def test_too_many_sign_ups_from_one_address_have_to_wait(world, email):
    visitor = {"X-Forwarded-For": "198.51.100.9"}
    statuses = {
        world.ask("POST", "/users/register", {}, **visitor).status
        for _ in range(world.registrations_a_minute)
    }

    with pytest.raises(RateLimited) as caught:
        world.anonymous(Visitor("198.51.100.9")).register_user(
            NewUser(email, PASSWORD), verification_url=world.site_url
        )

    assert statuses == {400}
    assert 1 <= caught.value.retry_after <= 60


def test_another_visitor_does_not_wait(world, email):
    visitor = {"X-Forwarded-For": "198.51.100.10"}
    for _ in range(world.registrations_a_minute + 1):
        world.ask("POST", "/users/register", {}, **visitor)

    reply = world.ask("POST", "/users/register", {}, X_Forwarded_For="198.51.100.11")

    assert reply.status == 400
