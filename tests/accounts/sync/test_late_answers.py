"""A late answer does not overwrite the answer to a later request."""

import uuid
from datetime import timedelta

import pytest
from django.core.management import CommandError
from django.utils import timezone

from accounts.backends import DirectusBackend
from accounts.core import clients, memory
from accounts.directus import DirectusClient
from accounts.mirror import users
from accounts.mirror.users import mirror_user
from accounts.models import SyncPosition, User
from accounts.operations import suspend
from accounts.sync import run as syncing
from accounts.sync import webhook
from tests.accounts.signed_in import make_old

from .mirrored import local, run, session_of

pytestmark = pytest.mark.django_db
# In the order in which Directus lists them, before any other.
FIRST = "00000000-0000-4000-8000-000000000001"
SECOND = "00000000-0000-4000-8000-000000000002"


@pytest.fixture(autouse=True)
def _rights(settings, service_token):
    settings.DIRECTUS_STAFF_ROLES = ["Editor"]
    settings.DIRECTUS_SUPERUSER_ROLES = ["Editor"]
    settings.DIRECTUS_ROLE_GROUPS = {"Editor": ["editors"]}


@pytest.fixture
def chief(directus):
    """A superuser here, by the role in Directus."""
    return directus.add_user("chief@example.com", role="Editor", id=SECOND)


@pytest.fixture
def browser(chief, sign_in):
    """A browser in which the chief is signed in."""
    browser = sign_in(chief)
    assert local(chief).is_superuser
    assert browser.get("/admin/").status_code == 200
    return browser


def by_sync(chief, browser):
    run()


def by_sync_of_one(chief, browser):
    run(user=chief.id)


def by_sync_of_changes(chief, browser):
    run(since=timezone.now() - timedelta(minutes=5))


def by_webhook(chief, browser):
    message = webhook.Message("users.update", (uuid.UUID(chief.id),))
    webhook.follow(message, timezone.now())


def by_sync_now(chief, browser):
    suspend.sync(clients.service_client(), local(chief))


def by_next_request(chief, browser):
    make_old(browser, minutes=5)
    browser.get("/")


def by_sign_in(chief, browser):
    DirectusBackend().authenticate(None, chief.email, chief.password)


WRITERS = {
    by_sync: "/users",
    by_sync_of_one: "/users",
    by_sync_of_changes: "/users",
    by_webhook: "/users",
    by_sync_now: "/users/{id}",
    by_next_request: "/users/me",
    by_sign_in: "/users/me",
}


@pytest.fixture
def late(chief, browser, directus):
    """A function that lets something happen while a writer waits for its answer."""

    def late(writer, meanwhile):
        directus.is_late(WRITERS[writer].format(id=chief.id), chief.id, meanwhile)
        writer(chief, browser)
        assert not directus._late, "it did not ask"

    return late


every_writer = pytest.mark.parametrize("writer", WRITERS, ids=lambda w: w.__name__)


@every_writer
def test_a_user_demoted_meanwhile_gets_no_rights_back(
    late, writer, chief, browser, directus
):
    def demoted():
        directus.change(chief, role="Customer")
        mirror_user(clients.service_client().get_user(chief.id))

    late(writer, demoted)

    user = local(chief)
    assert (user.is_staff, user.is_superuser) == (False, False)
    assert not user.groups.exists()
    assert browser.get("/admin/").status_code != 200


@every_writer
def test_a_user_suspended_meanwhile_stays_out(late, writer, chief, browser, directus):
    def suspended():
        directus.suspend(chief)
        by_webhook(chief, browser)

    late(writer, suspended)

    user = local(chief)
    assert (user.is_active, user.status) == (False, "suspended")
    assert not user.sessions.exists()


@every_writer
def test_a_user_deleted_meanwhile_stays_out(late, writer, chief, directus):
    def deleted():
        directus.delete(chief)
        message = webhook.Message("users.delete", (uuid.UUID(chief.id),))
        webhook.follow(message, timezone.now())

    late(writer, deleted)

    assert not local(chief).is_active


