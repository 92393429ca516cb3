"""Signing a user out of other browsers."""

import pytest
from django.test import Client

from accounts.models import Session, User
from accounts.sessions.ending import end_sessions_of

from ..signed_in import row_of, store_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def three_browsers(ada, sign_in):
    return [sign_in(ada, Client()) for _ in range(3)]


def test_all_but_one_end_here_and_at_directus(three_browsers, directus, ada):
    kept = three_browsers[1]
    pk = row_of(kept).pk

    ended = end_sessions_of(User.objects.get(), but=store_of(kept))

    assert ended == 2
    assert list(Session.objects.values_list("pk", flat=True)) == [pk]
    assert len(directus.sessions_of(ada)) == 1
    assert kept.get("/").status_code == 200
    assert three_browsers[0].get("/").status_code == 302


def test_all_end(three_browsers, directus, ada):
    assert end_sessions_of(User.objects.get()) == 3
    assert directus.sessions_of(ada) == []


def test_other_people_stay(three_browsers, directus, sign_in):
    grace = directus.add_user("grace@example.com", "Grace's secret 1906")
    browser = sign_in(grace, Client())

    end_sessions_of(User.objects.get(email="ada@example.com"))

    assert browser.get("/").status_code == 200


def test_an_outage_of_directus_stops_nothing(three_browsers, directus):
    directus.is_down()

    assert end_sessions_of(User.objects.get()) == 3
