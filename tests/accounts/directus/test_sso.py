"""The hops of single sign-on, over a real socket: good, odd and broken answers."""

import base64
import json
import socket
from urllib.parse import parse_qs, urlsplit

import pytest

from accounts.directus import (
    CallFailed,
    DirectusUnavailable,
    InvalidCredentials,
    InvalidOTP,
    InvalidProvider,
    InvalidToken,
    NotFound,
    Provider,
    ProviderUnavailable,
    RateLimited,
    Visitor,
)
from accounts.directus.sso import redirect_uri
from tests.fault_server import (
    data,
    error,
    hangs,
    message,
    says,
    says_and_closes,
)

from .calls import CALLS, CODE, COOKIE, OTP, QUICK, SESSION, SITE, TOKENS

STATE = "s" * 43
PAGE = f"https://idp.example.com/authorize?a=b&state={STATE}"
DIGEST = "0123456789abcdef" * 4
GONE = "openid.exampleid=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT"
ENDED = message(204)


def sent_on(location, *cookies, status=302):
    """Return a redirect with any number of cookies."""
    head, _, body = message(status, Location=location).partition(b"\r\n\r\n")
    lines = [head, *(f"Set-Cookie: {cookie}".encode("latin-1") for cookie in cookies)]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def jwt(**claims):
    """Return a token with these claims."""
    body = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    return f"head.{body}.signature"


def session_jwt(**claims):
    return jwt(**{"iss": "directus", "session": SESSION} | claims)


def begun(url=PAGE, *cookies):
    return says(sent_on(url, *(cookies or ("openid.exampleid=a.b.c; Path=/",))))


def finished(*cookies, location="/"):
    return says(sent_on(location, GONE, *cookies))


GOOD = finished(f"directus_session_token={session_jwt()}; Path=/; HttpOnly")


# The list


def test_only_sound_providers_of_our_drivers_are_listed(serve, client_of):
    rows = [
        {"name": "exampleid", "driver": "openid", "label": " Example ID ", "icon": "k"},
        {"name": "gh", "driver": "oauth2", "label": None},
        {"name": "saml", "driver": "saml", "label": "SAML"},
        {"name": "ldap", "driver": "ldap"},
        {"name": "../users", "driver": "openid"},
        {"name": 7, "driver": "openid"},
        "exampleid",
    ]
    client = client_of(serve(says(data(rows))))

    assert client.sign_in_ways().providers == (
        Provider("exampleid", "openid", "Example ID", "k"),
        Provider("gh", "oauth2", "gh"),
    )


@pytest.mark.parametrize(
    "answer",
    [error(404, "ROUTE_NOT_FOUND"), error(403, "FORBIDDEN"), data({}), data(None)],
)
def test_a_list_that_is_none_is_no_answer(serve, client_of, answer):
    with pytest.raises((DirectusUnavailable, NotFound)):
        CALLS["ways"](client_of(serve(says(answer))))


# The start


def test_directus_learns_the_address_of_the_site(serve, client_of):
    server = serve(begun())
    visitor = Visitor("203.0.113.7", "Browser/1.0")

    start = CALLS["begin"](client_of(server, visitor=visitor))

    (asked,) = server.requests
    assert (start.url, start.state) == (PAGE, STATE)
    assert start.cookie == "openid.exampleid=a.b.c"
    assert asked.header("Host") == ["site.example.com"]
    assert asked.header("X-Forwarded-Proto") == ["https"]
    assert asked.header("X-Forwarded-For") == ["203.0.113.7"]
    assert asked.header("Cookie") == asked.header("Authorization") == []
    query = parse_qs(urlsplit(asked.target).query)
    assert query == {"redirect": ["/"], "otp": [OTP]}


@pytest.mark.parametrize(
    ("cookies", "kept"),
    [
        (["other=1", "oauth2.exampleid=a.b.c", "z=2"], "oauth2.exampleid=a.b.c"),
        (["openid.exampleid=old", "openid.exampleid=a.b.c"], "openid.exampleid=a.b.c"),
        (["  openid.exampleid = a.b.c ;Max-Age=x; =;"], "openid.exampleid=a.b.c"),
        # The standard library warns of such dates, and of what is in them.
        (
            ["openid.exampleid=a.b.c; Expires=Thu, 99 Foo 9999 99:99:99 GMT"],
            "openid.exampleid=a.b.c",
        ),
    ],
)
def test_the_cookie_of_directus_is_kept(serve, client_of, cookies, kept):
    assert CALLS["begin"](client_of(serve(begun(PAGE, *cookies)))).cookie == kept


