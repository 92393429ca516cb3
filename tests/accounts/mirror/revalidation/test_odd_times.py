"""Times in a row that Django did not write: with any of them, waiting ends."""

import time
from datetime import timedelta

import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.utils import timezone

from accounts.core import clients
from accounts.models import Session

from ...signed_in import row_of

pytestmark = pytest.mark.django_db
LONG_AGO = [
    "2020-01-01T00:00Z",
    "2020-01-01T00:00:00Z",
    "2020-01-01T00:00:00+00:00",
    "2020-01-01 00:00:00",
    "2020-01-01 00:00:00.5",
    "2020-01-01 00:00:00+00:00",
    "2020-01-01",
]


def write(column, value):
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE accounts_session SET {column} = %s", [value])


@pytest.mark.parametrize("text", LONG_AGO)
def test_directus_is_asked_whatever_way_the_last_answer_was_written(
    signed_in_client, directus, text
):
    write("validated_at", text)
    began = time.monotonic()

    assert signed_in_client.get("/").status_code == 200

    assert time.monotonic() - began < 5
    directus.was_asked_once("/users/me")
    assert timezone.now() - row_of(signed_in_client).validated_at < timedelta(minutes=1)


def test_a_moment_of_today_is_no_obstacle(signed_in_client, directus):
    today = timezone.now() - timedelta(minutes=20)
    write("validated_at", today.strftime("%Y-%m-%dT%H:%M:%SZ"))

    assert signed_in_client.get("/").status_code == 200

    directus.was_asked_once("/users/me")


@pytest.mark.parametrize("minutes", [2, 60])
def test_a_lease_that_never_ends_is_not_waited_for_for_ever(
    signed_in_client, directus, monkeypatch, minutes
):
    monkeypatch.setattr(clients, "lease_seconds", lambda: 0.3)
    Session.objects.update(
        validated_at=timezone.now() - timedelta(minutes=minutes),
        validation_lease_until=timezone.now() + timedelta(days=1000),
    )
    began = time.monotonic()

    response = signed_in_client.get("/")

    # Within the grace people read on.
    assert response.status_code == (200 if minutes == 2 else 503)
    assert time.monotonic() - began < 5
    directus.was_not_asked()


@pytest.mark.skipif(
    "sqlite3" not in django_settings.DATABASES["default"]["ENGINE"],
    reason="PostgreSQL keeps times as times",
)
def test_a_lease_that_no_statement_finds_free_is_not_waited_for_for_ever(
    signed_in_client, monkeypatch
):
    monkeypatch.setattr(clients, "lease_seconds", lambda: 0.3)
    now = timezone.now()
    write("validated_at", "2020-01-01T00:00Z")
    # As a text, it is later than any moment of today.
    write("validation_lease_until", now.strftime("%Y-%m-%dT00:00Z"))
    began = time.monotonic()

    assert signed_in_client.get("/").status_code == 503
    assert time.monotonic() - began < 5
