"""What each method sends, returns and raises; the wire is played by `responses`."""

import json
import uuid
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import responses

from accounts.directus import (
    BearerAuth,
    DirectusClient,
    DirectusUnavailable,
    DirectusUser,
    Forbidden,
    InvalidCredentials,
    InvalidOTP,
    InvalidPayload,
    InvalidToken,
    NotUnique,
    RateLimited,
    TokenExpired,
    Transport,
    UserSuspended,
    Visitor,
)

URL = "http://directus.test:8055"
ID = "6a2f7f1e-5b6c-4c0e-9d53-0123456789ab"
ROLE = "c8cecd93-0574-40fb-8aa7-15882e4d718a"
TOKENS = {"access_token": "a.b.c", "refresh_token": "r", "expires": 900_000}
JWT = "head.pay_load-1.signature"
ADA = {
    "id": ID,
    "email": "ada@example.com",
    "first_name": "Ada",
    "last_name": None,
    "status": "active",
    "role": {"id": ROLE, "name": "Customer"},
    "language": None,
    "last_access": "2026-11-23T18:45:15",
    "provider": "default",
}


@pytest.fixture
def wire():
    """Play Directus: an unexpected call fails the test, and so does a missing one."""
    with responses.RequestsMock() as mock:
        yield mock


@pytest.fixture
def client():
    visitor = Visitor("203.0.113.7", "Browser/1.0")
    return DirectusClient(Transport(URL), auth=BearerAuth("service"), visitor=visitor)


def refuse(wire, method, path, status, code, **facts):
    error = {"message": "upstream text", "extensions": {"code": code, **facts}}
    wire.add(method, URL + path, json={"errors": [error]}, status=status)


def sent(wire, index=0):
    return json.loads(wire.calls[index].request.body)


def query(wire, index=0):
    values = parse_qs(urlsplit(wire.calls[index].request.url).query)
    return {name: value[0] for name, value in values.items()}


# Signing in and out


def test_login_returns_tokens(wire, client):
    wire.post(f"{URL}/auth/login", json={"data": TOKENS})

    tokens = client.login(email="ada@example.com", password=" Pässword ")

    assert (tokens.access_token, tokens.refresh_token) == ("a.b.c", "r")
    assert tokens.is_fresh()
    assert sent(wire) == {
        "email": "ada@example.com",
        "password": " Pässword ",
        "mode": "json",
    }


def test_login_sends_a_code_when_there_is_one(wire, client):
    wire.post(f"{URL}/auth/login", json={"data": TOKENS})

    client.login(email="ada@example.com", password="secret", otp="123456")

    assert sent(wire)["otp"] == "123456"


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (401, "INVALID_CREDENTIALS", InvalidCredentials),
        (401, "INVALID_OTP", InvalidOTP),
        (401, "USER_SUSPENDED", UserSuspended),
        (400, "INVALID_PAYLOAD", InvalidCredentials),
        (404, "ROUTE_NOT_FOUND", InvalidCredentials),
        (403, "RESOURCE_RESTRICTED", DirectusUnavailable),
        (403, "FORBIDDEN", Forbidden),
        (429, "REQUESTS_EXCEEDED", RateLimited),
        (500, "INTERNAL_SERVER_ERROR", DirectusUnavailable),
        (503, "SERVICE_UNAVAILABLE", DirectusUnavailable),
    ],
)
def test_what_a_refused_login_means(wire, client, status, code, expected):
    refuse(wire, "POST", "/auth/login", status, code)

    with pytest.raises(expected) as caught:
        client.login(email="ada@example.com", password="Canary-Passw0rd")
    assert type(caught.value) is expected


