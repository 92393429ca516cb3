"""Answers that are too long, not JSON, not complete or not what they should be."""

import gzip
import json
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.directus import DirectusUnavailable
from accounts.directus.answers import LARGE, SMALL, parse_json
from tests.fault_server import data, message, says, says_and_closes

from .calls import ADA, AUTH, CALLS, QUICK, TOKENS, at_most

BOM = b"\xef\xbb\xbf"
DEEP = b"[" * 100_000
GOOD = json.dumps({"data": TOKENS | ADA}).encode()


def chunked(*chunks, end=b"0\r\n\r\n"):
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
    body = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks)
    return head + b"Transfer-Encoding: chunked\r\n\r\n" + body + end


# Wrong content types, broken JSON and empty answers


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
def test_a_bare_200_does_nothing(serve, client_of, call, content):
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
    """An incomplete answer counts as none; a complete one may be used."""
    client = client_of(serve(says_and_closes(content)))

    try:
        CALLS["login"](client)
    except DirectusUnavailable:
        return
    assert content.endswith(GOOD)
    assert b"5000" not in content


# Too much


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


# Redirects


@pytest.mark.parametrize("status", [301, 302, 307])
@pytest.mark.parametrize("call", CALLS)
def test_a_redirect_is_not_followed(serve, client_of, call, status):
    elsewhere = serve(says(data(TOKENS)))
    content = message(status, b"x" * 100_000, "text/html", Location=elsewhere.url)
    server = serve(says(content))

    with pytest.raises(DirectusUnavailable):
        CALLS[call](client_of(server, auth=AUTH))
    assert len(server.requests) == 1
    assert elsewhere.connections == 0
