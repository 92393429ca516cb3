"""A request ends in time although Directus is slow."""

import time
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.core import clients
from accounts.directus import RESERVE_SECONDS, DirectusUnavailable, time_budget
from accounts.directus.time_budget import seconds_left
from accounts.models import Session
from dashboard.views import HomeView

from ..signed_in import make_stale, store_of
from ..steps import ask_reset, log_in, sign_up

pytestmark = pytest.mark.django_db


def test_a_view_has_the_time_that_the_settings_give(
    signed_in_client, monkeypatch, settings
):
    settings.DIRECTUS_REQUEST_TIMEOUT = 7.0
    found = []

    def get(view, request):
        found.append(seconds_left())
        raise ZeroDivisionError

    monkeypatch.setattr(HomeView, "get", get)
    with pytest.raises(ZeroDivisionError):
        signed_in_client.get("/")

    assert 0 < found[0] <= 7
    assert seconds_left() is None


@pytest.mark.parametrize("send", [log_in, sign_up, ask_reset])
def test_a_form_whose_time_is_over_says_when_to_try_again(
    client, directus, settings, send
):
    settings.DIRECTUS_REQUEST_TIMEOUT = 0.0

    response = send(client)

    assert response.status_code == 503
    assert int(response["Retry-After"]) > 0
    directus.was_not_asked()


def test_tokens_that_cannot_be_used_in_time_are_revoked(
    client, ada, directus, settings
):
    settings.DIRECTUS_REQUEST_TIMEOUT = 1.5
    directus.takes(1.5, "/auth/login")

    assert log_in(client, ada.email, ada.password).status_code == 503
    assert directus.sessions_of(ada) == []
    assert not Session.objects.exclude(user=None).exists()


def test_a_lease_outlives_what_may_be_asked_with_it(signed_in_client, settings):
    for seconds in (2.0, 10.0, 60.0):
        settings.DIRECTUS_REQUEST_TIMEOUT = seconds
        assert clients.lease_seconds() > seconds + RESERVE_SECONDS


def test_waiting_for_a_renewal_ends_with_the_request(signed_in_client, settings):
    make_stale(signed_in_client)
    Session.objects.update(refresh_lease_until=timezone.now() + timedelta(hours=1))
    began = time.monotonic()

    lease = store_of(signed_in_client).tokens.lease()
    with time_budget(0.3), pytest.raises(DirectusUnavailable), lease:
        pass

    assert time.monotonic() - began < 5
