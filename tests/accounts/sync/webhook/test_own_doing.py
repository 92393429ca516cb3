"""Messages of the Flow about changes that directus_revoke --all itself made."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import Revocation, User

from .flow import is_signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def _under_way():
    now = timezone.now()
    Revocation.objects.create(started_at=now, noted_at=now)


@pytest.mark.usefixtures("_under_way")
def test_messages_about_the_own_writes_cost_no_call_and_are_never_too_many(
    flow, directus, caplog
):
    for _ in range(400):
        answer = flow.tells(str(uuid.uuid4()), fields=["email"])
        assert answer.status_code == 200

    directus.was_not_asked()
    assert "webhook." not in caplog.text


@pytest.mark.usefixtures("_under_way")
def test_a_new_address_ends_sessions_all_the_same(flow, ada, signed_in_client):
    flow.tells(ada, fields=["email"])

    assert not is_signed_in(signed_in_client)


@pytest.mark.usefixtures("_under_way")
@pytest.mark.parametrize("fields", [["status"], ["email", "role"], []])
def test_other_messages_are_followed(flow, ada, signed_in_client, directus, fields):
    directus.suspend(ada)

    flow.tells(ada, fields=fields)

    assert not User.objects.get(directus_id=ada.id).is_active


@pytest.mark.usefixtures("_under_way")
def test_a_run_that_has_died_is_not_under_way(flow, ada, signed_in_client):
    Revocation.objects.update(noted_at=timezone.now() - timedelta(minutes=5))
    ada.email = "new@example.com"

    flow.tells(ada, fields=["email"])

    assert User.objects.get(directus_id=ada.id).email == "new@example.com"