@pytest.mark.parametrize(
    "cookie",
    [
        "openid.another=a.b.c",
        "openid.exampleid=",
        "openid.exampleid",
        "openid.exampleid=a b",
        "openid.exampleid=\xe4\xff",
        "openid.exampleid=a.b.c\x0bX",
        "openid.exampleid=" + "a" * 8193,
        "OPENID.exampleid=a.b.c",
        ";;;===",
        "",
    ],
)
def test_a_start_without_a_sound_cookie_is_none(serve, client_of, cookie):
    with pytest.raises(DirectusUnavailable) as caught:
        CALLS["begin"](client_of(serve(begun(PAGE, cookie))))
    assert type(caught.value) is DirectusUnavailable


@pytest.mark.parametrize(
    "url",
    [
        "",
        "/",
        f"/authorize?state={STATE}",
        f"//idp.example.com/?state={STATE}",
        f"javascript:alert(1)?state={STATE}",
        f"data:text/html,x?state={STATE}",
        f"https:///?state={STATE}",
        f"https://[::1?state={STATE}",
        f"https://idp.example.com/ x?state={STATE}",
        f"https://idp.example.com/\xe4?state={STATE}",
        f"https://idp.example.com/?x={'x' * 8192}&state={STATE}",
        "https://idp.example.com/",
        "https://idp.example.com/?state=",
        f"https://idp.example.com/#state={STATE}",
        f"{PAGE}&state={STATE}",
        f"{PAGE}&state=",
        "https://idp.example.com/?state=short",
        f"{PAGE}%0a",
    ],
)
def test_a_start_to_a_wrong_place_is_none(serve, client_of, url):
    with pytest.raises(DirectusUnavailable) as caught:
        CALLS["begin"](client_of(serve(begun(url))))
    assert type(caught.value) is DirectusUnavailable


@pytest.mark.parametrize("name", ["", "a b", "../x", "a/callback", "ä", "x" * 129])
@pytest.mark.parametrize("call", ["begin_sso", "finish_sso"])
def test_a_name_that_cannot_be_is_not_asked_for(client_of, call, name):
    more = {"cookie": COOKIE, "answer": CODE} if call == "finish_sso" else {}

    with pytest.raises(NotFound):
        getattr(client_of("http://127.0.0.1:9"), call)(name, site=SITE, **more)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (sent_on("https://d/admin/login?reason=SERVICE_UNAVAILABLE"), "Provider"),
        (error(404, "ROUTE_NOT_FOUND"), "NotFound"),
        (error(400, "INVALID_PAYLOAD"), "DirectusUnavailable"),
        (error(403, "FORBIDDEN"), "DirectusUnavailable"),
        (message(200, b"{}"), "DirectusUnavailable"),
        (message(404, b"<html>", "text/html"), "DirectusUnavailable"),
        (error(500, "INTERNAL_SERVER_ERROR"), "CallFailed"),
        (error(503, "INVALID_PROVIDER_CONFIG"), "Provider"),
        (error(429, "REQUESTS_EXCEEDED"), "RateLimited"),
    ],
)
def test_a_refused_start_says_why(serve, client_of, answer, expected):
    with pytest.raises((DirectusUnavailable, NotFound, RateLimited)) as caught:
        CALLS["begin"](client_of(serve(says(answer))))
    name = "ProviderUnavailable" if expected == "Provider" else expected
    assert type(caught.value).__name__ == name


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("redirect_uri=https://s/sso", "https://s/sso"),
        ("redirect_uri=https%3A%2F%2Fs%2Fsso", "https://s/sso"),
        ("redirect_uri=https://s/sso&redirect_uri=https://e/", ""),
        ("redirect_uri=https://s/sso&redirect_uri=", ""),
        ("", ""),
    ],
)
def test_where_the_browser_comes_back_must_be_clear(query, found):
    assert redirect_uri(f"https://idp.example.com/?{query}") == found


# The end: good


