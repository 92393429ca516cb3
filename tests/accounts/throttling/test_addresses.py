"""One address, many accounts."""

import pytest

from ..steps import ask_reset, choose_password, log_in, open_link, sign_up

pytestmark = pytest.mark.django_db


def test_the_eleventh_failure_from_one_address_is_refused(client, directus):
    for n in range(10):
        log_in(client, f"victim{n}@example.com")

    assert log_in(client, "victim@example.com").status_code == 429
    other = log_in(client, "victim@example.com", REMOTE_ADDR="203.0.113.1")
    assert other.status_code == 200


def test_an_ipv6_network_is_one_address(client):
    for n in range(10):
        log_in(client, f"a{n}@example.com", REMOTE_ADDR=f"2001:db8:0:1::{n}")

    same = log_in(client, "b@example.com", REMOTE_ADDR="2001:db8:0:1:ffff::1")
    other = log_in(client, "b@example.com", REMOTE_ADDR="2001:db8:0:2::1")

    assert (same.status_code, other.status_code) == (429, 200)


def test_an_own_success_does_not_clear_the_address(client, ada):
    for n in range(9):
        log_in(client, f"victim{n}@example.com")
    assert log_in(client, ada.email, ada.password).status_code == 302
    client.post("/logout/")

    tenth = log_in(client, "victim10@example.com")
    eleventh = log_in(client, "victim11@example.com")

    assert (tenth.status_code, eleventh.status_code) == (200, 429)


def test_the_thirty_first_sign_in_of_a_minute_is_refused(client, ada, directus):
    for _ in range(30):
        assert log_in(client, ada.email, ada.password).status_code == 302
        client.cookies.clear()

    assert log_in(client, ada.email, ada.password).status_code == 429
    client.cookies.clear()
    other = log_in(client, ada.email, ada.password, REMOTE_ADDR="203.0.113.1")
    assert other.status_code == 302


def test_the_twenty_first_sign_up_of_a_minute_is_refused(client, directus):
    directus.state.registrations_a_minute = 100
    for n in range(20):
        assert sign_up(client, f"new{n}@example.com").status_code == 302

    refused = sign_up(client, "new@example.com")

    assert refused.status_code == 429
    assert int(refused["Retry-After"]) > 0
    assert len(directus.calls_to("/users/register")) == 20


def test_the_twenty_first_reset_of_a_minute_is_refused(client, directus):
    for n in range(20):
        assert ask_reset(client, f"a{n}@example.com").status_code == 302

    assert ask_reset(client, "a@example.com").status_code == 429
    assert len(directus.calls_to("/auth/password/request")) == 20


@pytest.mark.parametrize("email", ["ada@example.com", "nobody@example.com"])
def test_the_sixth_reset_of_one_address_in_a_minute_is_refused(client, ada, email):
    statuses = [ask_reset(client, email).status_code for _ in range(6)]

    assert statuses == [302] * 5 + [429]


def test_the_twenty_first_new_password_by_a_forged_link_is_refused(client, directus):
    forged = "http://testserver/reset-password/?token=eyJhIjoxfQ.eyJhIjoxfQ.x"
    for _ in range(20):
        open_link(client, forged)
        assert choose_password(client).status_code == 400
    directus.forget_calls()

    open_link(client, forged)
    refused = choose_password(client)

    assert refused.status_code == 429
    directus.was_not_asked("/auth/password/reset")
