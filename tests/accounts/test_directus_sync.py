"""directus_sync: who is mirrored, who is signed out, and when it refuses."""

import json
import uuid
from io import StringIO

import pytest
from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts import clients, sync_pages, syncing
from accounts.directus import DirectusUnavailable
from accounts.mirror import mirrored_values
from accounts.mirror_batches import COMPARED
from accounts.models import Session, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def sync(service_token):
    """Run directus_sync; returns what it prints."""

    def run(**options):
        output = StringIO()
        call_command("directus_sync", stdout=output, no_color=True, **options)
        return output.getvalue()

    return run


@pytest.fixture
def people(directus, service_token):
    """Ten customers in Directus."""
    return [
        directus.add_user(f"customer-{number}@example.com", first_name=f"C{number}")
        for number in range(10)
    ]


@pytest.fixture(params=[1, 3, 1000])
def batch(request, monkeypatch):
    """Batches smaller and larger than the number of users."""
    monkeypatch.setattr(syncing, "BATCH", request.param)


def session_of(user):
    key = uuid.uuid4().hex
    return Session.objects.create(
        session_key=key, user=user, expire_date=timezone.now(), session_data=""
    )


def local(person):
    return User.objects.get(directus_id=person.id)


def test_everybody_is_mirrored(sync, directus, people, batch):
    people[0].last_access = "2026-11-24T10:00:00"

    printed = sync()

    assert "11 users in Directus. Created 11" in printed
    user = local(people[0])
    assert (user.email, user.first_name) == ("customer-0@example.com", "C0")
    assert user.role_name == "Customer"
    assert user.last_access.isoformat() == "2026-11-24T10:00:00+00:00"
    assert user.is_active
    assert not user.has_usable_password()


def test_a_second_run_updates_only_what_changed(sync, directus, people, batch):
    sync()
    before = local(people[1])
    directus.change(people[0], first_name="New")

    printed = sync()

    assert "Created 0, updated 1, reactivated 0, deactivated 0" in printed
    assert local(people[0]).first_name == "New"
    after = local(people[1])
    assert after.synced_at > before.synced_at
    assert after.password == before.password
    assert after.pk == before.pk


def test_a_changed_user_keeps_key_password_and_sessions(sync, directus, people):
    sync()
    before = local(people[0])
    session_of(before)
    directus.change(people[0], email="new-address@example.com")

    sync()

    after = local(people[0])
    assert after.email == "new-address@example.com"
    assert (after.pk, after.password) == (before.pk, before.password)
    assert after.created_at == before.created_at
    assert Session.objects.filter(user=after).count() == 1


def test_an_address_that_passed_on_makes_a_new_user(sync, directus, people):
    sync()
    former = local(people[0])
    directus.delete(people[0])
    successor = directus.add_user("customer-0@example.com")

    sync()

    former.refresh_from_db()
    assert not former.is_active
    assert local(successor).pk != former.pk


@pytest.mark.parametrize("leave", ["delete", "suspend"])
def test_who_left_is_out(sync, directus, people, leave, batch):
    sync()
    user = local(people[0])
    session_of(user)
    stays = session_of(local(people[1]))
    getattr(directus, leave)(people[0])

    printed = sync()

    user.refresh_from_db()
    assert not user.is_active
    assert "deactivated 1; ended 1 sessions" in printed
    assert list(Session.objects.values_list("pk", flat=True)) == [stays.pk]


def test_who_is_active_again_may_come_back(sync, directus, people):
    directus.suspend(people[0])
    sync()
    assert not local(people[0]).is_active
    directus.change(people[0], status="active")

    assert "reactivated 1" in sync()

    assert local(people[0]).is_active


def test_a_former_member_of_staff_loses_the_admin(sync, directus, people, settings):
    settings.DIRECTUS_STAFF_ROLES = ["Editor"]
    settings.DIRECTUS_SUPERUSER_ROLES = ["Editor"]
    directus.change(people[0], role="Editor")
    sync()
    assert local(people[0]).is_staff
    directus.delete(people[0])

    sync()

    user = local(people[0])
    assert (user.is_active, user.is_staff, user.is_superuser) == (False, False, False)


def test_local_users_are_left_alone(sync, directus, people):
    admin = User.objects.create_superuser("customer-0@example.com", "break-glass")

    sync()

    fresh = User.objects.get(pk=admin.pk)
    assert fresh.is_active
    assert fresh.is_superuser
    assert fresh.synced_at is None
    assert fresh.directus_id is None


def test_groups_of_roles_follow_and_groups_given_by_hand_stay(
    sync, directus, people, settings
):
    settings.DIRECTUS_ROLE_GROUPS = {"Customer": ["buyers"], "Editor": ["editors"]}
    sync()
    user = local(people[0])
    user.groups.add(Group.objects.create(name="by hand"))
    directus.change(people[0], role="Editor")

    sync()

    assert {group.name for group in user.groups.all()} == {"by hand", "editors"}
    assert {group.name for group in local(people[1]).groups.all()} == {"buyers"}


# The brake


def test_too_many_who_left_stop_it(sync, directus, people):
    sync()
    for person in people[:5]:
        directus.delete(person)
    directus.change(people[9], first_name="New")

    with pytest.raises(CommandError, match="5 of 11") as caught:
        sync()

    assert caught.value.returncode == 1
    assert User.objects.filter(is_active=True).count() == 11
    assert local(people[9]).first_name == "New"