def test_refresh_exchanges_the_token(wire, client):
    wire.post(f"{URL}/auth/refresh", json={"data": TOKENS})

    assert client.refresh("old").refresh_token == "r"
    assert sent(wire) == {"refresh_token": "old", "mode": "json"}


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (401, "INVALID_CREDENTIALS", InvalidCredentials),
        (403, "INVALID_TOKEN", InvalidToken),
        (403, "RESOURCE_RESTRICTED", DirectusUnavailable),
        (503, "INVALID_PROVIDER_CONFIG", DirectusUnavailable),
    ],
)
def test_what_a_refused_refresh_means(wire, client, status, code, expected):
    refuse(wire, "POST", "/auth/refresh", status, code)

    with pytest.raises(expected):
        client.refresh("old")


def test_logout_ends_the_session(wire, client):
    wire.post(f"{URL}/auth/logout", status=204)

    assert client.logout("r") is None
    assert sent(wire) == {"refresh_token": "r", "mode": "json"}


def test_nothing_of_the_own_rights_goes_along_with_a_password(wire, client):
    wire.post(
        f"{URL}/auth/login",
        json={"data": TOKENS},
        headers={"Set-Cookie": "directus_session_token=x; Path=/"},
    )
    wire.post(f"{URL}/auth/refresh", json={"data": TOKENS})
    wire.get(
        f"{URL}/users/register/verify-email", status=302, headers={"Location": "/"}
    )
    for path in (
        "/auth/logout",
        "/users/register",
        "/auth/password/request",
        "/auth/password/reset",
    ):
        wire.post(URL + path, status=204)

    client.login(email="ada@example.com", password="secret")
    client.refresh("r")
    client.logout("r")
    client.register_user(email="a@example.com", password="p", verification_url="u")
    client.request_password_reset(email="ada@example.com", reset_url="u")
    client.reset_password(token=JWT, password="p")
    client.verify_email(JWT)

    assert len(wire.calls) == 7
    for call in wire.calls:
        assert "Authorization" not in call.request.headers
        assert "Cookie" not in call.request.headers


# The own profile


def test_the_current_user_is_read_in_one_call(wire, client):
    wire.get(f"{URL}/users/me", json={"data": ADA})

    profile = client.get_current_user()

    assert profile == DirectusUser(
        id=uuid.UUID(ID),
        email="ada@example.com",
        first_name="Ada",
        status="active",
        role_id=uuid.UUID(ROLE),
        role_name="Customer",
        last_access=datetime(2026, 11, 23, 18, 45, 15, tzinfo=UTC),
        provider="default",
    )
    assert profile.is_complete
    assert profile.is_active
    assert wire.calls[0].request.headers["Authorization"] == "Bearer service"
    assert "role.name" in query(wire)["fields"]


def test_when_all_collapses_to_the_id_less_is_asked(wire, client):
    wire.get(f"{URL}/users/me", json={"data": {"id": ID}})
    few = {"id": ID, "email": "ada@example.com", "status": "suspended", "role": ROLE}
    wire.get(f"{URL}/users/me", json={"data": few})

    profile = client.get_current_user()

    assert query(wire, 1)["fields"] == "id,email,first_name,last_name,status,role"
    assert profile.role_id == uuid.UUID(ROLE)
    assert profile.is_complete
    assert not profile.is_active


def test_a_hidden_profile_is_incomplete(wire, client):
    wire.get(f"{URL}/users/me", json={"data": {"id": ID}})
    wire.get(f"{URL}/users/me", json={"data": {"id": ID}})

    profile = client.get_current_user()

    assert profile == DirectusUser(id=uuid.UUID(ID))
    assert not profile.is_complete
    assert not profile.is_active


def test_a_role_whose_name_is_hidden_is_still_a_role(wire, client):
    wire.get(f"{URL}/users/me", json={"data": ADA | {"role": None}})
    wire.get(f"{URL}/users/me", json={"data": {"id": ID, "role": ROLE}})

    profile = client.get_current_user()

    assert profile.role_id == uuid.UUID(ROLE)
    assert profile.provider == "default"


def test_nobody_has_a_role_that_nobody_gave(wire, client):
    wire.get(f"{URL}/users/me", json={"data": ADA | {"role": None}})
    wire.get(f"{URL}/users/me", json={"data": {"id": ID, "role": None}})

    assert client.get_current_user().role_id is None


