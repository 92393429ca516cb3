"""Pages that a visitor gets when Directus' answers are broken.

These tests look at pages: answers of proxies, broken, empty, huge and misshapen JSON,
and tokens that have to be revoked. The client's own tests look at the wire.
"""

import itertools
import json

import pytest
from django.test import Client
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from accounts.core import clients
from accounts.models import User

from ..steps import log_in, sign_up
from .trouble import TYPED, TYPED_PASSWORD, assert_unavailable

pytestmark = pytest.mark.django_db

JSON = {"Content-Type": "application/json"}
ANSWERS = {
    "a page of a proxy": {"status": 502, "body": "<html>Bad Gateway</html>"},
    "a page that says 200": {
        "status": 200,
        "body": "<html>hi</html>",
        "headers": {"Content-Type": "text/html"},
    },
    "no JSON": {"status": 200, "body": "{", "headers": JSON},
    "NaN": {"status": 200, "body": '{"data": NaN}', "headers": JSON},
    "a byte order mark": {
        "status": 200,
        "body": '\ufeff{"data": {}}',
        "headers": JSON,
    },
    "too deep": {"status": 200, "body": "[" * 100_000, "headers": JSON},
    "too long": {
        "status": 200,
        "body": '{"data": "' + "x" * 5_000_000 + '"}',
        "headers": JSON,
    },
    "internal error": {
        "status": 500,
        "json_body": {"errors": [{"extensions": {"code": "INTERNAL_SERVER_ERROR"}}]},
    },
    "down for now": {
        "status": 503,
        "json_body": {"errors": [{"extensions": {"code": "SERVICE_UNAVAILABLE"}}]},
        "headers": {"Retry-After": "7"},
    },
}
SHAPES = [
    [],
    None,
    "text",
    7,
    {},
    {"data": None},
    {"data": []},
    {"data": {}},
    {"data": {"access_token": "a", "refresh_token": "b"}},
    {"data": {"access_token": 7, "refresh_token": "b", "expires": 900000}},
    {"data": {"access_token": "", "refresh_token": "b", "expires": 900000}},
    {"data": {"access_token": "a", "refresh_token": None, "expires": 900000}},
    {"data": {"access_token": "a\n", "refresh_token": "b", "expires": 900000}},
    {"data": {"access_token": "a", "refresh_token": "b", "expires": -1}},
    {"data": {"access_token": "a", "refresh_token": "b", "expires": "900000"}},
    {"data": {"access_token": "a", "refresh_token": "b", "expires": 1e308}},
    {"data": {"access_token": "a", "refresh_token": "b", "expires": True}},
]
PROFILES = [
    {"data": None},
    {"data": []},
    {"data": {"id": "7", "status": "active"}},
    {"data": {"id": 7, "status": "active"}},
    {"data": {"status": "active", "email": "ada@example.com"}},
    {"data": {"id": "00000000-0000-4000-8000-000000000001", "status": 1}},
    {"data": {"id": "00000000-0000-4000-8000-000000000001", "email": []}},
]


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_a_broken_answer_to_a_sign_in_signs_no_user_in(client, ada, directus, answer):
    directus.answers(path="/auth/login", times=2, **answer)

    assert_unavailable(log_in(client, TYPED, TYPED_PASSWORD), f'value="{TYPED}"')
    assert not User.objects.exists()


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_a_broken_answer_to_a_sign_up_is_not_sent_again(client, directus, answer):
    directus.answers(path="/users/register", times=2, **answer)

    response = sign_up(client, TYPED, TYPED_PASSWORD)

    # 204 has no body that could be broken: some of these are an answer.
    assert response.status_code in {302, 503}
    directus.was_asked_once("/users/register")


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_tokens_of_a_wrong_shape_sign_no_user_in(client, ada, directus, shape):
    body = json.dumps(shape)
    directus.answers(200, body=body, path="/auth/login", headers=JSON)

    assert_unavailable(log_in(client, TYPED, TYPED_PASSWORD))


@pytest.mark.parametrize("profile", PROFILES, ids=str)
def test_a_profile_of_a_wrong_shape_signs_no_user_in(client, ada, directus, profile):
    """The new tokens are revoked: this sign-in failed."""
    directus.answers(200, profile, path="/users/me", times=3)

    assert_unavailable(log_in(client, ada.email, ada.password))
    assert directus.sessions_of(ada) == []
    assert not User.objects.exists()


JUNK = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(max_size=8),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["id", "data", "x"]), inner, max_size=3),
    ),
    max_leaves=6,
)
RIGHT_TOKENS = {"access_token": "a", "refresh_token": "b", "expires": 900_000}
RIGHT_PROFILE = {
    "id": "00000000-0000-4000-8000-000000000001",
    "email": TYPED,
    "status": "active",
    "role": None,
    "last_access": None,
}
MANY = hypothesis_settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def answer_and_log_in(directus, path, answer):
    """Sign in while Directus gives an odd answer; it must cause no error 500."""
    clients._transport.cache_clear()
    directus.forget_calls()
    # For this sign-in alone.
    directus._specials.clear()
    directus.answers(200, body=json.dumps(answer), path=path, headers=JSON, times=3)
    browser = Client(raise_request_exception=False)
    address = f"198.51.{next(NUMBERS) % 200}.{next(NUMBERS) % 200}"
    return browser, log_in(browser, TYPED, TYPED_PASSWORD, REMOTE_ADDR=address)


NUMBERS = itertools.count()


@MANY
@given(name=st.sampled_from(sorted(RIGHT_TOKENS)), junk=JUNK, whole=st.booleans())
def test_tokens_with_anything_in_them_are_no_error(directus, db, name, junk, whole):
    """Any answer leads to a page, and signs in no other user."""
    data = junk if whole else RIGHT_TOKENS | {name: junk}

    browser, response = answer_and_log_in(directus, "/auth/login", {"data": data})

    # Odd tokens that are tokens all the same are refused when they are used.
    assert response.status_code in {200, 429, 503}
    assert browser.get("/").status_code == 302


@MANY
@given(
    changes=st.dictionaries(st.sampled_from(sorted(RIGHT_PROFILE)), JUNK, max_size=3)
)
def test_a_profile_with_anything_in_it_is_no_error(directus, db, changes):
    if not directus.state.find(TYPED):
        directus.add_user(TYPED, TYPED_PASSWORD)
    answer = {"data": RIGHT_PROFILE | changes}

    browser, response = answer_and_log_in(directus, "/users/me", answer)

    assert response.status_code in {200, 302, 429, 503}
    assert browser.get("/").status_code in {200, 302}


@pytest.mark.parametrize("status", [200, 204])
def test_an_empty_answer_signs_no_user_in(client, directus, status):
    directus.answers(status, path="/auth/login")

    assert_unavailable(log_in(client, TYPED, TYPED_PASSWORD))
