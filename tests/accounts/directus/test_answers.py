"""Answers that are too long, not JSON, not complete or not what they should be."""

import gzip
import io
import json
import tracemalloc

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from urllib3 import HTTPResponse

from accounts.directus import (
    DirectusClient,
    DirectusError,
    DirectusUnavailable,
    Transport,
)
from accounts.directus.answers import LARGE, SMALL, parse_json, read_answer
from tests.fault_server import data, message, says, says_and_closes

from .calls import ADA, AUTH, CALLS, QUICK, TOKENS, at_most

BOM = b"\xef\xbb\xbf"
DEEP = b"[" * 100_000
GOOD = json.dumps({"data": TOKENS | ADA}).encode()


def chunked(*chunks, end=b"0\r\n\r\n"):
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
    body = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks)
    return head + b"Transfer-Encoding: chunked\r\n\r\n" + body + end


# R7, R9: not what was asked for


@pytest.mark.parametrize(
    "content",
    [
        message(200, b""),
        message(200, b"", content_type=None),
        message(200, b"{"),
        message(200, GOOD[:-1]),
        message(200, GOOD + b"}"),
        message(200, BOM + GOOD),
        message(200, b'{"data": NaN}'),
        message(200, b'{"data": {"expires": Infinity}}'),
        message(200, b'{"data": {"expires": 1e309}}'),
        message(200, b'{"data": 1' + b"0" * 5000 + b"}"),
        message(200, b'{"data": {}, "data": {}}'),
        message(200, b'{"data": "\xff"}'),
        message(200, GOOD.decode().encode("utf-16")),
        message(200, b'{"data": ' + DEEP),
        message(200, b'{"data": ' + b'{"a":' * 50_000),
        message(200, b"null"),
        message(200, b"[]"),
        message(200, b'"data"'),
        message(200, b"{}"),
        message(200, b'{"errors": [{"message": "GraphQL says no"}]}'),
        message(200, b"<html>Sign in to this network</html>", "text/html"),
        message(200, GOOD, "text/plain"),
        message(200, GOOD, "application/jsonp"),
        message(200, GOOD, content_type=None),
        message(204),
        message(202, GOOD),
        message(206, GOOD),
        message(304),
        message(103),
        b"HTTP/1.1 OK\r\n\r\n",
        b"HTTP/1.1 999999 X\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"\x00" * 100,
    ],
)
@pytest.mark.parametrize("call", ["login", "me", "refresh"])
def test_nonsense_is_no_answer(serve, client_of, call, content):
    client = client_of(serve(says_and_closes(content)), auth=AUTH)

    with at_most(3.0), pytest.raises(DirectusUnavailable) as caught:
        CALLS[call](client)
    assert not caught.value.timed_out


@pytest.mark.parametrize("call", ["register", "reset", "update", "logout"])
@pytest.mark.parametrize(
    "content",
    [
        message(200, b"<html>Sign in to this network</html>", "text/html"),
        message(200, b""),
        message(200, b"{}"),
        message(201, b"{}"),
        message(302, Location="/"),
    ],
)
def test_nothing_is_done_because_somebody_says_200(serve, client_of, call, content):
    with pytest.raises(DirectusUnavailable):
        CALLS[call](client_of(serve(says(content)), auth=AUTH))


def test_chunks_are_put_together(serve, client_of):
    half = len(GOOD) // 2
    server = serve(says(chunked(GOOD[:half], GOOD[half:])))

    assert CALLS["get"](client_of(server, auth=AUTH)).email == "ada@example.com"


@pytest.mark.parametrize(
    "content",
    [
        chunked(GOOD, end=b""),
        chunked(GOOD[:40], end=b"zz\r\n"),
        chunked(GOOD[:40], end=b"-5\r\nabcde\r\n"),
        message(200, GOOD, Content_Length="5000"),
        message(200, GOOD, Content_Length="-1"),
        message(200, GOOD, Content_Length="many"),
    ],
)
def test_lengths_that_do_not_fit(serve, client_of, content):
    """Half an answer is none; what is complete may be used."""
    client = client_of(serve(says_and_closes(content)))

    try:
        CALLS["login"](client)
    except DirectusUnavailable:
        return
    assert content.endswith(GOOD)
    assert b"5000" not in content


# R10, C-UP-1: too much


def big(size):
    return b'{"data": "' + b"x" * size + b'"}'