# DirectusUser


@pytest.mark.parametrize(
    "changes",
    [
        {"id": None},
        {"id": 7},
        {"id": "ada"},
        {"id": ""},
        {"email": 7},
        {"first_name": []},
        {"status": True},
        {"status": {}},
        {"role": 7},
        {"role": "admin"},
        {"role": []},
        {"role": {"name": "Customer"}},
        {"role": {"id": 7}},
        {"role": {"id": ROLE, "name": 7}},
        {"last_access": "yesterday"},
        {"last_access": 7},
        {"last_access": "0001-01-01T00:00:00+23:59"},
    ],
)
def test_a_user_of_the_wrong_shape_is_no_answer(changes):
    with pytest.raises(DirectusUnavailable):
        DirectusUser.from_payload(ADA | changes)


@pytest.mark.parametrize("payload", [None, [], "x", 7, {}])
def test_what_is_no_user_is_no_answer(payload):
    with pytest.raises(DirectusUnavailable):
        DirectusUser.from_payload(payload)


def test_times_are_utc_whatever_the_database():
    with_zone = DirectusUser.from_payload(
        ADA | {"last_access": "2026-11-23T19:10:18.062Z"}
    )
    other_zone = DirectusUser.from_payload(
        ADA | {"last_access": "2026-11-23T19:10:18+02:00"}
    )

    moment = datetime(2026, 11, 23, 19, 10, 18, 62000, tzinfo=UTC)
    assert with_zone.last_access == moment
    assert other_zone.last_access == datetime(2026, 11, 23, 17, 10, 18, tzinfo=UTC)
    assert other_zone.last_access.utcoffset().total_seconds() == 0


def test_texts_fit_into_a_database():
    profile = DirectusUser.from_payload(
        ADA | {"first_name": "A\x00da", "last_name": "L\ud800ove", "email": None}
    )

    assert profile.first_name == "Ada"
    assert profile.last_name == "L?ove"
    assert profile.email == ""


# Signing up and passwords


def test_empty_names_are_not_sent(wire, client):
    wire.post(f"{URL}/users/register", status=204)

    client.register_user(
        email="ada@example.com",
        password="secret",
        verification_url="https://site.example/verify-email/",
        first_name="Ada",
    )

    assert sent(wire) == {
        "email": "ada@example.com",
        "password": "secret",
        "verification_url": "https://site.example/verify-email/",
        "first_name": "Ada",
    }


def test_a_refused_value_is_named(wire, client):
    facts = {"field": "password", "type": "regex", "invalid": "Canary"}
    refuse(wire, "POST", "/users/register", 400, "FAILED_VALIDATION", **facts)

    with pytest.raises(InvalidPayload) as caught:
        client.register_user(email="a@b.example", password="x", verification_url="u")
    assert (caught.value.field, caught.value.kind) == ("password", "regex")
    assert "Canary" not in str(caught.value)


@pytest.mark.parametrize("status", [200, 204])
def test_a_user_is_created_as_whom_the_client_acts(wire, client, status):
    body = {"json": {"data": ADA}} if status == 200 else {}
    wire.post(f"{URL}/users", status=status, **body)

    made = client.create_user(
        email="ada@example.com", password="secret", role=ROLE, last_name="Love"
    )

    assert made is None
    assert sent(wire)["role"] == ROLE
    assert sent(wire)["last_name"] == "Love"
    assert "first_name" not in sent(wire)
    assert wire.calls[0].request.headers["Authorization"] == "Bearer service"


def test_a_taken_address_has_its_own_error(wire, client):
    facts = {"collection": "directus_users", "field": "email", "value": "[a@b.c]"}
    refuse(wire, "POST", "/users", 400, "RECORD_NOT_UNIQUE", **facts)

    with pytest.raises(NotUnique) as caught:
        client.create_user(email="a@b.example", password="secret", role=ROLE)
    assert caught.value.field == "email"


