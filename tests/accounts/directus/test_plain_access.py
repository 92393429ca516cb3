"""The server, plain access, headers and addresses."""

import pytest
import requests

from accounts.directus import (
    DirectusClient,
    DirectusUnavailable,
    NewUser,
    Transport,
    Visitor,
)

from .wire import ROLE, TOKENS, URL, query

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
    ("stored", "policy"),
    [
        ({"auth_password_policy": "/^.{8,}$/"}, "/^.{8,}$/"),
        ({"auth_password_policy": None}, ""),
        ({}, ""),
    ],
)
def test_the_password_policy_is_a_text(wire, client, stored, policy):
    wire.get(f"{URL}/settings", json={"data": stored})

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


def test_directus_gets_the_address_and_browser_of_the_visitor(wire, client):
    wire.get(f"{URL}/server/info", json={"data": {}})

    client.get_server_info()

    headers = wire.calls[0].request.headers
    assert headers["X-Forwarded-For"] == "203.0.113.7"
    assert headers["User-Agent"] == "Browser/1.0"
    assert headers["Accept-Encoding"] == "identity"


def test_without_a_visitor_no_address_is_forwarded(wire):
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
        client.register_user(NewUser("a@b.example", "x"), verification_url="u")
    assert len(wire.calls) == 1
    assert "Canary" not in str(caught.value)
