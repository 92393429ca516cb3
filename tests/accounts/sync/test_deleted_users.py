"""Nothing from Directus comes back into the row of a deleted user."""

from io import StringIO
from uuid import UUID

import pytest
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.utils import timezone

from accounts.core import clients
from accounts.mirror.users import mirror_user
from accounts.models import User
from accounts.sync.webhook import Message, follow

from ..steps import log_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def deleted(ada):
    """Ada's row after the deletion here; Directus still has the user."""
    return User.objects.create(
        directus_id=ada.id, password="!", is_active=False, deleted_at=timezone.now()
    )


@pytest.fixture(autouse=True)
def _nothing_came_back(deleted, settings):
    settings.DIRECTUS_ROLE_GROUPS = {"Customer": ["customers"]}
    Group.objects.create(name="customers")
    yield
    after = User.objects.get(directus_id=deleted.directus_id)
    assert (after.email, after.first_name, after.status) == ("", "", "")
    assert not after.is_active
    assert after.deleted_at
    assert after.synced_at is None
    assert not after.groups.exists()


def test_not_by_mirroring(ada, directus, service_token):
    profile = clients.service_client().get_user(ada.id)

    assert not mirror_user(profile).is_active


def test_not_by_signing_in(client, ada, directus):
    response = log_in(client, ada.email, ada.password)

    assert response.status_code == 200
    assert "Incorrect email address or password." in response.text
    assert not directus.sessions_of(ada)


def test_not_by_a_sync(service_token):
    printed = StringIO()
    call_command("directus_sync", stdout=printed, no_color=True)

    assert "2 users in Directus. Created 1, updated 0" in printed.getvalue()
    assert "reactivated 0" in printed.getvalue()


@pytest.mark.parametrize("event", ["users.update", "users.delete"])
def test_not_by_a_message(event, ada, service_token):
    follow(Message(event, (UUID(ada.id),)), timezone.now())