def test_a_redirect_confirms_an_address(wire, client):
    wire.get(
        f"{URL}/users/register/verify-email",
        status=302,
        body="Found. Redirecting to /admin/users/1",
        content_type="text/plain",
        headers={"Location": "/admin/users/1"},
    )

    assert client.verify_email(JWT) is None
    assert query(wire) == {"token": JWT}


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (400, "INVALID_PAYLOAD", InvalidPayload),
        (403, "INVALID_TOKEN", InvalidToken),
        (401, "TOKEN_EXPIRED", TokenExpired),
    ],
)
def test_what_a_refused_confirmation_means(wire, client, status, code, expected):
    refuse(wire, "GET", "/users/register/verify-email", status, code)

    with pytest.raises(expected):
        client.verify_email(JWT)


def test_a_success_that_is_no_redirect_confirms_nothing(wire, client):
    wire.get(f"{URL}/users/register/verify-email", json={"data": None})

    with pytest.raises(DirectusUnavailable):
        client.verify_email(JWT)


def test_a_reset_is_asked_for(wire, client):
    wire.post(f"{URL}/auth/password/request", status=204)

    client.request_password_reset(email="ada@example.com", reset_url="https://s/r/")

    assert sent(wire) == {"email": "ada@example.com", "reset_url": "https://s/r/"}


def test_a_password_is_reset(wire, client):
    wire.post(f"{URL}/auth/password/reset", status=204)

    client.reset_password(token=JWT, password="new")

    assert sent(wire) == {"token": JWT, "password": "new"}


@pytest.mark.parametrize(
    "token",
    ["", "garbage", "a.b", "a.b.c.d", "a..c", "a.b.c\n", "a.b.ä", "../a.b.c", "a.b.c?"],
)
def test_a_token_that_cannot_be_one_is_not_sent(wire, client, token):
    with pytest.raises(InvalidToken):
        client.reset_password(token=token, password="new")
    with pytest.raises(InvalidToken):
        client.verify_email(token)


# Users


def test_a_user_is_read_by_id(wire, client):
    wire.get(f"{URL}/users/{ID}", json={"data": ADA})

    assert client.get_user(ID).email == "ada@example.com"


def test_a_user_is_read_with_less_when_the_role_is_hidden(wire, client):
    wire.get(f"{URL}/users/{ID}", json={"data": ADA | {"role": None}})
    wire.get(f"{URL}/users/{ID}", json={"data": {"id": ID, "role": ROLE}})

    assert client.get_user(ID).role_id == uuid.UUID(ROLE)


def test_a_missing_user_is_forbidden(wire, client):
    refuse(wire, "GET", f"/users/{ID}", 403, "FORBIDDEN")

    with pytest.raises(Forbidden):
        client.get_user(uuid.UUID(ID))


@pytest.mark.parametrize("status", [200, 204])
def test_a_user_is_changed(wire, client, status):
    body = {"json": {"data": ADA}} if status == 200 else {}
    wire.patch(f"{URL}/users/{ID}", status=status, **body)

    client.update_user(uuid.UUID(ID), {"first_name": "Augusta"})

    assert sent(wire) == {"first_name": "Augusta"}


@pytest.mark.parametrize("user_id", ["me", "../roles", "", "1", f"{ID}/x", f"{ID}?a"])
def test_an_odd_id_never_becomes_part_of_a_path(wire, client, user_id):
    with pytest.raises(ValueError, match="UUID"):
        client.get_user(user_id)
    with pytest.raises(ValueError, match="UUID"):
        client.update_user(user_id, {})


@pytest.mark.parametrize(
    "path", ["users", "/", "//evil.example", "/users/../x", "/a?b", "/a#b", "/a%2f", ""]
)
def test_an_odd_path_is_not_asked(wire, client, path):
    with pytest.raises(ValueError, match="path"):
        client.get(path)


