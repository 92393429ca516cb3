"""directus_sync: when it refuses to sign people out."""

import pytest
from django.core.management import CommandError

from accounts.directus import DirectusUnavailable
from accounts.models import Session, User
from accounts.sync import run

from .mirrored import local, session_of

pytestmark = pytest.mark.django_db


def test_too_many_deleted_users_stop_it(sync, directus, people):
    sync()
    for person in people[:5]:
        directus.delete(person)
    directus.change(people[9], first_name="New")

    with pytest.raises(CommandError, match="5 of 11") as caught:
        sync()

    assert caught.value.returncode == 1
    assert User.objects.filter(is_active=True).count() == 11
    assert local(people[9]).first_name == "New"


def test_too_many_suspended_users_stop_it(sync, directus, people):
    sync()
    for person in people[:5]:
        directus.suspend(person)

    with pytest.raises(CommandError, match="--max-deactivate"):
        sync()

    assert User.objects.filter(is_active=True).count() == 11


def test_the_brake_can_be_released(sync, directus, people):
    sync()
    for person in people[:5]:
        directus.delete(person)

    assert "deactivated 5" in sync(max_deactivate=100.0)


def test_one_of_few_may_leave(sync, directus, service_token):
    person = directus.add_user()
    sync()
    directus.delete(person)

    assert "deactivated 1" in sync()


def test_no_user_is_deactivated_when_none_may_be(sync, directus, people):
    sync()
    directus.delete(people[0])

    with pytest.raises(CommandError, match="1 of 11"):
        sync(max_deactivate=0.0)


def test_a_list_shorter_than_the_count_stops_it(sync, directus, people, monkeypatch):
    sync()
    directus.delete(people[0])
    monkeypatch.setattr(
        "accounts.directus.DirectusClient.count_users", lambda client: 1000
    )

    with pytest.raises(CommandError, match="counts 1000 users and lists 10"):
        sync()

    assert local(people[0]).is_active


def test_a_user_who_is_only_missing_from_the_list_stays(
    sync, directus, people, monkeypatch
):
    """A deletion while the pages are read moves a user to a page read already."""
    sync()
    skipped = people[0]
    listing = run.DirectusClient.list_users

    def without_one(client, **options):
        for profile in listing(client, **options):
            if str(profile.id) != skipped.id:
                yield profile

    monkeypatch.setattr(run.DirectusClient, "list_users", without_one)
    monkeypatch.setattr(run.DirectusClient, "count_users", lambda client: 10)

    assert "deactivated 0" in sync()

    assert local(skipped).is_active


def test_a_token_that_cannot_read_the_status_changes_nothing(
    sync, directus, people, monkeypatch
):
    sync()
    listing = run.DirectusClient.list_users

    def without_status(client, **options):
        for profile in listing(client, **options):
            object.__setattr__(profile, "status", "")
            yield profile

    monkeypatch.setattr(run.DirectusClient, "list_users", without_status)

    with pytest.raises(CommandError, match="may not read the status"):
        sync()

    assert User.objects.filter(is_active=True, status="active").count() == 11


def test_an_outage_half_way_ends_no_session(sync, directus, people, monkeypatch):
    sync()
    session_of(local(people[9]))
    listing = run.DirectusClient.list_users

    def breaks_off(client, **options):
        profiles = listing(client, **options)
        yield from (next(profiles) for _ in range(3))
        raise DirectusUnavailable("GET /users: timed out")

    monkeypatch.setattr(run.DirectusClient, "list_users", breaks_off)

    with pytest.raises(CommandError, match="timed out"):
        sync()

    assert User.objects.filter(is_active=True).count() == 11
    assert Session.objects.count() == 1


def test_a_dry_run_meets_the_brake_too(sync, directus, people):
    sync()
    for person in people[:5]:
        directus.delete(person)

    with pytest.raises(CommandError, match="5 of 11"):
        sync(dry_run=True)


@pytest.mark.parametrize("percent", [20.0, 100.0])
def test_an_empty_list_is_never_right(sync, directus, ada, monkeypatch, percent):
    """One of few users may leave; a rule that hides all users is no departure."""
    sync()
    User.objects.exclude(directus_id=ada.id).delete()
    no_users = {"data": []}
    directus.answers(200, no_users, path="/users", times=9)
    monkeypatch.setattr(run.DirectusClient, "count_users", lambda client: 0)

    with pytest.raises(CommandError, match="lists no user"):
        sync(max_deactivate=percent)

    assert local(ada).is_active