@pytest.mark.parametrize("call", ["login", "me", "register", "info"])
@pytest.mark.parametrize("frame", [message, None], ids=["length", "chunks"])
def test_a_long_answer_is_not_read_to_its_end(serve, client_of, call, frame):
    body = big(5_000_000)
    content = message(200, body) if frame else chunked(body)
    client = client_of(serve(says(content)), auth=AUTH)

    tracemalloc.start()
    with at_most(3.0), pytest.raises(DirectusUnavailable) as caught:
        CALLS[call](client)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert "too long" in str(caught.value) or "TooLong" in str(caught.value)
    assert peak - len(content) < 4_000_000


def test_just_enough_is_read(serve, client_of):
    client = client_of(serve(says(message(200, big(SMALL - 12)))))
    over = client_of(serve(says(message(200, big(SMALL - 11)))))

    assert len(client._read("/settings")) == SMALL - 12
    with pytest.raises(DirectusUnavailable):
        over._read("/settings")


def test_lists_may_be_longer(serve, client_of):
    client = client_of(serve(says(message(200, big(1_000_000)))))
    over = client_of(serve(says(message(200, big(LARGE)))))

    assert len(client.get("/items")) == 1_000_000
    with pytest.raises(DirectusUnavailable):
        over.get("/items")


@pytest.mark.parametrize(
    "endless",
    [
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 200_000,
        b"HTTP/1.1 200 OK\r\n" + b"X: a\r\n" * 50_000,
        b"HTTP/1.1 100 Continue\r\n\r\n" * 50_000,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;" + b"a" * 900_000,
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n" + b" " * 900_000,
        b"H" * 900_000,
    ],
)
def test_endless_answers_end(serve, client_of, endless):
    client = client_of(serve(says(endless)), **QUICK)

    with at_most(3.0), pytest.raises(DirectusUnavailable):
        CALLS["login"](client)


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "GZIP", "x, identity"])
def test_compressed_answers_are_refused_unread(serve, client_of, encoding):
    bomb = gzip.compress(b'{"data": "' + b"0" * 20_000_000 + b'"}')
    server = serve(says(message(200, bomb, Content_Encoding=encoding)))

    tracemalloc.start()
    with at_most(3.0), pytest.raises(DirectusUnavailable):
        CALLS["login"](client_of(server))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < 2_000_000
    assert server.requests[0].header("Accept-Encoding") == ["identity"]


@pytest.mark.parametrize("start", [b"[", b'{"a":', b'{"]]]": [', b'["\\\\", "\\"]]",'])
def test_deep_json_is_no_crash(start):
    for abyss in (start * 30, start * 50_000):
        with pytest.raises(DirectusUnavailable, match="deep"):
            parse_json(abyss)


def test_brackets_in_texts_are_not_depth():
    texts = ["[" * 100, '"[' * 100, "\\[" * 100, '\\"[{' * 100, "\\\\"]
    content = {"data": [texts, {"[[[": [[[[1]]]]}]}

    assert parse_json(json.dumps(content).encode()) == content


@given(st.binary(max_size=200))
def test_any_bytes_are_json_or_refused(content):
    try:
        parse_json(content)
    except DirectusUnavailable:
        pass


# C-RED-3: redirects


@pytest.mark.parametrize("status", [301, 302, 307])
@pytest.mark.parametrize("call", CALLS)
def test_a_redirect_is_not_followed(serve, client_of, call, status):
    elsewhere = serve(says(data(TOKENS)))
    content = message(status, b"x" * 100_000, "text/html", Location=elsewhere.url)
    server = serve(says(content))

    if (call, status) == ("verify", 302):
        CALLS[call](client_of(server, auth=AUTH))
    else:
        with pytest.raises(DirectusUnavailable):
            CALLS[call](client_of(server, auth=AUTH))
    assert len(server.requests) == 1
    assert elsewhere.connections == 0


# R8: the right status with the wrong shape


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
    """A client and a way to say what it hears next; no socket, for speed."""
    transport = Transport("http://directus.test")
    transport._breaker.guard = lambda: _Unguarded()
    transport._breaker.refuse_while_open = lambda: None
    client = DirectusClient(transport, auth=AUTH)

    def hear(status, body):
        def exchange(call, request, attempt):
            headers = {"Content-Type": "application/json"}
            response = requests.Response()
            response.status_code = status
            response.headers.update(headers)
            response.raw = HTTPResponse(
                io.BytesIO(body), headers, status, preload_content=False
            )
            return read_answer(response, limit=call.limit, text=call.text)

        transport._exchange = exchange

    transport._budget.spend = lambda: False
    return client, hear


class _Unguarded:
    def __enter__(self):
        return False

    def __exit__(self, *error):
        return None


@settings(
    max_examples=600,
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
    """What is returned has the promised types and is never half a thing."""
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
