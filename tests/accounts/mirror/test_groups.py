"""Groups that roles give and take, beside groups that were given by hand."""

import importlib
import uuid
from dataclasses import replace

import pytest
from django.apps import apps
from django.contrib.auth.models import Group
from django.core.management import call_command

from accounts.directus import DirectusUser
from accounts.mirror.users import mirror_user
from accounts.models import RoleMembership, User

from ..signed_in import make_old

pytestmark = pytest.mark.django_db
ADA = DirectusUser(
    id=uuid.uuid4(), email="ada@example.com", status="active", role_name="Editor"
)
DEMOTED = replace(ADA, role_name="Customer")


@pytest.fixture(autouse=True)
def _map(settings):
    settings.DIRECTUS_ROLE_GROUPS = {
        "Editor": ["editors", "readers"],
        "Customer": ["readers"],
    }


@pytest.fixture
def editors(db):
    return Group.objects.create(name="editors")


def groups(user):
    return set(user.groups.values_list("name", flat=True))


def test_a_role_gives_groups_and_takes_them(db):
    user = mirror_user(ADA)
    assert groups(user) == {"editors", "readers"}

    mirror_user(DEMOTED)

    assert groups(user) == {"readers"}


def test_a_group_given_by_hand_survives_the_role_that_gives_it_too(editors):
    user = mirror_user(DEMOTED)
    user.groups.add(editors)

    mirror_user(ADA)
    assert groups(user) == {"editors", "readers"}
    mirror_user(DEMOTED)

    assert groups(user) == {"editors", "readers"}


def test_a_group_that_no_role_names_is_left_alone(db):
    user = mirror_user(ADA)
    user.groups.add(Group.objects.create(name="by hand"))

    mirror_user(DEMOTED)

    assert groups(user) == {"by hand", "readers"}


def test_what_a_role_gives_cannot_be_taken_away_by_hand_for_long(editors):
    user = mirror_user(ADA)
    user.groups.remove(editors)

    mirror_user(ADA)
    assert "editors" in groups(user)
    mirror_user(DEMOTED)

    assert "editors" not in groups(user)


def test_groups_of_a_map_that_was_emptied_go(settings):
    user = mirror_user(ADA)
    settings.DIRECTUS_ROLE_GROUPS = {}

    mirror_user(ADA)

    assert groups(user) == set()
    assert not RoleMembership.objects.exists()


def test_a_group_that_was_deleted_comes_back_with_the_role(editors):
    user = mirror_user(ADA)
    Group.objects.get(name="editors").delete()

    mirror_user(ADA)

    assert "editors" in groups(user)


def test_the_same_at_sign_in_revalidation_and_sync(
    signed_in_client, ada, directus, settings, service_token, editors
):
    user = User.objects.get(directus_id=ada.id)
    assert groups(user) == {"readers"}
    user.groups.add(Group.objects.create(name="by hand"))

    directus.change(ada, role="Editor")
    make_old(signed_in_client, minutes=5)
    signed_in_client.get("/")
    assert groups(user) == {"by hand", "editors", "readers"}

    directus.change(ada, role="Customer")
    call_command("directus_sync", verbosity=0)
    assert groups(user) == {"by hand", "readers"}


def test_the_sync_keeps_what_was_given_by_hand(ada, directus, service_token, editors):
    call_command("directus_sync")
    user = User.objects.get(directus_id=ada.id)
    user.groups.add(editors)
    for role in ("Editor", "Customer"):
        directus.change(ada, role=role)
        call_command("directus_sync")

    assert groups(user) == {"editors", "readers"}


def test_nothing_is_written_when_nothing_changed(db, django_assert_max_num_queries):
    mirror_user(ADA)
    before = list(RoleMembership.objects.values())

    mirror_user(ADA)

    assert list(RoleMembership.objects.values()) == before


def test_memberships_from_before_are_taken_for_the_roles_own(editors):
    """Migration 0002: roles took all groups of their map then."""
    user = mirror_user(DEMOTED)
    local = User.objects.create_superuser("root@example.com")
    for one in (user, local):
        one.groups.add(editors, Group.objects.get_or_create(name="by hand")[0])
    RoleMembership.objects.all().delete()

    migration = importlib.import_module("accounts.migrations.0002_role_memberships")
    migration.note_what_roles_gave(apps, None)
    mirror_user(DEMOTED)

    assert groups(user) == {"by hand", "readers"}
    assert groups(local) == {"by hand", "editors"}
