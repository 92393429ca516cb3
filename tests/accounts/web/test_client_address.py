"""Where a request comes from."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.web.client_address import UNKNOWN, bucket, client_address, is_listed

PROXIES = ["10.0.0.0/8", "fd00::/8"]


@pytest.mark.parametrize(
    ("remote", "forwarded", "client"),
    [
        # Only a proxy that the settings name is believed.
        ("203.0.113.7", "", "203.0.113.7"),
        ("203.0.113.7", "198.51.100.1", "203.0.113.7"),
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        # The right-most one that is no proxy: any client can write those before it.
        ("10.0.0.1", "1.1.1.1, 198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "1.1.1.1, 198.51.100.1, 10.0.0.2", "198.51.100.1"),
        ("10.0.0.1", "10.0.0.3,10.0.0.2", "10.0.0.3"),
        # Written with ports, brackets, zones, or as IPv4 in IPv6.
        ("10.0.0.1", "198.51.100.1:4711", "198.51.100.1"),
        ("10.0.0.1", "[2001:db8::1]:443", "2001:db8::1"),
        ("10.0.0.1", "[2001:db8::1]", "2001:db8::1"),
        ("10.0.0.1", "2001:db8::1", "2001:db8::1"),
        ("10.0.0.1", "fe80::1%eth0", "fe80::1"),
        ("::ffff:10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "::ffff:198.51.100.1", "198.51.100.1"),
        # Nonsense ends the reading where it stands.
        ("10.0.0.1", "garbage", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.1, garbage", "10.0.0.1"),
        ("10.0.0.1", ", ,", "10.0.0.1"),
        ("10.0.0.1", "1" * 400, "10.0.0.1"),
        ("10.0.0.1", "127.0.0.1", "127.0.0.1"),
        ("", "198.51.100.1", UNKNOWN),
        ("unix:", "", UNKNOWN),
    ],
)
def test_the_client_is_the_right_most_address_that_is_no_proxy(
    remote, forwarded, client
):
    assert client_address(remote, forwarded, PROXIES) == client


def test_without_proxies_no_header_is_believed():
    assert client_address("10.0.0.1", "198.51.100.1", []) == "10.0.0.1"


@given(remote=st.text(max_size=80), forwarded=st.text(max_size=400))
def test_any_header_gives_an_address(remote, forwarded):
    for peer in (remote, "10.0.0.1"):
        assert bucket(client_address(peer, forwarded, PROXIES))


def test_an_ipv6_household_shares_one_bucket():
    assert bucket("2001:db8:0:1::1") == bucket("2001:db8:0:1:ffff::2")
    assert bucket("2001:db8:0:1::1") != bucket("2001:db8:0:2::1")
    assert bucket("198.51.100.1") != bucket("198.51.100.2")


def test_lists_take_addresses_and_networks():
    assert is_listed("10.1.2.3", PROXIES)
    assert is_listed("192.0.2.1", ["192.0.2.1"])
    assert not is_listed("192.0.2.2", ["192.0.2.1"])
    assert not is_listed("garbage", PROXIES)


@pytest.mark.django_db
@pytest.mark.parametrize("forged", ["198.51.100.1", "127.0.0.1", "fe80::1%eth0", "x"])
def test_a_forged_header_reaches_neither_directus_nor_a_limit(client, directus, forged):
    for n in range(11):
        response = client.post(
            "/login/",
            {"email": f"victim{n}@example.com", "password": "wrong"},
            REMOTE_ADDR="203.0.113.7",
            headers={"x-forwarded-for": f"{forged}, 198.51.100.{n}"},
        )

    assert response.status_code == 429
    seen = {call.headers.get("X-Forwarded-For") for call in directus.calls}
    assert seen == {"203.0.113.7"}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("forwarded", "told"),
    [
        ("198.51.100.1", "198.51.100.1"),
        ("6.6.6.6, 198.51.100.1", "198.51.100.1"),
        ("[2001:db8::1]:4711", "2001:db8::1"),
        ("garbage", "10.0.0.1"),
        ("1" * 400, "10.0.0.1"),
        ("a\r\nX-Evil: 1", "10.0.0.1"),
    ],
)
def test_directus_is_told_one_address_that_a_trusted_proxy_named(
    client, directus, settings, forwarded, told
):
    settings.TRUSTED_PROXIES = ["10.0.0.0/8"]

    client.post(
        "/login/",
        {"email": "ada@example.com", "password": "wrong"},
        REMOTE_ADDR="10.0.0.1",
        headers={"x-forwarded-for": forwarded},
    )

    call = directus.was_asked_once("/auth/login")
    assert call.headers["X-Forwarded-For"] == told


@pytest.mark.django_db
def test_a_browser_that_writes_headers_into_its_name_writes_none(client, directus):
    client.post(
        "/login/",
        {"email": "ada@example.com", "password": "wrong"},
        headers={"user-agent": "Evil\r\nX-Forwarded-For: 6.6.6.6\r\n\r\n\x00\u20ac"},
    )

    call = directus.was_asked_once("/auth/login")
    assert call.user_agent == "EvilX-Forwarded-For: 6.6.6.6?"
    assert call.headers["X-Forwarded-For"] == "127.0.0.1"
