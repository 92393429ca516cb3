"""The right status with the wrong shape."""

import io
import json

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from urllib3 import HTTPResponse

from accounts.directus import DirectusClient, DirectusError, Transport
from accounts.directus.answers import read_answer

from .calls import ADA, AUTH, CALLS, TOKENS

JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([10**400, -1, 0, 2**63, "", "\x00", "\ud800", "x" * 5000]),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=20),
    st.lists(st.integers(), max_size=3),
    st.dictionaries(st.text(max_size=5), st.integers(), max_size=3),
)
GOOD_ANSWERS = {
    "login": {"data": TOKENS},
    "refresh": {"data": TOKENS},
    "me": {"data": ADA},
    "get": {"data": ADA},
    "find": {"data": [ADA]},
    "list": {"data": [ADA]},
    "count": {"data": [{"count": {"id": 3}}]},
    "info": {"data": {"project": {}}},
    "ways": {
        "data": [{"name": "exampleid", "driver": "openid", "label": "L", "icon": "i"}],
        "disableDefault": False,
    },
    "policy": {"data": {"auth_password_policy": "/^.{8,}$/"}},
}
STATUSES = st.sampled_from([200, 200, 200, 200, 201, 204, 302, 400, 401, 403, 429, 500])


def places(value, path=()):
    """Yield the path of every value inside a value, itself included."""
    yield path
    items = value.items() if isinstance(value, dict) else ()
    items = enumerate(value) if isinstance(value, list) else items
    for key, inner in items:
        yield from places(inner, (*path, key))


def replaced(value, path, new):
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = replaced(value[path[0]], path[1:], new)
    return copy


def removed(value, path):
    if len(path) == 1 and isinstance(value, dict):
        return {key: inner for key, inner in value.items() if key != path[0]}
    if len(path) < 2:
        return None
    return replaced(value, path[:1], removed(value[path[0]], path[1:]))


@st.composite
def mutated_answers(draw):
    """A call and a good answer to it in which up to three things are wrong."""
    call = draw(st.sampled_from(sorted(GOOD_ANSWERS)))
    content = GOOD_ANSWERS[call]
    if draw(st.booleans()) and call in ("login", "refresh", "me"):
        code = draw(st.one_of(st.just("INVALID_CREDENTIALS"), JUNK))
        content = {"errors": [{"message": "no", "extensions": {"code": code}}]}
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(list(places(content))))
        if draw(st.booleans()):
            content = replaced(content, path, draw(JUNK))
        else:
            content = removed(content, path)
    body = json.dumps(content).encode()
    if draw(st.integers(0, 9)) == 0:
        cut = draw(st.integers(0, len(body)))
        body = body[:cut] + draw(st.binary(max_size=4)) + body[cut + 1 :]
    return call, draw(STATUSES), body


@pytest.fixture(scope="module")
def mutant():
    """A client, and a function that sets its next answer; no socket, for speed."""
    transport = Transport("http://directus.test")
    transport._breaker.guard = lambda **_: _Unguarded()
    transport._breaker.refuse_while_open = lambda: None
    client = DirectusClient(transport, auth=AUTH)

    def hear(status, body):
        def send_and_read(call, request, exchange):
            headers = {"Content-Type": "application/json"}
            response = requests.Response()
            response.status_code = status
            response.headers.update(headers)
            response.raw = HTTPResponse(
                io.BytesIO(body), headers, status, preload_content=False
            )
            return read_answer(response, limit=call.limit, text=call.text)

        transport._send_and_read = send_and_read

    transport._budget.spend = lambda: False
    return client, hear


class _Unguarded:
    def __enter__(self):
        return False

    def __exit__(self, *error):
        return None


@settings(
    max_examples=200,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(answer=mutated_answers())
def test_whatever_the_shape_only_our_own_errors_come_out(mutant, answer):
    client, hear = mutant
    call, status, body = answer
    hear(status, body)

    try:
        result = CALLS[call](client)
    except DirectusError:
        return
    assert status == 200
    check_result(call, result)


def check_result(call, result):
    """A result has the promised types and is complete."""
    if call in ("login", "refresh"):
        assert result.access_token.isprintable()
        assert result.refresh_token.isprintable()
        assert result.expires_at > 0
    elif call in ("me", "get"):
        check_user(result)
    elif call in ("find", "list"):
        for user in result:
            check_user(user)
    elif call == "count":
        assert isinstance(result, int)
    elif call == "policy":
        assert isinstance(result, str)


def check_user(user):
    assert user.id.version or user.id
    texts = (user.email, user.first_name, user.last_name, user.status, user.provider)
    for text in (*texts, user.role_name, user.language):
        text.encode()
        assert "\x00" not in text
    assert user.last_access is None or user.last_access.tzinfo
