"""directus_sync of all users: rows, sessions, and the output."""

import json

import pytest
from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command

from accounts.core import clients
from accounts.directus import DirectusUnavailable
from accounts.mirror.users import clock, mirrored_values
from accounts.models import Session, User
from accounts.sync import run
from accounts.sync.bulk import COMPARED

from .mirrored import local, session_of

pytestmark = pytest.mark.django_db


def test_all_users_are_mirrored(sync, directus, people, batch):
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
def test_a_user_who_left_is_signed_out(sync, directus, people, leave, batch):
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


def test_a_reactivated_user_may_sign_in_again(sync, directus, people):
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


# Requests and output


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


def test_it_needs_a_service_token(directus, db):
    with pytest.raises(CommandError, match="DIRECTUS_SERVICE_TOKEN"):
        call_command("directus_sync")


def test_every_mirrored_column_is_compared(directus, service_token):
    profile = next(clients.service_client().list_users())

    assert mirrored_values(profile, clock()).keys() == {
        *COMPARED,
        "is_active",
        "synced_at",
    }


def test_pages_are_no_longer_than_directus_allows(directus, service_token):
    client = clients.service_client()
    info = {"data": {"queryLimit": {"default": 100, "max": 7}}}
    directus.answers(200, info, path="/server/info")

    assert clients.page_size(client) == 7


def test_output_and_log_name_no_user(sync, directus, people, caplog, capsys):
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
    monkeypatch.setattr(run, "BATCH", 3)
    listing = run.DirectusClient.list_users

    def breaks_off(client, **options):
        profiles = listing(client, **options)
        yield from (next(profiles) for _ in range(6))
        raise DirectusUnavailable("GET /users: timed out")

    with monkeypatch.context() as patch:
        patch.setattr(run.DirectusClient, "list_users", breaks_off)
        with pytest.raises(CommandError):
            sync()
    written = User.objects.count()
    assert written in {3, 6}

    assert f"Created {11 - written}, updated 0" in sync()
