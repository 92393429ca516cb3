"""Messages of Directus' Flow: the effects on users and sessions."""

import time
import uuid
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts import signals
from accounts.core import clients
from accounts.flows import mailed_links
from accounts.models import MailedLink, Session, User
from accounts.sessions import recheck
from accounts.sync import webhook

from ...signed_in import row_of, store_of
from .flow import is_signed_in

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("status", ["suspended", "archived", "draft"])
def test_an_inactive_user_is_signed_out(flow, ada, signed_in_client, directus, status):
    directus.change(ada, status=status)

    flow.tells(ada, fields=["status"])

    user = User.objects.get(directus_id=ada.id)
    assert (user.is_active, user.status) == (False, status)
    assert not user.sessions.exists()
    assert not is_signed_in(signed_in_client)


def test_a_reactivated_user_is_let_in(flow, ada, signed_in_client, sign_in, directus):
    directus.suspend(ada)
    flow.tells(ada)
    directus.change(ada, status="active")

    flow.tells(ada)

    assert User.objects.get(directus_id=ada.id).is_active
    assert is_signed_in(sign_in(ada, Client()))


def test_a_user_who_was_given_to_a_provider_stays_signed_in(
    flow, ada, signed_in_client, directus
):
    directus.change(ada, provider="exampleid")

    flow.tells(ada)

    assert User.objects.get(directus_id=ada.id).provider == "exampleid"
    assert is_signed_in(signed_in_client)


def test_a_deleted_user_is_signed_out(flow, ada, signed_in_client, directus, settings):
    directus.delete(ada)

    flow.tells(ada, event="users.delete")

    user = User.objects.get(directus_id=ada.id)
    assert not user.is_active
    assert not user.sessions.exists()


def test_a_deletion_that_did_not_happen_ends_no_session(flow, ada, signed_in_client):
    flow.tells(ada, event="users.delete")

    assert User.objects.get(directus_id=ada.id).is_active
    assert is_signed_in(signed_in_client)


def test_a_user_hidden_after_a_change_is_asked_about_and_not_deactivated(
    flow, ada, signed_in_client, directus
):
    directus.answers(200, {"data": []}, path="/users")

    flow.tells(ada)

    assert User.objects.get(directus_id=ada.id).is_active
    directus.forget_calls()
    assert is_signed_in(signed_in_client)
    directus.was_asked_once("/users/me")


def test_a_new_role_gives_and_takes_rights(
    flow, ada, signed_in_client, directus, settings
):
    settings.DIRECTUS_STAFF_ROLES = ["Editor"]
    settings.DIRECTUS_ROLE_GROUPS = {"Editor": ["editors"]}
    directus.change(ada, role="Editor")
    flow.tells(ada, fields=["role"])
    user = User.objects.get(directus_id=ada.id)
    assert user.is_staff
    assert user.groups.filter(name="editors").exists()
    assert is_signed_in(signed_in_client)

    directus.change(ada, role="Customer")
    flow.tells(ada, fields=["role"])

    user.refresh_from_db()
    assert not user.is_staff
    assert not user.groups.exists()


@pytest.mark.parametrize("field", ["password", "email"])
def test_a_new_password_or_address_ends_earlier_sessions(
    flow, ada, signed_in_client, sign_in, field
):
    other = sign_in(ada, Client())
    later = row_of(other)
    later.authenticated_at = timezone.now() + timedelta(seconds=5)
    later.save()

    flow.tells(ada, fields=[field])

    assert not is_signed_in(signed_in_client)
    assert is_signed_in(other)


def test_other_fields_end_nothing(flow, ada, signed_in_client):
    flow.tells(ada, fields=["first_name", "role", "status"])

    assert is_signed_in(signed_in_client)


def test_unknown_ids_make_no_rows_and_no_calls(flow, directus):
    stranger = directus.add_user("stranger@example.com")

    assert flow.tells(stranger, str(uuid.uuid4())).status_code == 200

    assert not User.objects.exists()
    directus.was_not_asked()


def test_many_users_are_read_a_hundred_at_a_time(flow, directus, monkeypatch):
    # Long enough for a busy machine.
    monkeypatch.setattr(webhook, "READ_SECONDS", 60)
    people = [directus.add_user(f"p{n}@example.com") for n in range(250)]
    User.objects.bulk_create(
        User(directus_id=p.id, email=p.email, password="!") for p in people
    )
    for person in people:
        directus.suspend(person)

    flow.tells(*people)

    assert len(directus.calls_to("/users")) == 3
    assert not User.objects.filter(is_active=True).exists()


def test_more_users_than_fit_are_all_asked_about(flow, ada, signed_in_client, directus):
    directus.suspend(ada)

    flow.tells(more=True)

    assert not is_signed_in(signed_in_client)


@pytest.mark.parametrize("at_once", [1, 500])
def test_a_new_password_of_more_users_than_fit_ends_their_sessions(
    flow, ada, signed_in_client, sign_in, directus, monkeypatch, at_once
):
    """The message names no user; Directus refuses to renew the ended sessions."""
    monkeypatch.setattr(recheck, "AT_ONCE", at_once)
    grace = directus.add_user("grace@example.com")
    other = sign_in(grace, Client())
    directus.change(ada, password="Another-horse-1815")

    flow.tells(more=True, fields=["password"])

    assert not is_signed_in(signed_in_client)
    assert is_signed_in(other)


def put_off(user, *fields, arrived_at=None, more=False):
    """Put a message off that says that these fields of a user have changed."""
    ids = (uuid.UUID(user.id),)
    message = webhook.Message("users.update", ids, frozenset(fields), more)
    webhook.put_off(message, arrived_at or timezone.now())


