"""directus_sync --since and --user: who was changed, and only they."""

import json
import time
import uuid
from datetime import timedelta
from io import StringIO
from urllib.parse import urlencode

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts import changes, clients, syncing
from accounts.management.commands import directus_sync
from accounts.models import Session, User
from accounts.provisioning import ids

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


def test_only_who_was_changed_is_asked(sync, directus, people, settings):
    settings.DIRECTUS_ROLE_GROUPS = {"Editor": ["editors"]}
    sync()
    session_of(local(people[2]))
    directus.state.activity.clear()
    directus.change(people[0], first_name="New")
    directus.change(people[1], role="Editor")
    directus.suspend(people[2])
    directus.delete(people[3])
    directus.delete(directus.add_user("here-and-gone@example.com"))
    directus.forget_calls()

    printed = sync(since=timezone.now() - timedelta(minutes=5), max_deactivate=50.0)

    assert "Created 0, updated 3, reactivated 0, deactivated 2; ended 1" in printed
    assert local(people[0]).first_name == "New"
    assert local(people[1]).groups.get().name == "editors"
    assert not local(people[2]).is_active
    assert not local(people[3]).is_active
    # One answer about a field that is not there, and one with the four.
    assert len(directus.calls_to("/users")) == 2


def test_nobody_was_changed(sync, directus, people):
    sync()
    directus.time_passes(-3600)
    directus.change(people[0], first_name="an hour ago")

    printed = sync(since=timezone.now() + timedelta(seconds=1))

    assert printed.startswith("0 users in Directus")
    assert local(people[0]).first_name == "C0"


@pytest.mark.parametrize("page", [1, 2, 100])
def test_a_long_log_is_read_page_by_page(sync, directus, people, monkeypatch, page):
    monkeypatch.setattr(changes, "PAGE", page)
    monkeypatch.setattr(syncing, "ASKED_AT_ONCE", page)

    printed = sync(since=timezone.now() - timedelta(minutes=5))

    assert "11 users in Directus. Created 11" in printed


def test_the_brake_is_on_for_a_delta_too(sync, directus, people):
    sync()
    for person in people[:5]:
        directus.suspend(person)

    with pytest.raises(CommandError, match="5 of 11"):
        sync(since=timezone.now() - timedelta(minutes=5))

    assert User.objects.filter(is_active=True).count() == 11


def test_a_page_that_directus_cuts_off_signs_nobody_out(sync, directus, people):
    sync()
    info = {"data": {"queryLimit": {"default": 100, "max": 3}}}
    directus.answers(200, info, path="/server/info", times=9)
    directus.forget_calls()

    assert "deactivated 0" in sync(since=timezone.now() - timedelta(minutes=5))

    limits = {int(call.query["limit"]) for call in directus.calls_to("/users")}
    assert max(limits) == 3


@pytest.mark.parametrize("log", [True, False])
def test_a_field_with_the_time_of_change_is_used_when_there_is_one(
    sync, directus, people, log
):
    sync()
    directus.state.has_date_updated = True
    directus.state.activity_readable = log
    directus.time_passes(3600)
    directus.change(people[0], first_name="by the API")
    directus.change(people[1], first_name="by a Flow")
    # Directus logs nothing of what a Flow does on its own behalf.
    directus.state.activity.pop()
    directus.delete(people[2])

    printed = sync(since=timezone.now() + timedelta(minutes=30))

    gone = 1 if log else 0
    assert f"updated 2, reactivated 0, deactivated {gone}" in printed
    assert local(people[1]).first_name == "by a Flow"
    assert local(people[2]).is_active is not log


def test_without_log_and_field_there_is_no_delta(sync, directus, people):
    directus.state.activity_readable = False

    with pytest.raises(CommandError, match="directus_activity"):
        sync(since=timezone.now() - timedelta(hours=1))


def test_what_directus_has_forgotten_is_not_asked(sync, directus, people):
    with pytest.raises(CommandError, match="without --since"):
        sync(since=timezone.now() - timedelta(days=40))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("15m", 900), ("2h", 7200), ("1d", 86400), ("2026-01-01T00:00:00Z", None)],
)
def test_times_that_are_understood(text, seconds):
    moment = directus_sync._moment(text)

    if seconds is None:
        assert moment.isoformat() == "2026-01-01T00:00:00+00:00"
    else:
        assert (timezone.now() - moment).total_seconds() == pytest.approx(
            seconds, abs=2
        )