def test_users_are_found_by_address_however_it_is_cased(wire, client):
    others = [
        ADA | {"id": str(uuid.uuid4()), "email": "xada@example.com"},
        ADA | {"id": str(uuid.uuid4()), "email": None},
    ]
    wire.get(
        f"{URL}/users", json={"data": [ADA | {"email": "Ada@Example.COM"}, *others]}
    )

    found = client.find_users_by_email("ADA@example.com")

    assert [user.email for user in found] == ["Ada@Example.COM"]
    contains = {"email": {"_icontains": "ADA@example.com"}}
    assert json.loads(query(wire)["filter"]) == contains


def people(*numbers):
    rows = [ADA | {"id": str(uuid.UUID(int=number))} for number in numbers]
    return {"data": rows}


def numbers(users):
    return [user.id.int for user in users]


def test_all_users_are_listed_page_by_page(wire, client):
    for page in (people(1, 2), people(3, 4), people(5)):
        wire.get(f"{URL}/users", json=page)

    assert numbers(client.list_users(page_size=2)) == [1, 2, 3, 4, 5]
    assert [query(wire, i)["page"] for i in range(3)] == ["1", "2", "3"]
    assert query(wire)["limit"] == "2"
    assert query(wire)["sort"] == "id"


def test_a_full_last_page_is_followed_by_an_empty_one(wire, client):
    for page in (people(1, 2), people()):
        wire.get(f"{URL}/users", json=page)

    assert numbers(client.list_users(page_size=2)) == [1, 2]


def test_who_is_pushed_to_the_next_page_is_listed_once(wire, client):
    for page in (people(1, 3), people(3, 4), people(4)):
        wire.get(f"{URL}/users", json=page)

    assert numbers(client.list_users(page_size=2)) == [1, 3, 4]


def test_a_list_that_never_ends_is_given_up(wire, client):
    wire.get(f"{URL}/users", json=people(1, 2))

    with pytest.raises(DirectusUnavailable):
        list(client.list_users(page_size=2))
    assert len(wire.calls) == 2


@pytest.mark.parametrize("rows", [None, {}, "x", [None], [{"id": "x"}]])
def test_a_list_of_the_wrong_shape_is_no_answer(wire, client, rows):
    wire.get(f"{URL}/users", json={"data": rows})

    with pytest.raises(DirectusUnavailable):
        list(client.list_users())


@pytest.mark.parametrize("count", [54, "54"])
def test_users_are_counted(wire, client, count):
    wire.get(f"{URL}/users", json={"data": [{"count": {"id": count}}]})

    assert client.count_users() == 54


@pytest.mark.parametrize("rows", [None, [], {}, [{}], [{"count": 3}], [{"count": {}}]])
def test_a_count_of_the_wrong_shape_is_no_answer(wire, client, rows):
    wire.get(f"{URL}/users", json={"data": rows})

    with pytest.raises(DirectusUnavailable):
        client.count_users()


# The server


def test_ping_wants_a_pong(wire, client):
    wire.get(f"{URL}/server/ping", body="pong", content_type="text/html")

    assert client.ping() is None
    assert "Authorization" not in wire.calls[0].request.headers


def test_any_other_page_is_no_pong(wire, client):
    wire.get(f"{URL}/server/ping", body="<html>Welcome", content_type="text/html")

    with pytest.raises(DirectusUnavailable):
        client.ping()


def test_the_server_tells_about_itself(wire, client):
    info = {"project": {"public_registration": True}}
    wire.get(f"{URL}/server/info", json={"data": info})

    assert client.get_server_info() == info


@pytest.mark.parametrize(
    ("settings", "policy"),
    [
        ({"auth_password_policy": "/^.{8,}$/"}, "/^.{8,}$/"),
        ({"auth_password_policy": None}, ""),
        ({}, ""),
    ],
)
def test_the_password_policy_is_a_text(wire, client, settings, policy):
    wire.get(f"{URL}/settings", json={"data": settings})

    assert client.get_password_policy() == policy


# Plain access


