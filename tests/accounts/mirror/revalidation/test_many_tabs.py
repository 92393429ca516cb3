"""Many tabs of one browser: one asks, the others wait."""

import time
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from ...signed_in import TO_LOGIN, in_threads, make_old, make_stale, store_of

pytestmark = pytest.mark.django_db


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("age", [{"seconds": 61}, {"hours": 5}])
def test_twenty_tabs_that_wake_up_together_ask_once(
    signed_in_client, directus, age, monkeypatch
):
    # On a busy machine they take longer than most requests may wait.
    monkeypatch.setattr("accounts.directus.bulkhead.ROOM_SECONDS", 30)
    make_old(signed_in_client, **age)
    make_stale(signed_in_client)
    directus.takes(0.2, "/auth/refresh", times=20)
    directus.takes(0.2, "/users/me", times=20)

    statuses = in_threads(20, lambda _: tab_of(signed_in_client).get("/").status_code)

    assert statuses == [200] * 20
    directus.was_asked_once("/auth/refresh")
    directus.was_asked_once("/users/me")


@pytest.mark.django_db(transaction=True)
def test_forms_sent_while_another_tab_asks_wait_for_the_answer(staff, directus):
    make_old(staff, hours=5)
    directus.takes(0.5, "/users/me")

    statuses = in_threads(5, lambda _: tab_of(staff).get("/admin/").status_code)

    assert statuses == [200] * 5


@pytest.mark.django_db(transaction=True)
def test_tabs_that_wait_for_a_demotion_see_it(staff, directus, ada):
    directus.change(ada, role="Customer")
    make_old(staff, hours=5)
    directus.takes(0.5, "/users/me")

    def visit(_number):
        return tab_of(staff).get("/admin/", follow=True).status_code

    assert in_threads(5, visit) == [403] * 5


@pytest.mark.django_db(transaction=True)
def test_tabs_that_wait_for_a_suspension_are_out(signed_in_client, directus, ada):
    directus.lock_out(ada)
    make_old(signed_in_client, hours=5)
    directus.takes(0.5, "/users/me")

    responses = in_threads(5, lambda _: tab_of(signed_in_client).get("/"))

    assert {response["Location"] for response in responses} == {TO_LOGIN}


@pytest.mark.django_db(transaction=True)
def test_tabs_that_wait_in_vain_are_not_slower_than_one(signed_in_client, directus):
    make_old(signed_in_client, hours=5)
    directus.answers(502, path="/users/me", body="bad gateway", times=99)
    began = time.monotonic()

    statuses = in_threads(10, lambda _: tab_of(signed_in_client).get("/").status_code)

    assert statuses == [503] * 10
    assert time.monotonic() - began < 5


def test_a_request_that_asked_and_died_stops_no_other(signed_in_client, directus):
    make_old(signed_in_client, hours=5)
    lease = timezone.now() + timedelta(seconds=0.5)
    store_of(signed_in_client).update_row(validation_lease_until=lease)

    assert signed_in_client.get("/").status_code == 200

    assert timezone.now() > lease
    directus.was_asked_once("/users/me")


@pytest.mark.django_db(transaction=True)
def test_one_of_the_requests_that_waited_for_a_dead_one_asks(
    signed_in_client, directus
):
    make_old(signed_in_client, hours=5)
    lease = timezone.now() + timedelta(seconds=0.5)
    store_of(signed_in_client).update_row(validation_lease_until=lease)

    statuses = in_threads(5, lambda _: tab_of(signed_in_client).get("/").status_code)

    assert statuses == [200] * 5
    directus.was_asked_once("/users/me")


def test_only_one_of_two_requests_may_ask(signed_in_client):
    make_old(signed_in_client, seconds=61)
    first, second = store_of(signed_in_client), store_of(signed_in_client)
    assert first.row.pk == second.row.pk

    assert first.take_validation()
    assert not second.take_validation()
    first.confirm()

    # The answer is there, whatever the second one has read before.
    assert not second.take_validation()


def tab_of(browser) -> Client:
    """Return one more tab of a browser: the same cookies."""
    tab = Client()
    tab.cookies = browser.cookies.copy()
    return tab