@pytest.mark.parametrize("text", ["yesterday", "5", "-1h", "1w"])
def test_times_that_are_not(service_token, text):
    with pytest.raises(CommandError, match="--since"):
        call_command("directus_sync", "--since", text)


def test_one_user(sync, directus, people):
    directus.change(people[0], first_name="New")

    printed = sync(user=people[0].email.upper())

    assert "1 users in Directus. Created 1" in printed
    assert User.objects.get().first_name == "New"


def test_one_user_who_is_gone(sync, directus, people):
    sync()
    directus.delete(people[0])

    assert "deactivated 1" in sync(user=people[0].id)

    assert not local(people[0]).is_active


def test_a_dry_run_of_one_user(sync, directus, people):
    sync()
    directus.suspend(people[0])

    assert "update 1, reactivate 0, deactivate 1" in sync(
        user=people[0].id, dry_run=True
    )

    assert local(people[0]).is_active


def test_an_unknown_user(sync, directus, people):
    with pytest.raises(CommandError, match="No user") as caught:
        sync(user="nobody@example.com")

    assert caught.value.returncode == 2


# A real Directus


@pytest.fixture
def date_updated(directus_server):
    """The field, as an operator or directus_setup adds it, readable for the site."""
    admin = directus_server.admin
    field = {
        "field": "date_updated",
        "type": "timestamp",
        "meta": {"special": ["date-updated"], "readonly": True, "hidden": True},
        "schema": {},
    }
    fields = admin.call("GET", "/fields/directus_users")
    had_it = any(one["field"] == "date_updated" for one in fields)
    if not had_it:
        admin.call("POST", "/fields/directus_users", field)
    rules = {"policy": ids.SERVICE_POLICY, "collection": "directus_users"} | {
        "action": "read"
    }
    rule = {"_and": [{name: {"_eq": value}} for name, value in rules.items()]}
    query = urlencode({"filter": json.dumps(rule)})
    (right,) = admin.call("GET", f"/permissions?{query}")
    path, before = f"/permissions/{right['id']}", right["fields"]
    admin.call("PATCH", path, {"fields": sorted({*before, "date_updated"})})
    yield
    admin.call("PATCH", path, {"fields": before})
    if not had_it:
        admin.call("DELETE", "/fields/directus_users/date_updated")


@pytest.mark.real
@pytest.mark.directus(11)
def test_a_real_directus_keeps_the_time_of_change(
    directus_server, make_customer, settings, date_updated
):
    settings.DIRECTUS_URL = directus_server.directus.url
    settings.DIRECTUS_SERVICE_TOKEN = directus_server.service_token
    client = clients.service_client()
    people = [make_customer() for _ in range(3)]
    syncing.sync_users(client)
    time.sleep(1.1)
    since = timezone.now()
    directus_server.admin.patch_user(people[0].id, first_name="New")
    directus_server.admin.patch_user(people[1].id, status="suspended")

    by_field = {str(id_) for id_ in changes._from_field(client, since, 2)}
    changed = changes.changed_since(client, since)
    outcome = syncing.sync_some(client, changed, max_deactivate=100.0)

    assert by_field == {people[0].id, people[1].id}
    assert (outcome.updated, outcome.deactivated) == (2, 1)
    assert local(people[0]).first_name == "New"


@pytest.mark.real
def test_a_real_directus_tells_who_was_changed(
    directus_server, make_customer, settings
):
    settings.DIRECTUS_URL = directus_server.directus.url
    settings.DIRECTUS_SERVICE_TOKEN = directus_server.service_token
    client = clients.service_client()
    people = [make_customer() for _ in range(4)]
    syncing.sync_users(client)
    time.sleep(1.1)
    since = timezone.now()
    directus_server.admin.patch_user(people[0].id, first_name="New")
    directus_server.admin.patch_user(people[1].id, status="suspended")
    directus_server.admin.delete_user(people[2].id)

    ids = changes.changed_since(client, since)
    outcome = syncing.sync_some(client, ids, max_deactivate=100.0)

    assert {str(id_) for id_ in ids} == {person.id for person in people[:3]}
    assert (outcome.updated, outcome.deactivated) == (2, 2)
    assert local(people[0]).first_name == "New"
