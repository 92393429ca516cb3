"""directus_sync --erase-missing: users deleted since a backup are deleted again."""

import io
import json

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts import signals
from accounts.core import memory
from accounts.directus import DirectusClient
from accounts.models import AccountEvent, RecoveryCode, User
from accounts.sync import missing

from .mirrored import local, session_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def restored(sync, directus, people):
    """Two active users with a name here, who are gone from Directus."""
    sync()
    gone = [local(person) for person in people[:2]]
    for person in people[:2]:
        directus.delete(person)
    session_of(gone[0])
    RecoveryCode.objects.create(user=gone[0], digest="x", sealed_secret="x")
    return gone


def erased(users):
    return [bool(User.objects.get(pk=user.pk).deleted_at) for user in users]


def test_nothing_identifies_the_erased_users(restored, sync):
    outcome = json.loads(sync(erase_missing=True, yes=True, format="json"))

    assert (outcome["missing"], outcome["erased"]) == (2, 2)
    for user in restored:
        row = User.objects.get(pk=user.pk)
        assert (row.email, row.first_name, row.is_active) == ("", "", False)
        assert row.deleted_at
        assert not row.sessions.exists()
        assert not row.recovery_codes.exists()
    assert User.objects.filter(deleted_at=None, is_active=True).count() == 9


def test_without_the_option_they_only_leave(restored, sync):
    sync()

    assert erased(restored) == [False, False]


def test_a_user_deactivated_before_is_erased_too(restored, sync):
    sync()

    assert "Deleted 2 of 2" in sync(erase_missing=True, yes=True)
    assert "Deleted 0 of 0" in sync(erase_missing=True, yes=True)


def test_a_suspended_user_is_not_missing(restored, sync, directus, people):
    directus.suspend(people[5])

    sync(erase_missing=True, yes=True, max_deactivate=50.0)

    assert erased([local(people[5])]) == [False]


def test_local_users_are_never_missing(restored, sync):
    root = User.objects.create_superuser("root@example.com")

    sync(erase_missing=True, yes=True)

    root.refresh_from_db()
    assert (root.email, root.is_active) == ("root@example.com", True)


@pytest.mark.parametrize(
    ("said", "gone"), [("yes\n", True), ("no\n", False), ("", False)]
)
def test_it_asks_first(restored, sync, monkeypatch, capsys, said, gone):
    monkeypatch.setattr("sys.stdin", io.StringIO(said))

    sync(erase_missing=True)

    assert erased(restored) == [gone, gone]
    assert "2. Delete their names" in capsys.readouterr().err


def test_a_dry_run_counts(restored, sync):
    printed = sync(erase_missing=True, dry_run=True)

    assert "Would delete 2" in printed
    assert erased(restored) == [False, False]


def test_too_many_stop_it(restored, sync, directus, people):
    sync()
    directus.delete(people[2])
    sync(max_deactivate=100.0)

    with pytest.raises(CommandError, match="3 of 11") as caught:
        sync(erase_missing=True, yes=True)

    assert caught.value.returncode == 1
    assert erased(restored) == [False, False]


@pytest.mark.parametrize("option", [{"user": "7"}, {"since": timezone.now()}])
def test_only_with_all_users(service_token, sync, option):
    with pytest.raises(CommandError, match="all users") as caught:
        sync(erase_missing=True, **option)

    assert caught.value.returncode == 2


def test_an_answer_that_directus_cuts_off_erases_no_user(restored, sync, directus):
    info = {"data": {"queryLimit": {"default": 100, "max": 3}}}
    directus.answers(200, info, path="/server/info", times=9)
    memory.clear()
    limits = []
    asked = DirectusClient.get

    def get(client, path, **options):
        rows = asked(client, path, **options)
        limits.append(len(rows))
        # As QUERY_LIMIT_MAX does.
        return rows[:3] if isinstance(rows, list) else rows

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DirectusClient, "get", get)
        outcome = sync(erase_missing=True, yes=True)

    assert "Deleted 2 of 2" in outcome
    assert max(limits) <= 3


def test_a_user_who_is_there_again_meanwhile_stays(
    restored, sync, directus, monkeypatch
):
    def agrees(number):
        User.objects.filter(pk=restored[0].pk).update(synced_at=timezone.now())
        return True

    monkeypatch.setattr("accounts.management.commands.directus_sync._agrees", agrees)

    assert "Deleted 1 of 2" in sync(erase_missing=True)
    assert erased(restored) == [False, True]


def test_other_apps_hear_of_it(restored, sync, django_capture_on_commit_callbacks):
    heard = []

    def receiver(sender, user, **facts):
        heard.append(user.pk)

    signals.user_deleted.connect(receiver)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            sync(erase_missing=True, yes=True)
    finally:
        signals.user_deleted.disconnect(receiver)

    assert sorted(heard) == sorted(user.pk for user in restored)


# Interruptions


def interrupted(**options):
    """Run the command until it is interrupted; return its document."""
    output = io.StringIO()
    with pytest.raises(CommandError, match="Interrupted: run it again") as caught:
        call_command(
            "directus_sync",
            erase_missing=True,
            format="json",
            stdout=output,
            **options,
        )
    assert caught.value.returncode == 1
    return json.loads(output.getvalue())


def stop(*args):
    raise KeyboardInterrupt


def test_an_interruption_tells_how_many_were_erased(restored, sync, monkeypatch):
    erase, seen = missing.erase, []

    def erase_one(user, **options):
        seen.append(user)
        return stop() if len(seen) > 1 else erase(user, **options)

    monkeypatch.setattr(missing, "erase", erase_one)

    outcome = interrupted(yes=True)

    assert (outcome["missing"], outcome["erased"]) == (2, 1)
    assert sorted(erased(restored)) == [False, True]
    facts = AccountEvent.objects.filter(event="command.run").latest("pk").facts
    assert (facts["erased"], facts["exit_code"]) == (1, 1)
    monkeypatch.undo()
    assert "Deleted 1 of 1" in sync(erase_missing=True, yes=True)


def test_an_interrupted_question_is_one_sentence(restored, monkeypatch):
    monkeypatch.setattr("builtins.input", stop)

    outcome = interrupted()

    assert (outcome["missing"], outcome["erased"]) == (2, 0)
    assert erased(restored) == [False, False]


def test_an_interrupted_look_is_one_sentence(restored, monkeypatch):
    monkeypatch.setattr(missing.Missing, "_look", stop)

    assert "missing" not in interrupted()