def test_plain_access_returns_data(wire, client):
    wire.get(f"{URL}/roles", json={"data": [{"id": ROLE}]})
    wire.post(f"{URL}/roles", json={"data": {"id": ROLE}})
    wire.patch(f"{URL}/settings", json={"data": {"a": 1}})
    wire.delete(f"{URL}/roles/{ROLE}", status=204)

    assert client.get("/roles", params={"limit": "-1"}) == [{"id": ROLE}]
    assert client.post("/roles", {"name": "Customer"}) == {"id": ROLE}
    assert client.patch("/settings", {"a": 1}) == {"a": 1}
    assert client.delete(f"/roles/{ROLE}") is None
    assert query(wire) == {"limit": "-1"}
    assert all("Authorization" in call.request.headers for call in wire.calls)


# Headers


def test_directus_is_told_who_is_asking(wire, client):
    wire.get(f"{URL}/server/info", json={"data": {}})

    client.get_server_info()

    headers = wire.calls[0].request.headers
    assert headers["X-Forwarded-For"] == "203.0.113.7"
    assert headers["User-Agent"] == "Browser/1.0"
    assert headers["Accept-Encoding"] == "identity"


def test_without_a_visitor_nobody_is_forwarded(wire):
    wire.get(f"{URL}/server/info", json={"data": {}})

    DirectusClient(Transport(URL)).get_server_info()

    headers = wire.calls[0].request.headers
    assert "X-Forwarded-For" not in headers
    assert headers["User-Agent"] == "django-directus"


@pytest.mark.parametrize(
    ("address", "forwarded"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:DB8::1", "2001:db8::1"),
        ("fe80::1%eth0\r\nX-Evil: 1", "fe80::1"),
        ("203.0.113.7, 10.0.0.1", None),
        ("203.0.113.7\r\nX-Evil: 1", None),
        ("unknown", None),
        ("", None),
    ],
)
def test_only_an_address_is_forwarded(address, forwarded):
    assert Visitor(address).headers().get("X-Forwarded-For") == forwarded


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("a\r\nX-Evil: 1", "aX-Evil: 1"),
        ("a\x00b\x1f\x7f\x85c", "abc"),
        ("  a  ", "a"),
        ("Bröwser 🦊", "Bröwser ?"),
        ("x" * 600, "x" * 512),
        ("", "django-directus"),
        ("\r\n", "django-directus"),
    ],
)
def test_a_browser_name_is_one_short_line(given, told):
    assert Visitor("", given).headers()["User-Agent"] == told


# Addresses of Directus


@pytest.mark.parametrize(
    "url",
    [
        "",
        "directus.test",
        "ftp://directus.test",
        "http://",
        "http://user:secret@directus.test",
        "http://directus.test?a=b",
        "http://directus.test#a",
    ],
)
def test_an_address_that_cannot_be_meant_is_refused(url):
    with pytest.raises(ValueError, match="address of Directus") as caught:
        Transport(url)
    assert "secret" not in str(caught.value)


def test_directus_may_live_under_a_path(wire):
    wire.get("https://directus.test/cms/server/info", json={"data": {}})

    client = DirectusClient(Transport("https://directus.test/cms/"))

    assert client.get_server_info() == {}


def test_no_password_of_the_environment_is_used(wire, client, monkeypatch, tmp_path):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine directus.test login a password Canary\n")
    monkeypatch.setenv("NETRC", str(netrc))
    wire.post(f"{URL}/auth/login", json={"data": TOKENS})

    client.login(email="ada@example.com", password="secret")

    assert "Authorization" not in wire.calls[0].request.headers


def test_an_unexplained_failure_of_a_post_is_not_repeated(wire, client):
    wire.post(f"{URL}/users/register", body=requests.ConnectionError("Canary"))

    with pytest.raises(DirectusUnavailable) as caught:
        client.register_user(email="a@b.example", password="x", verification_url="u")
    assert len(wire.calls) == 1
    assert "Canary" not in str(caught.value)
