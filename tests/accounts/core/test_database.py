"""A database that is busy or away, and calls to Directus outside of transactions."""

import sqlite3
import threading
import time
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.conf import settings as django_settings
from django.db import connection, transaction
from django.utils import timezone

from accounts.core.clients import anonymous_client
from accounts.directus import Transport
from accounts.models import Session, User

from ..signed_in import key_of, make_old, make_stale, rows_with

pytestmark = pytest.mark.django_db(transaction=True)

only_sqlite = pytest.mark.skipif(
    "sqlite3" not in django_settings.DATABASES["default"]["ENGINE"],
    reason="in PostgreSQL writers of different rows do not wait for each other",
)


@contextmanager
def write_lock(seconds: float):
    """Hold SQLite's write lock from a connection of its own, for so long at most."""
    name = connection.settings_dict["NAME"]
    other = sqlite3.connect(name, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    timer = threading.Timer(seconds, other.rollback)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
        other.close()


def form_of(user):
    return {"email": user.email, "password": user.password}


# Locked


@only_sqlite
def test_a_sign_in_gives_up_before_six_seconds(client, ada, directus):
    began = time.monotonic()
    with write_lock(10):
        response = client.post("/login/", form_of(ada))
        took = time.monotonic() - began

    assert response.status_code == 503
    assert int(response["Retry-After"]) > 0
    assert 4 < took < 6
    assert directus.sessions_of(ada) == []


@only_sqlite
def test_a_sign_in_waits_for_a_lock_that_is_freed(client, ada):
    with write_lock(1):
        response = client.post("/login/", form_of(ada))

    assert response.status_code == 302


@only_sqlite
def test_pages_are_read_during_a_write(signed_in_client):
    began = time.monotonic()
    with write_lock(10):
        assert signed_in_client.get("/").status_code == 200
        assert time.monotonic() - began < 4


@only_sqlite
def test_a_page_is_read_although_nothing_can_be_noted(signed_in_client, caplog):
    make_old(signed_in_client, seconds=61)
    Session.objects.update(last_seen_at=timezone.now() - timedelta(minutes=2))
    statuses = []
    began = time.monotonic()
    with write_lock(20):
        statuses += [signed_in_client.get("/").status_code for _ in range(4)]
        took = time.monotonic() - began

    assert statuses == [200] * 4
    # One write is waited for, or two; the rest is left out for a while.
    assert took < 15
    assert caplog.text.count("A visit was not noted: OperationalError") == 1
    assert signed_in_client.get("/").status_code == 200


@only_sqlite
def test_what_writes_gives_up_before_six_seconds(signed_in_client):
    make_old(signed_in_client, seconds=61)
    began = time.monotonic()
    with write_lock(10):
        response = signed_in_client.post("/account/sessions/", {"others": "1"})
        took = time.monotonic() - began

    assert response.status_code == 503
    assert took < 6


@only_sqlite
def test_a_sign_out_that_fails_says_so_and_works_again(signed_in_client):
    key = key_of(signed_in_client)
    began = time.monotonic()
    with write_lock(10):
        response = signed_in_client.post("/logout/")
        took = time.monotonic() - began

    assert response.status_code == 503
    assert took < 6
    assert signed_in_client.post("/logout/").status_code == 302
    assert not rows_with(key).exists()


# Calls and transactions


@pytest.fixture
def called_in_transaction(monkeypatch):
    """The calls so far, and whether a transaction was open during each."""
    asked = {}
    send = Transport.send

    def note_and_send(transport, call, request):
        asked[call.path] = asked.get(call.path) or connection.in_atomic_block
        return send(transport, call, request)

    monkeypatch.setattr(Transport, "send", note_and_send)
    return asked


def test_a_call_in_a_transaction_would_be_noticed(called_in_transaction, directus):
    with transaction.atomic():
        anonymous_client().ping()

    assert called_in_transaction == {"/server/ping": True}


def test_directus_is_never_asked_in_a_transaction(
    client, ada, directus, service_token, called_in_transaction
):
    client.post("/login/", form_of(ada))
    make_old(client, seconds=61)
    make_stale(client)
    directus.hides_profiles()
    client.get("/")
    client.post("/logout/")
    client.post("/request-reset-password/", {"email": ada.email})
    client.get(directus.last_link(ada.email))
    new = {"new_password": "another secret 1815"}
    client.post("/reset-password/", new | {"new_password_again": new["new_password"]})
    names = {"first_name": "Grace", "last_name": "Hopper"}
    sign_up = {"email": "grace@example.com", "password": "Grace's secret 1906"}
    client.post("/register/", names | sign_up)
    client.post("/register/", names | sign_up)
    client.get(directus.last_link("grace@example.com"))
    client.post("/verify-email/")

    assert User.objects.count() == 1
    assert called_in_transaction.keys() >= {
        "/auth/login",
        "/auth/refresh",
        "/auth/logout",
        "/auth/password/request",
        "/auth/password/reset",
        "/users/me",
        "/users/register",
        "/users/register/verify-email",
    }
    assert not any(called_in_transaction.values()), called_in_transaction