def test_too_many_who_are_suspended_stop_it(sync, directus, people):
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


def test_nobody_leaves_when_none_may(sync, directus, people):
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


def test_who_is_only_missing_from_the_list_stays(sync, directus, people, monkeypatch):
    """A deletion while the pages are read moves somebody to a page read already."""
    sync()
    skipped = people[0]
    listing = syncing.DirectusClient.list_users

    def without_one(client, **options):
        for profile in listing(client, **options):
            if str(profile.id) != skipped.id:
                yield profile

    monkeypatch.setattr(syncing.DirectusClient, "list_users", without_one)
    monkeypatch.setattr(syncing.DirectusClient, "count_users", lambda client: 10)

    assert "deactivated 0" in sync()

    assert local(skipped).is_active


def test_a_token_that_cannot_read_the_status_changes_nothing(
    sync, directus, people, monkeypatch
):
    sync()
    listing = syncing.DirectusClient.list_users

    def without_status(client, **options):
        for profile in listing(client, **options):
            object.__setattr__(profile, "status", "")
            yield profile

    monkeypatch.setattr(syncing.DirectusClient, "list_users", without_status)

    with pytest.raises(CommandError, match="may not read the status"):
        sync()

    assert User.objects.filter(is_active=True, status="active").count() == 11


def test_an_outage_half_way_signs_nobody_out(sync, directus, people, monkeypatch):
    sync()
    session_of(local(people[9]))
    listing = syncing.DirectusClient.list_users

    def breaks_off(client, **options):
        profiles = listing(client, **options)
        yield from (next(profiles) for _ in range(3))
        raise DirectusUnavailable("GET /users: timed out")

    monkeypatch.setattr(syncing.DirectusClient, "list_users", breaks_off)

    with pytest.raises(CommandError, match="timed out"):
        sync()

    assert User.objects.filter(is_active=True).count() == 11
    assert Session.objects.count() == 1


# What it asks and prints


def test_a_dry_run_counts_and_writes_nothing(sync, directus, people):
    sync()
    directus.delete(people[0])
    directus.suspend(people[1])
    directus.change(people[2], first_name="New")
    directus.add_user("new@example.com")
    before = list(User.objects.order_by("pk").values())

    printed = sync(dry_run=True)

    assert "Would create 1, update 2, reactivate 0, deactivate 2." in printed
    assert list(User.objects.order_by("pk").values()) == before


def test_a_dry_run_meets_the_brake_too(sync, directus, people):
    sync()
    for person in people[:5]:
        directus.delete(person)

    with pytest.raises(CommandError, match="5 of 11"):
        sync(dry_run=True)


def test_it_needs_a_service_token(directus, db):
    with pytest.raises(CommandError, match="DIRECTUS_SERVICE_TOKEN"):
        call_command("directus_sync")


def test_every_mirrored_column_is_compared(directus, service_token):
    profile = next(clients.service_client().list_users())

    assert mirrored_values(profile).keys() == {*COMPARED, "is_active", "synced_at"}


def test_pages_are_no_longer_than_directus_allows(directus, service_token):
    client = clients.service_client()
    info = {"data": {"queryLimit": {"default": 100, "max": 7}}}
    directus.answers(200, info, path="/server/info")

    assert sync_pages.page_size(client) == 7


def test_output_and_log_name_nobody(sync, directus, people, caplog, capsys):
    printed = sync()

    for text in (printed, caplog.text, capsys.readouterr().err):
        assert "customer-" not in text
        assert clients.settings.DIRECTUS_SERVICE_TOKEN not in text


def test_the_outcome_as_json(sync, directus, people):
    assert json.loads(sync(format="json")) == {
        "seen": 11,
        "created": 11,
        "updated": 0,
        "deactivated": 0,
        "reactivated": 0,
        "sessions_ended": 0,
        "resumed": 0,
        "dry_run": False,
    }


def test_what_was_interrupted_goes_on(sync, directus, people, monkeypatch):
    monkeypatch.setattr(syncing, "BATCH", 3)
    listing = syncing.DirectusClient.list_users

    def breaks_off(client, **options):
        profiles = listing(client, **options)
        yield from (next(profiles) for _ in range(6))
        raise DirectusUnavailable("GET /users: timed out")

    with monkeypatch.context() as patch:
        patch.setattr(syncing.DirectusClient, "list_users", breaks_off)
        with pytest.raises(CommandError):
            sync()
    written = User.objects.count()
    assert written in {3, 6}

    assert f"Created {11 - written}, updated 0" in sync()


@pytest.mark.real
def test_a_real_directus_is_mirrored(directus_server, make_customer, settings):
    settings.DIRECTUS_URL = directus_server.directus.url
    settings.DIRECTUS_SERVICE_TOKEN = directus_server.service_token
    people = [make_customer(first_name=f"C{number}") for number in range(3)]
    client = clients.service_client()

    first = syncing.sync_users(client)
    directus_server.admin.patch_user(people[0].id, status="suspended")
    directus_server.admin.delete_user(people[1].id)
    second = syncing.sync_users(client, max_deactivate=100)

    assert first.created == first.seen == User.objects.count()
    assert second.deactivated == 2
    active = {str(user.directus_id) for user in User.objects.filter(is_active=True)}
    assert active & {person.id for person in people} == {people[2].id}
