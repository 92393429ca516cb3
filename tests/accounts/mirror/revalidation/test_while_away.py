"""Signed-in users while Directus cannot validate their sessions."""

from datetime import timedelta

import pytest
from django.utils import timezone

from ...signed_in import make_old, make_stale, row_of

pytestmark = pytest.mark.django_db


def test_for_fifteen_minutes_people_keep_reading(signed_in_client, directus):
    directus.is_down()
    make_old(signed_in_client, minutes=10)

    response = signed_in_client.get("/")

    assert response.status_code == 200
    assert response.context["stale"]


def test_after_fifteen_minutes_pages_are_unavailable(signed_in_client, directus):
    directus.is_down()
    make_old(signed_in_client, minutes=16)

    response = signed_in_client.get("/")

    assert response.status_code == 503
    assert int(response["Retry-After"]) > 0
    assert "session" not in response.cookies


def test_afterwards_everything_goes_on_without_a_sign_in(signed_in_client, directus):
    directus.is_down()
    make_old(signed_in_client, minutes=16)
    assert signed_in_client.get("/").status_code == 503

    directus.is_up()

    assert signed_in_client.get("/").status_code == 200
    assert row_of(signed_in_client).validated_at > timezone.now() - timedelta(minutes=1)


def test_the_admin_is_unavailable_at_once(staff, directus):
    directus.is_down()
    make_old(staff, seconds=61)

    assert staff.get("/admin/").status_code == 503
    assert staff.get("/").status_code == 200


def test_nothing_is_written_meanwhile(staff, directus):
    directus.is_down()
    make_old(staff, seconds=61)

    assert staff.post("/", {"any": "form"}).status_code == 503
    assert staff.post("/admin/accounts/user/", {"action": "x"}).status_code == 503


def test_directus_is_left_alone_for_a_while(signed_in_client, directus):
    directus.is_down()
    make_old(signed_in_client, minutes=10)

    signed_in_client.get("/")
    asked = len(directus.calls)
    for _ in range(5):
        assert signed_in_client.get("/").status_code == 200

    assert len(directus.calls) == asked


def test_a_throttled_session_goes_on_and_asks_later(signed_in_client, directus):
    directus.throttles(57)
    make_old(signed_in_client, minutes=10)

    for _ in range(5):
        assert signed_in_client.get("/").status_code == 200

    directus.was_asked_once("/users/me")


def test_a_throttled_form_is_told_when_to_come_back(signed_in_client, directus):
    directus.throttles(57)
    make_old(signed_in_client, minutes=10)

    response = signed_in_client.post("/")

    assert (response.status_code, response["Retry-After"]) == (429, "57")


def test_an_outage_ends_no_session(signed_in_client, directus):
    make_stale(signed_in_client)
    for trouble in (directus.is_down, directus.throttles):
        trouble()
        make_old(signed_in_client, hours=5)
        signed_in_client.get("/")

    directus.is_up()

    assert signed_in_client.get("/").status_code == 200