OPAQUE = "Canary_" + "o" * 57
SESSIONS = {
    "a JWT": ([f"directus_session_token={session_jwt()}"], SESSION),
    "of any name": ([f"x={session_jwt()}; Domain=.x; =; Max-Age=x"], SESSION),
    "a refresh token": ([f"directus_refresh_token={OPAQUE}; HttpOnly"], OPAQUE),
    "beside a load balancer's": ([f"lb={DIGEST}", f"t={OPAQUE}"], OPAQUE),
    "after others": ([f"a={OPAQUE}", f"t={session_jwt()}"], SESSION),
    "after a foreign JWT": (
        [f"a={jwt(iss='proxy', session='x' * 64)}", f"t={session_jwt()}"],
        SESSION,
    ),
}


@pytest.mark.parametrize(("cookies", "session"), SESSIONS.values(), ids=SESSIONS)
def test_the_session_is_exchanged_for_tokens(serve, client_of, cookies, session):
    server = serve(finished(*cookies), says(data(TOKENS)))

    found = CALLS["finish"](client_of(server))

    back, swap = server.requests
    assert parse_qs(urlsplit(back.target).query) == {k: [v] for k, v in CODE.items()}
    assert back.header("Cookie") == [COOKIE]
    assert swap.target == "/auth/refresh"
    assert swap.json == {"refresh_token": session, "mode": "json"}
    assert swap.header("Cookie") == []
    assert found.tokens.refresh_token == TOKENS["refresh_token"]
    assert not found.must_use_two_factor


def test_a_demanded_second_factor_is_read_from_the_cookie(serve, client_of):
    cookie = f"directus_session_token={session_jwt(enforce_tfa=True)}"
    page = "https://d/admin/tfa-setup?redirect=/&provider=exampleid"
    server = serve(finished(cookie, location=page), says(data(TOKENS)))

    assert CALLS["finish"](client_of(server)).must_use_two_factor


def test_only_what_directus_needs_is_passed_on(serve, client_of):
    server = serve(GOOD, says(data(TOKENS)))
    answer = CODE | {"error": "x", "session_state": "y", "redirect": "https://e/"}

    client_of(server).finish_sso("exampleid", site=SITE, cookie=COOKIE, answer=answer)

    assert set(parse_qs(urlsplit(server.requests[0].target).query)) == set(CODE)


# The end: refused


def reason(code):
    return finished(location=f"/?reason={code}")


REFUSALS = {
    "credentials": (reason("INVALID_CREDENTIALS"), InvalidCredentials),
    "otp": (reason("INVALID_OTP"), InvalidOTP),
    "provider": (reason("INVALID_PROVIDER"), InvalidProvider),
    "suspended": (reason("USER_SUSPENDED"), InvalidCredentials),
    "a hook's": (reason("FORBIDDEN"), InvalidCredentials),
    "login page": (
        finished(location="https://d/admin/login?reason=INVALID_CREDENTIALS"),
        InvalidCredentials,
    ),
    "code twice": (finished(location="./?redirect=/&prompt=true"), InvalidCredentials),
    "unknown": (reason("UNKNOWN_EXCEPTION"), ProviderUnavailable),
    "service": (reason("SERVICE_UNAVAILABLE"), ProviderUnavailable),
    "config": (reason("INVALID_PROVIDER_CONFIG"), ProviderUnavailable),
    "odd reason": (reason("%3Cscript%3E"), ProviderUnavailable),
    "two reasons": (reason("INVALID_OTP&reason=INVALID_OTP"), ProviderUnavailable),
    "no reason": (finished(), ProviderUnavailable),
    "no location": (finished(location=""), ProviderUnavailable),
    "odd location": (finished(location="https://[::1?reason=X"), ProviderUnavailable),
    "a load balancer's": (finished(f"lb={DIGEST}"), ProviderUnavailable),
    "no session": (finished(f"t={session_jwt(session=None)}"), ProviderUnavailable),
    "odd session": (finished(f"t={session_jwt(session='x')}"), ProviderUnavailable),
    "a list": (finished(f"t={session_jwt(session=['x'])}"), ProviderUnavailable),
    "another's JWT": (finished(f"t={session_jwt(iss='x')}"), ProviderUnavailable),
    "not base64": (finished("t=a.*!\xff.c"), ProviderUnavailable),
    "not UTF-8": (finished("t=a._____w.c"), ProviderUnavailable),
    "not an object": (finished("t=a.WzFd.c"), ProviderUnavailable),
    "nested": (finished(f"t=a.{'W1tb' * 4000}.c"), ProviderUnavailable),
    "nonsense": (finished(";;==;", "", "t", "=;=", "\xff=\xff"), ProviderUnavailable),
    "a reason and a session": (
        finished(f"t={session_jwt()}", location="/?reason=INVALID_OTP"),
        InvalidOTP,
    ),
    # As version 10 says it, and the driver for OAuth2 without a cookie.
    "json 401": (says(error(401, "INVALID_CREDENTIALS")), InvalidCredentials),
    "json otp": (says(error(401, "INVALID_OTP")), InvalidOTP),
    "json 403": (says(error(403, "INVALID_PROVIDER")), InvalidProvider),
    "json token": (says(error(403, "INVALID_TOKEN")), InvalidCredentials),
    "json 404": (says(error(404, "ROUTE_NOT_FOUND")), ProviderUnavailable),
    "json 500": (says(error(500, "INTERNAL_SERVER_ERROR")), ProviderUnavailable),
    "json 503": (
        says(error(503, "SERVICE_UNAVAILABLE", service="openid")),
        ProviderUnavailable,
    ),
    "a proxy's 401": (
        says(message(401, b"<html>", "text/html")),
        DirectusUnavailable,
    ),
    "a proxy's 502": (
        says(message(502, b"<html>", "text/html")),
        DirectusUnavailable,
    ),
    "pressure": (
        says(error(503, "SERVICE_UNAVAILABLE", service="api")),
        DirectusUnavailable,
    ),
    "200": (says(data(TOKENS)), DirectusUnavailable),
    "303": (says(sent_on("/", status=303)), DirectusUnavailable),
    "429": (says(error(429, "REQUESTS_EXCEEDED")), RateLimited),
    "huge": (finished("t=" + "x" * 70_000), DirectusUnavailable),
    "many": (finished(*["t=x"] * 200), DirectusUnavailable),
    "silence": (hangs(), DirectusUnavailable),
    "closed": (says_and_closes(b""), DirectusUnavailable),
}