@every_writer
def test_a_user_whom_staff_suspended_meanwhile_stays_out(
    late, writer, chief, directus, monkeypatch
):
    def suspended():
        monkeypatch.setattr("tests.fake_directus.rights.CUSTOMER", "Editor")
        suspend.suspend(clients.service_client(), local(chief), spare_superusers=False)

    late(writer, suspended)

    assert (chief.status, local(chief).is_active) == ("suspended", False)


@every_writer
def test_what_was_asked_for_later_counts(late, writer, chief, directus):
    """A late answer counts if no other request has read the user meanwhile."""
    late(writer, lambda: directus.change(chief, role="Customer"))

    assert local(chief).is_superuser
    by_sync_of_one(chief, None)
    assert not local(chief).is_superuser


@pytest.mark.parametrize("writer", [by_sync, by_sync_of_one, by_sync_of_changes])
def test_a_user_who_came_back_meanwhile_stays(late, writer, chief, directus):
    directus.suspend(chief)

    def back():
        directus.change(chief, status="active")
        session_of(mirror_user(clients.service_client().get_user(chief.id)))

    late(writer, back)

    assert local(chief).is_active
    assert local(chief).is_superuser
    assert local(chief).sessions.exists()


@pytest.mark.parametrize("writer", [by_sync, by_sync_of_one, by_sync_of_changes])
def test_a_user_who_signs_in_while_a_deletion_is_looked_into_stays(
    late, writer, chief, directus, monkeypatch
):
    """Missing in one answer, because the service token saw no user for a moment."""
    unseen = {"data": []}
    asked = DirectusClient.get

    def get(client, path, **options):
        answer = asked(client, path, **options)
        if path == "/users" and "_in" in str(options):
            session_of(mirror_user(clients.service_client().get_user(chief.id)))
            return unseen["data"]
        return answer

    monkeypatch.setattr(DirectusClient, "get", get)
    monkeypatch.setattr(DirectusClient, "get_users", lambda client, ids: get_no_user())

    def get_no_user():
        session_of(mirror_user(clients.service_client().get_user(chief.id)))
        return []

    User.objects.update(synced_at=timezone.now() - timedelta(hours=1))
    listing = DirectusClient.list_users
    monkeypatch.setattr(
        DirectusClient,
        "list_users",
        lambda client, **o: (p for p in listing(client, **o) if str(p.id) != chief.id),
    )
    monkeypatch.setattr(DirectusClient, "count_users", lambda client: 1)

    writer(chief, None)

    assert local(chief).is_active


def test_a_resumed_sync_gives_nothing_back(chief, browser, directus, monkeypatch):
    monkeypatch.setattr(clients, "MOST_ROWS", 1)
    monkeypatch.setattr(syncing, "BATCH", 1)
    directus.add_user("first@example.com", id=FIRST)
    noted = syncing._Sync._note

    def interrupt(sync, *args):
        noted(sync, *args)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(syncing._Sync, "_note", interrupt)
        with pytest.raises(CommandError):
            run()
    assert SyncPosition.objects.exists()
    directus.state.activity.clear()

    def demoted():
        directus.change(chief, role="Customer")
        mirror_user(clients.service_client().get_user(chief.id))

    directus.is_late("/users", chief.id, demoted)
    run(resume=True)

    assert not directus._late
    assert not local(chief).is_superuser


# Clocks


@pytest.mark.parametrize("minutes", [-10, 10])
def test_a_host_whose_clock_is_wrong_writes_as_others_do(
    chief, browser, directus, monkeypatch, minutes
):
    """The database's clock counts; here it is another one than this host's."""
    other = timezone.now() + timedelta(minutes=minutes)
    monkeypatch.setattr(users, "_database_now", lambda: other)
    memory.clear()
    run()
    assert abs(local(chief).synced_at - other) < timedelta(seconds=30)
    directus.change(chief, role="Customer")

    by_webhook(chief, browser)

    assert not local(chief).is_superuser