def test_a_new_password_that_is_put_off_ends_sessions_too(
    ada, signed_in_client, directus
):
    directus.change(ada, password="Another-horse-1815")

    put_off(ada, "password")

    assert not is_signed_in(signed_in_client)


@pytest.mark.parametrize("more", [False, True])
def test_a_new_password_that_is_put_off_voids_links_too(
    ada, signed_in_client, directus, more
):
    """A link to another address was mailed to a person that knew the old password."""
    other = directus.add_user("other@example.com")
    for number, each in enumerate((ada, other)):
        purpose = mailed_links.Purpose.EMAIL_CHANGE
        mailed_links.make(purpose, str(number), "a@example.com", uuid.UUID(each.id))

    put_off(ada, "password", more=more)

    left = set(MailedLink.objects.values_list("directus_id", flat=True))
    assert left == (set() if more else {uuid.UUID(other.id)})


def test_other_apps_hear_of_it_after_the_commit(
    flow, ada, signed_in_client, directus, django_capture_on_commit_callbacks
):
    heard = []

    def receiver(sender, user, **facts):
        heard.append(user.pk)

    signals.user_deactivated.connect(receiver)
    directus.suspend(ada)
    try:
        with django_capture_on_commit_callbacks() as later:
            flow.tells(ada)
        assert heard == []
        for callback in later:
            callback()
    finally:
        signals.user_deactivated.disconnect(receiver)

    assert heard == [User.objects.get(directus_id=ada.id).pk]


def test_a_local_user_is_never_touched(flow, directus):
    User.objects.create_superuser("root@example.com", "x")

    flow.tells(str(uuid.uuid4()), event="users.delete")

    assert User.objects.get(email="root@example.com").is_superuser


# When Directus cannot be read


def test_without_an_answer_the_next_request_asks(flow, ada, signed_in_client, directus):
    directus.suspend(ada)
    directus.is_down()

    assert flow.tells(ada).status_code == 200

    directus.is_up()
    clients._transport.cache_clear()
    assert not is_signed_in(signed_in_client)


def test_a_cached_row_hides_nothing(flow, ada, client, sign_in, directus, settings):
    settings.SESSION_ROW_CACHE = True
    sign_in(ada)
    other = sign_in(ada, Client())
    assert is_signed_in(client)
    assert is_signed_in(other)
    directus.suspend(ada)

    put_off(ada)
    assert not is_signed_in(client)
    flow.tells(ada)

    assert not is_signed_in(other)


def test_without_a_service_token_the_next_request_asks(
    flow, ada, signed_in_client, directus, settings
):
    settings.DIRECTUS_SERVICE_TOKEN = ""
    directus.suspend(ada)
    directus.forget_calls()

    flow.tells(ada)

    directus.was_not_asked()
    assert not is_signed_in(signed_in_client)


def test_a_slow_directus_holds_no_more_than_a_few_threads(
    flow, ada, signed_in_client, directus
):
    for _ in range(3):
        assert webhook._readers.acquire(blocking=False)
    try:
        directus.forget_calls()
        started = time.monotonic()
        flow.tells(ada)
    finally:
        for _ in range(3):
            webhook._readers.release()

    assert time.monotonic() - started < 5
    directus.was_not_asked()
    assert row_of(signed_in_client).change_reported_at is not None


def test_values_read_before_another_write_are_not_written(
    flow, ada, signed_in_client, directus
):
    User.objects.update(synced_at=timezone.now() + timedelta(seconds=5))
    directus.change(ada, first_name="Augusta")

    flow.tells(ada)

    assert User.objects.get(directus_id=ada.id).first_name == "Ada"
    directus.forget_calls()
    assert is_signed_in(signed_in_client)
    directus.was_asked_once("/users/me")


def test_sessions_that_are_due_anyway_are_left_as_they_are(ada, signed_in_client):
    Session.objects.update(validated_at=timezone.now() - timedelta(hours=1))

    put_off(ada)

    assert row_of(signed_in_client).change_reported_at is None


def put_off_while_asking(user, browser):
    """Put a message off between a question to Directus and its answer."""
    session = store_of(browser)
    assert session.take_validation()
    put_off(user)
    session.confirm()


def test_a_change_reported_while_directus_is_asked_is_asked_about_next(
    ada, signed_in_client, directus
):
    put_off(ada)
    put_off_while_asking(ada, signed_in_client)

    directus.forget_calls()
    assert is_signed_in(signed_in_client)
    directus.was_asked_once("/users/me")
    assert row_of(signed_in_client).change_reported_at is None


def test_a_change_while_a_session_that_was_due_is_asked_about(
    ada, signed_in_client, directus
):
    Session.objects.update(validated_at=timezone.now() - timedelta(hours=1))
    put_off_while_asking(ada, signed_in_client)

    directus.forget_calls()
    assert is_signed_in(signed_in_client)
    directus.was_asked_once("/users/me")


def test_a_session_begun_after_a_new_password_renews_its_tokens_first(
    ada, signed_in_client, directus
):
    """It may have begun before, at a host whose clock is ahead."""
    expiry = row_of(signed_in_client).access_expires_at
    put_off(ada, "password", arrived_at=timezone.now() - timedelta(seconds=30))
    row = row_of(signed_in_client)
    assert row.must_renew
    assert row.access_expires_at == expiry

    directus.forget_calls()
    assert is_signed_in(signed_in_client)

    directus.was_asked_once("/auth/refresh")
    assert not row_of(signed_in_client).must_renew