@pytest.mark.parametrize(("step", "expected"), REFUSALS.values(), ids=REFUSALS)
def test_a_refused_end_says_why_and_is_not_sent_again(serve, client_of, step, expected):
    server = serve(step)
    options = QUICK if expected is DirectusUnavailable else {}

    with pytest.raises(expected) as caught:
        CALLS["finish"](client_of(server, **options))
    assert type(caught.value) is expected
    assert not getattr(caught.value, "never_sent", False)
    assert server.arrived(1) == 1


def test_a_refused_connection_is_told_apart(client_of):
    for call in ("begin", "finish"):
        with pytest.raises(DirectusUnavailable) as caught:
            CALLS[call](client_of("http://127.0.0.1:9"))
        assert caught.value.never_sent


@pytest.mark.parametrize(
    "change",
    [
        {"code": ""},
        {"state": "x" * 4097},
        {"iss": "a\r\nb"},
        {"code": "\ud800"},
        {"code": None},
        {"state": None},
    ],
)
def test_an_answer_that_cannot_be_is_not_sent(client_of, change):
    answer = {k: v for k, v in (CODE | change).items() if v is not None}

    with pytest.raises(InvalidCredentials):
        client_of("http://127.0.0.1:9").finish_sso(
            "exampleid", site=SITE, cookie=COOKIE, answer=answer
        )


@pytest.mark.parametrize(
    "cookie",
    ["", "x", "a=b", f"{COOKIE}; a=b", f"{COOKIE}\r\nX-Evil: 1", "openid.e=\xe4"],
)
def test_a_cookie_that_is_not_of_directus_is_not_sent(client_of, cookie):
    with pytest.raises(InvalidCredentials):
        client_of("http://127.0.0.1:9").finish_sso(
            "exampleid", site=SITE, cookie=cookie, answer=CODE
        )


# The session that Directus has begun


