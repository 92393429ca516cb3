"""Liveness and readiness of the process."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import InterfaceError, connection

from accounts.directus import DirectusClient
from config import __version__, health

pytestmark = pytest.mark.django_db
HOSTS = ["10.0.0.5:8000", "10.0.0.5", "[fd00::5]:8000", "evil.example", "x_y", "a b"]


def told(**answers):
    return answers | {"version": __version__}


def test_liveness_asks_neither_directus_nor_the_database(
    client, directus, django_assert_num_queries
):
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
    assert response.json() == told(database=True, directus=True)


@pytest.mark.parametrize("address", ["203.0.113.1", "8.8.8.8", "2a00::1", "", "unix:"])
def test_public_addresses_are_refused(client, directus, address):
    # 203.0.113.0/24 is reserved, and so no address of the internet either.
    response = client.get("/readyz", REMOTE_ADDR=address)

    assert response.status_code == (200 if address.startswith("203.") else 404)
    assert (__version__ in response.text) == (response.status_code == 200)


def test_a_site_without_directus_can_serve_signed_in_users(client, directus):
    directus.is_down()

    response = client.get("/readyz")

    assert response.status_code == 200
    assert response.json() == told(database=True, directus=False)


def test_a_site_without_database_cannot_serve(client, monkeypatch):
    def fail():
        raise InterfaceError("connection already closed to db.internal")

    monkeypatch.setattr(connection, "cursor", fail)

    response = client.get("/readyz")

    assert response.status_code == 503
    assert response.json() == told(database=False, directus=True)


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_health_checks_may_name_any_host(client, caplog, path, host):
    response = client.get(path, headers={"host": host})

    assert response.status_code == 200
    assert not caplog.records


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("path", ["/", "/login/", "/healthz/", "/readyz/x"])
def test_nothing_else_is_shown_to_another_host(client, path, host):
    assert client.get(path, headers={"host": host}).status_code == 400


def test_a_strange_host_does_not_open_readiness_to_strangers(client):
    stranger = {"REMOTE_ADDR": "8.8.8.8", "HTTP_HOST": "10.0.0.5:8000"}

    assert client.get("/readyz", **stranger).status_code == 404


def test_an_answer_is_kept_for_a_moment(client, directus):
    for _ in range(20):
        client.get("/readyz")

    directus.was_asked_once("/server/ping")


def test_while_one_asks_all_others_get_the_last_answer(client, monkeypatch):
    client.get("/readyz")
    monkeypatch.setattr(health, "KEPT_SECONDS", -1.0)
    monkeypatch.setattr(health, "_database_answers", lambda: True)
    asking, end = threading.Event(), threading.Event()

    def hang(self, **options):
        asking.set()
        end.wait(20)

    monkeypatch.setattr(DirectusClient, "ping", hang)
    thread = threading.Thread(target=health._probe.answers)
    thread.start()
    assert asking.wait(20)

    assert client.get("/readyz").json() == told(database=True, directus=True)
    monkeypatch.setattr(health, "OLD_SECONDS", -1.0)
    monkeypatch.setattr(health, "ASK_SECONDS", 0.1)
    response = client.get("/readyz")

    end.set()
    thread.join()
    # An answer that could not be renewed for so long is none any more.
    assert response.json() == told(database=False, directus=False)
    assert response.status_code == 503


def test_the_first_requests_wait_for_the_one_that_asks(client, directus, monkeypatch):
    """Without an answer yet; Directus is slow, and the database is fine."""
    asking, end = threading.Event(), threading.Event()
    monkeypatch.setattr(health, "_database_answers", lambda: True)

    def ping(self, **options):
        asking.set()
        end.wait(20)

    monkeypatch.setattr(DirectusClient, "ping", ping)
    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(health.answers)
        assert asking.wait(20)
        others = [pool.submit(health.answers) for _ in range(2)]
        time.sleep(0.1)
        assert not any(each.done() for each in others)
        end.set()
        found = [each.result() for each in (first, *others)]

    assert found == [{"database": True, "directus": True}] * 3
