"""Whether the process lives and can serve. Control C-LEAK-7."""

import pytest
from django.db import InterfaceError, connection

pytestmark = pytest.mark.django_db


def test_a_living_process_asks_nobody(client, directus, django_assert_num_queries):
    directus.is_down()

    with django_assert_num_queries(0):
        response = client.get("/healthz")

    assert (response.status_code, response.text) == (200, "ok")
    directus.was_not_asked()


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "10.1.2.3", "192.168.0.1", "::1", "fd00::1"]
)
def test_a_private_address_may_ask_whether_the_site_can_serve(client, address):
    response = client.get("/readyz", REMOTE_ADDR=address)

    assert response.status_code == 200
    assert response.json() == {"database": True, "directus": True}


@pytest.mark.parametrize("address", ["203.0.113.1", "8.8.8.8", "2a00::1", "", "unix:"])
def test_nobody_else_may(client, directus, address):
    # 203.0.113.0/24 is reserved, and so no address of the internet either.
    response = client.get("/readyz", REMOTE_ADDR=address)

    assert response.status_code == (200 if address.startswith("203.") else 404)


def test_a_site_without_directus_can_serve_who_is_signed_in(client, directus):
    directus.is_down()

    response = client.get("/readyz")

    assert response.status_code == 200
    assert response.json() == {"database": True, "directus": False}


def test_a_site_without_database_cannot_serve(client, monkeypatch):
    def fail():
        raise InterfaceError("connection already closed to db.internal")

    monkeypatch.setattr(connection, "cursor", fail)

    response = client.get("/readyz")

    assert response.status_code == 503
    assert response.json() == {"database": False, "directus": True}