@pytest.mark.parametrize(
    ("swap", "expected"),
    [
        (says(error(401, "INVALID_CREDENTIALS")), InvalidCredentials),
        (says(error(401, "USER_SUSPENDED")), InvalidCredentials),
        (says(error(403, "INVALID_TOKEN")), InvalidCredentials),
        (says(error(403, "FORBIDDEN")), DirectusUnavailable),
        (says(error(500, "INTERNAL_SERVER_ERROR")), CallFailed),
        (
            says(error(503, "SERVICE_UNAVAILABLE", service="oauth2")),
            ProviderUnavailable,
        ),
        (says(error(429, "REQUESTS_EXCEEDED")), RateLimited),
        (says(data({})), DirectusUnavailable),
        (says_and_closes(b""), DirectusUnavailable),
    ],
)
@pytest.mark.parametrize("ended", [says(ENDED), says(error(503, "X"))])
def test_a_session_that_brings_no_tokens_is_ended(
    serve, client_of, swap, expected, ended
):
    server = serve(GOOD, swap, ended)

    with pytest.raises(expected) as caught:
        CALLS["finish"](client_of(server))
    assert type(caught.value) is expected
    assert [r.target.partition("?")[0] for r in server.requests] == [
        "/auth/login/exampleid/callback",
        "/auth/refresh",
        "/auth/logout",
    ]
    assert server.requests[2].json == {"refresh_token": SESSION, "mode": "json"}


def test_a_code_was_sent_even_if_the_exchange_was_not(serve, client_of):
    """Else it would be sent again."""

    def is_last(connection):
        server._listener.shutdown(socket.SHUT_RDWR)
        server._listener.close()
        return GOOD(connection)

    server = serve(is_last)
    try:
        with pytest.raises(DirectusUnavailable) as caught:
            CALLS["finish"](client_of(server))
    finally:
        server._listener = socket.create_server(("127.0.0.1", 0))
    assert not caught.value.never_sent


# What a provider does must not touch others


PROVIDERS_TROUBLE = {
    "reason": reason("UNKNOWN_EXCEPTION"),
    "502": says(message(502, b"<html>", "text/html")),
    "503": says(error(503, "SERVICE_UNAVAILABLE", service="openid")),
    "500": says(error(500, "INTERNAL_SERVER_ERROR")),
    "200": says(message(200, b"<html>", "text/html")),
    "closed": says_and_closes(b""),
    "silence": hangs(),
}


@pytest.mark.parametrize("step", PROVIDERS_TROUBLE.values(), ids=PROVIDERS_TROUBLE)
@pytest.mark.parametrize("call", ["begin", "finish"])
def test_a_provider_in_trouble_locks_no_password_out(serve, client_of, call, step):
    server = serve(step)
    client = client_of(server, **QUICK)
    for _ in range(6):
        with pytest.raises(DirectusUnavailable):
            CALLS[call](client)
    server.script = [says(data(TOKENS))]

    assert CALLS["login"](client).refresh_token == TOKENS["refresh_token"]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (error(500, "INTERNAL_SERVER_ERROR"), CallFailed),
        (error(503, "SERVICE_UNAVAILABLE", service="openid"), ProviderUnavailable),
        (error(503, "SERVICE_UNAVAILABLE", service="oauth2"), ProviderUnavailable),
        (error(503, "INVALID_PROVIDER_CONFIG"), ProviderUnavailable),
        (error(403, "INVALID_TOKEN"), InvalidToken),
    ],
)
def test_a_renewal_that_a_provider_prevents_is_no_outage(
    serve, client_of, answer, expected
):
    server = serve(says(answer))
    client = client_of(server)
    for _ in range(6):
        with pytest.raises(expected) as caught:
            CALLS["refresh"](client)
        assert type(caught.value) is expected
    server.script = [says(data(TOKENS))]

    assert CALLS["login"](client)


def test_a_directus_that_is_gone_is_an_outage_at_these_hops_too(client_of):
    client = client_of("http://127.0.0.1:9")
    for _ in range(5):
        with pytest.raises(DirectusUnavailable):
            CALLS["finish"](client)

    with pytest.raises(DirectusUnavailable, match="a moment ago"):
        CALLS["login"](client)


# Cookies


def test_a_cookie_is_kept_only_for_a_call_that_asks(serve, client_of):
    server = serve(begun(), says(data(TOKENS)))
    client = client_of(server)

    CALLS["begin"](client)
    CALLS["refresh"](client)

    assert [request.header("Cookie") for request in server.requests] == [[], []]


def test_a_kept_connection_is_not_used_for_the_way_back(serve, client_of):
    server = serve(says(data([])), says_and_closes(b""), GOOD)
    client = client_of(server)
    CALLS["ways"](client)

    with pytest.raises(DirectusUnavailable):
        CALLS["finish"](client)
    assert (server.connections, len(server.requests)) == (2, 2)
