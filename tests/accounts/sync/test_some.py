"""directus_sync --since and --user: only the changed users."""

from datetime import datetime, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.core import memory
from accounts.management.commands import directus_sync
from accounts.models import User
from accounts.sync import changes, run

from .mirrored import local, session_of

pytestmark = pytest.mark.django_db


def an_hour_passes(directus):
    """Let what happened so far have happened an hour ago."""
    for row in directus.state.activity:
        moment = datetime.fromisoformat(row["timestamp"]) - timedelta(hours=1)
        row["timestamp"] = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    for user in directus.state.users.values():
        user.date_updated = directus.state.activity[0]["timestamp"]


def test_only_changed_users_are_asked_about(sync, directus, people, settings):
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


def test_no_user_was_changed(sync, directus, people):
    sync()
    directus.change(people[0], first_name="an hour ago")
    an_hour_passes(directus)

    printed = sync(since=timezone.now() - timedelta(minutes=30))

    assert printed.startswith("0 users in Directus")
    assert local(people[0]).first_name == "C0"


@pytest.mark.parametrize("page", [1, 2, 100])
def test_a_long_log_is_read_page_by_page(sync, directus, people, monkeypatch, page):
    monkeypatch.setattr(changes, "PAGE", page)
    monkeypatch.setattr(run, "ASKED_AT_ONCE", page)

    printed = sync(since=timezone.now() - timedelta(minutes=5))

    assert "11 users in Directus. Created 11" in printed


def test_the_brake_is_on_for_a_delta_too(sync, directus, people):
    sync()
    for person in people[:5]:
        directus.suspend(person)

    with pytest.raises(CommandError, match="5 of 11"):
        sync(since=timezone.now() - timedelta(minutes=5))

    assert User.objects.filter(is_active=True).count() == 11


def test_a_page_that_directus_cuts_off_ends_no_session(sync, directus, people):
    sync()
    info = {"data": {"queryLimit": {"default": 100, "max": 3}}}
    directus.answers(200, info, path="/server/info", times=9)
    memory.clear()
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
    an_hour_passes(directus)
    directus.change(people[0], first_name="by the API")
    directus.change(people[1], first_name="by a Flow")
    # Directus logs nothing of what a Flow does on its own behalf.
    directus.state.activity.pop()
    directus.delete(people[2])

    printed = sync(since=timezone.now() - timedelta(minutes=30))

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


@pytest.mark.parametrize("seconds", [-900, -86400, 900])
@pytest.mark.parametrize("field", [True, False])
def test_a_changed_user_is_found_though_the_clocks_differ(
    sync, directus, people, seconds, field, caplog
):
    sync()
    an_hour_passes(directus)
    directus.state.has_date_updated = field
    directus.state.activity_readable = not field
    directus.time_passes(seconds)
    directus.suspend(people[0])

    sync(since=timezone.now() - timedelta(minutes=5), max_deactivate=50.0)

    assert not local(people[0]).is_active
    assert "clocks differ" in caplog.text


def test_where_directus_does_not_tell_the_time_some_minutes_are_added(
    sync, directus, people, monkeypatch, caplog
):
    monkeypatch.setattr(
        "accounts.directus.DirectusClient.get_time", lambda self, **options: None
    )
    sync()
    an_hour_passes(directus)
    directus.time_passes(-270)
    directus.change(people[0], first_name="New")

    assert "updated 1" in sync(since=timezone.now() - timedelta(seconds=1))


@pytest.mark.parametrize("seconds", [5, 3600, 10**9])
def test_the_future_is_wrong_usage(sync, people, seconds):
    with pytest.raises(CommandError, match="in the past") as caught:
        sync(since=timezone.now() + timedelta(seconds=seconds))

    assert caught.value.returncode == 2


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
