"""Whatever Directus and the browser send, only our own errors come out."""

import io

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from urllib3 import HTTPResponse
from urllib3._collections import HTTPHeaderDict

from accounts.directus import (
    DirectusClient,
    DirectusError,
    SsoStart,
    SsoTokens,
    Transport,
)

from .calls import CODE, COOKIE, SESSION, SITE
from .test_sso import PAGE, session_jwt

# What headers are made of, as the standard library decodes them.
PIECES = st.one_of(
    st.sampled_from(
        [
            "openid.exampleid",
            "oauth2.exampleid",
            "directus_session_token",
            session_jwt(),
            SESSION,
            "a.b.c",
            "a.bnVsbA.c",
            "Expires=Thu, 99 Foo 9999 99:99:99 GMT",
            "Max-Age=" + "9" * 400,
            PAGE,
            "https://[",
            "/?reason=INVALID_OTP",
            "&state=",
            "&prompt=true",
            "%ff%00",
            *'=;,.&?#"\\\t',
        ]
    ),
    st.text(st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=9),
)
HEADERS = st.lists(PIECES, max_size=6).map("".join)
ANSWERS = st.tuples(
    st.sampled_from([302, 302, 302, 302, 200, 303, 401, 403, 404, 429, 500, 503]),
    HEADERS,
    st.lists(HEADERS, max_size=4),
)
GOOD = (302, PAGE, ["openid.exampleid=a.b.c"])
BACK = (302, "/", [f"t={session_jwt()}"])
TEXTS = st.text(max_size=9)
QUERIES = st.just(CODE) | st.dictionaries(
    st.sampled_from(["code", "state", "iss", "error"]), TEXTS
)
MANY = settings(
    max_examples=400,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
TOKENS = b'{"data":{"access_token":"a","refresh_token":"r","expires":900000}}'


@pytest.fixture(scope="module")
def hear():
    """Return a function that makes a client with this answer; no socket, for speed."""
    transport = Transport("http://directus.test")
    adapter = transport._adapter
    transport._budget.spend = lambda: False
    transport._breaker._note_failure = lambda is_probe: None

    def hear(answer):
        def send(request, **options):
            status, location, cookies = answer
            if request.url.endswith("/auth/refresh"):
                status = 200
            headers = HTTPHeaderDict({"Content-Type": "application/json"})
            headers.add("Location", location)
            for cookie in cookies:
                headers.add("Set-Cookie", cookie)
            raw = HTTPResponse(
                io.BytesIO(TOKENS), headers, status, preload_content=False
            )
            return adapter.build_response(request, raw)

        adapter.send = send
        return DirectusClient(transport)

    yield hear
    transport.close()


@MANY
@given(answer=ANSWERS)
@example(answer=GOOD)
def test_a_start_is_sound_or_none(hear, answer):
    try:
        start = hear(answer).begin_sso("exampleid", site=SITE)
    except DirectusError:
        assert answer != GOOD
        return
    assert isinstance(start, SsoStart)
    assert start.url.startswith("https://")
    assert start.cookie.partition("=")[0] in {"openid.exampleid", "oauth2.exampleid"}
    assert (start.url + start.cookie).isascii()


@MANY
@given(answer=ANSWERS, cookie=st.just(COOKIE) | TEXTS, query=QUERIES)
@example(answer=BACK, cookie=COOKIE, query=CODE)
def test_an_end_has_tokens_or_is_none(hear, answer, cookie, query):
    try:
        found = hear(answer).finish_sso(
            "exampleid", site=SITE, cookie=cookie, answer=query
        )
    except DirectusError:
        assert answer != BACK or (cookie, query) != (COOKIE, CODE)
        return
    assert isinstance(found, SsoTokens)
    assert any(session_jwt() in each or SESSION in each for each in answer[2])
