"""POST /auth/login."""

import secrets
import time
import unicodedata

import pytest

from accounts.directus import InvalidCredentials, InvalidOTP, Visitor
from tests.fake_directus import one_time_code

from .worlds import new_email

WRONG = {
    "errors": [
        {
            "message": "Invalid user credentials.",
            "extensions": {"code": "INVALID_CREDENTIALS"},
        }
    ]
}


def login(world, email, password, **more):
    return world.ask(
        "POST", "/auth/login", {"email": email, "password": password} | more
    )


def code_for(secret):
    """Return a code that stays good for two seconds at least."""
    while 30 - time.time() % 30 < 2:
        time.sleep(0.05)
    return one_time_code(secret)


def test_tokens_come_in_the_body_with_a_lifetime_in_milliseconds(world):
    person = world.add_user()

    reply = login(world, person.email, person.password)

    data = reply.json["data"]
    assert (reply.status, set(data)) == (
        200,
        {"expires", "refresh_token", "access_token"},
    )
    assert data["expires"] >= 60_000
    assert len(data["refresh_token"]) == 64


@pytest.mark.parametrize(
    "status", ["suspended", "archived", "draft", "invited", "unverified"]
)
def test_the_right_password_of_an_inactive_user_looks_wrong(world, status):
    person = world.add_user(status=status)

    reply = login(world, person.email, person.password)

    assert (reply.status, reply.json) == (401, WRONG)


def test_a_wrong_password_and_an_unknown_address_look_alike(world):
    person = world.add_user()

    wrong = login(world, person.email, "wrong")
    unknown = login(world, new_email(), "wrong")

    assert (wrong.status, wrong.json) == (unknown.status, unknown.json) == (401, WRONG)


@pytest.mark.parametrize(
    "email",
    ["not-an-email", " ada@example.com", "ada@localhost", "ada@corp.internal", ""],
)
def test_an_odd_address_is_a_bad_request(world, email):
    reply = login(world, email, "wrong")

    assert (reply.status, reply.code) == (400, "INVALID_PAYLOAD")
    with pytest.raises(InvalidCredentials):
        world.anonymous().login(email=email, password="wrong")


def test_an_empty_code_is_a_bad_request(world):
    person = world.add_user()

    reply = login(world, person.email, person.password, otp="")

    assert (reply.status, reply.code) == (400, "INVALID_PAYLOAD")


def test_the_case_of_an_address_does_not_matter(world):
    person = world.add_user()

    tokens = world.anonymous().login(
        email=person.email.upper(), password=person.password
    )

    assert world.read(tokens).email == person.email


def test_an_international_address_signs_in(world):
    person = world.add_user(new_email("üser").replace("example", "exämple"))

    assert world.sign_in(person)


def test_two_spellings_of_a_domain_are_two_people(world):
    name = secrets.token_hex(6)
    in_letters = world.add_user(f"{name}@bücher.de")
    in_ascii = world.add_user(f"{name}@xn--bcher-kva.de")

    assert world.sign_in(in_letters)
    assert world.sign_in(in_ascii)
    for email, password in (
        (in_letters.email, in_ascii.password),
        (in_ascii.email, in_letters.password),
    ):
        with pytest.raises(InvalidCredentials):
            world.anonymous().login(email=email, password=password)


@pytest.mark.parametrize("domain", ["xn--d1abbgf6aiiy.xn--p1ai", "президент.рф"])
def test_a_top_level_domain_in_either_spelling_is_one(world, domain):
    email = f"{secrets.token_hex(6)}@{domain}"

    reply = login(world, email, "wrong")
    assert (reply.status, reply.json) == (401, WRONG)
    assert world.sign_in(world.add_user(email))


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_a_password_is_compared_letter_by_letter(world, form):
    other = "NFD" if form == "NFC" else "NFC"
    text = "\u00c5ngstr\u00f6m caf\u00e9 1815"
    person = world.add_user()
    world.change(person, password=unicodedata.normalize(form, text))

    typed = unicodedata.normalize(form, text)
    assert world.anonymous().login(email=person.email, password=typed)
    with pytest.raises(InvalidCredentials):
        world.anonymous().login(
            email=person.email, password=unicodedata.normalize(other, text)
        )


@pytest.mark.parametrize("change", [str.upper, lambda text: text + " "])
def test_a_password_is_taken_as_it_is(world, change):
    person = world.add_user()

    with pytest.raises(InvalidCredentials):
        world.anonymous().login(email=person.email, password=change(person.password))


def test_an_unneeded_code_is_ignored(world):
    person = world.add_user()

    assert world.sign_in(person, otp="123456")


def test_a_second_factor_asks_for_a_code_once_the_password_is_right(world):
    person = world.add_user()
    secret = world.set_second_factor(person)
    client = world.anonymous()

    with pytest.raises(InvalidOTP):
        world.sign_in(person)
    with pytest.raises(InvalidOTP):
        world.sign_in(person, otp="000000")
    with pytest.raises(InvalidCredentials):
        client.login(email=person.email, password="wrong", otp=code_for(secret))


def test_a_code_works_more_than_once(world):
    person = world.add_user()
    secret = world.set_second_factor(person)
    code = code_for(secret)

    assert world.sign_in(person, otp=code)
    assert world.sign_in(person, otp=code)


def test_the_code_before_is_too_old(world):
    person = world.add_user()
    secret = world.set_second_factor(person)
    code_for(secret)

    with pytest.raises(InvalidOTP):
        world.sign_in(person, otp=one_time_code(secret, time.time() - 33))


def test_a_token_on_top_is_looked_at_before_the_password(world):
    person = world.add_user()

    reply = world.ask(
        "POST",
        "/auth/login",
        {"email": person.email, "password": person.password},
        token="garbage",
    )

    assert (reply.status, reply.json) == (401, WRONG)


def test_too_many_failures_suspend_and_the_answer_does_not_say_so(world):
    world.set(auth_login_attempts=2)
    person = world.add_user()

    replies = [login(world, person.email, "wrong") for _ in range(3)]
    right = login(world, person.email, person.password)

    assert {reply.status for reply in [*replies, right]} == {401}
    assert right.json == WRONG
    assert world.status_of(person.email) == "suspended"


def test_the_attempt_too_many_lets_in_and_suspends(world):
    world.set(auth_login_attempts=2)
    person = world.add_user()
    for _ in range(2):
        login(world, person.email, "wrong")

    tokens = world.sign_in(person)

    assert world.read(tokens).status == "suspended"


def test_the_visitor_is_noted_as_where_the_sign_in_came_from(world):
    person = world.add_user()
    client = world.anonymous(Visitor("203.0.113.7", "a browser"))

    client.login(email=person.email, password=person.password)

    assert world.last_login_of(person) == ("203.0.113.7", "a browser")


def test_there_is_nothing_to_get_at_the_sign_in(world):
    reply = world.ask("GET", "/auth/login")

    assert (reply.status, reply.code) == (404, "ROUTE_NOT_FOUND")
