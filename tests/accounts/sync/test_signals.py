"""Signals about users, sent by the mirror and by the sync."""

import uuid
from dataclasses import replace

import pytest
from django.core.management import call_command

from accounts import signals
from accounts.directus import DirectusUser
from accounts.mirror.users import mirror_user
from accounts.models import User

from ..signed_in import make_old

# Receivers are told once the rows are committed.
pytestmark = pytest.mark.django_db(transaction=True)
ADA = DirectusUser(
    id=uuid.uuid4(),
    email="ada@example.com",
    status="active",
    role_id=uuid.uuid4(),
    role_name="Editor",
)


@pytest.fixture
def heard():
    """The signals so far: their name, the user's key and the other arguments."""
    told = []

    def listen(name, signal):
        def receiver(sender, user, signal, **facts):
            told.append((name, user.pk, facts))

        signal.connect(receiver, sender=User, weak=False)
        return signal, receiver

    names = ("user_mirrored", "user_deactivated", "role_changed")
    connected = [listen(name, getattr(signals, name)) for name in names]
    yield told
    for signal, receiver in connected:
        signal.disconnect(receiver, sender=User)


def test_a_new_user(heard):
    user = mirror_user(ADA)

    assert heard == [("user_mirrored", user.pk, {"created": True})]


def test_nothing_new_is_no_news(heard):
    mirror_user(ADA)
    heard.clear()

    mirror_user(ADA)

    assert heard == []


def test_a_changed_user(heard):
    user = mirror_user(ADA)
    heard.clear()

    mirror_user(replace(ADA, first_name="Augusta"))

    assert heard == [("user_mirrored", user.pk, {"created": False})]


def test_another_role(heard):
    user = mirror_user(ADA)
    heard.clear()

    mirror_user(replace(ADA, role_id=None))

    assert heard[1:] == [
        ("role_changed", user.pk, {"before": ADA.role_id, "after": None})
    ]


def test_a_suspension_and_no_second_one(heard):
    user = mirror_user(ADA)
    heard.clear()

    for _ in range(2):
        mirror_user(replace(ADA, status="suspended"))

    assert [name for name, _pk, _facts in heard] == [
        "user_mirrored",
        "user_deactivated",
    ]
    assert heard[1] == ("user_deactivated", user.pk, {})


def test_an_address_that_passed_on_deactivates_no_user_by_itself(heard):
    mirror_user(ADA)
    heard.clear()

    mirror_user(replace(ADA, id=uuid.uuid4()))

    assert [name for name, _pk, _facts in heard] == ["user_mirrored"]


def test_a_receiver_sees_what_was_written(settings):
    settings.DIRECTUS_ROLE_GROUPS = {"Editor": ["editors"]}
    seen = []

    def receiver(sender, user, **facts):
        seen.append(list(user.groups.values_list("name", flat=True)))

    signals.user_mirrored.connect(receiver)
    try:
        mirror_user(ADA)
    finally:
        signals.user_mirrored.disconnect(receiver)

    assert seen == [["editors"]]


def test_a_receiver_that_fails_ends_no_session(signed_in_client, ada, directus):
    def receiver(sender, **facts):
        raise RuntimeError("a bug elsewhere")

    signals.user_mirrored.connect(receiver)
    directus.change(ada, first_name="Augusta")
    make_old(signed_in_client, minutes=5)
    try:
        assert signed_in_client.get("/").status_code == 200
    finally:
        signals.user_mirrored.disconnect(receiver)

    assert User.objects.get(directus_id=ada.id).first_name == "Augusta"


def test_the_sync_tells_the_same(heard, directus, service_token):
    people = [directus.add_user(f"c{number}@example.com") for number in range(4)]
    call_command("directus_sync")
    assert {facts["created"] for _name, _pk, facts in heard} == {True}
    assert len(heard) == 5
    keys = {person: User.objects.get(directus_id=person.id).pk for person in people}
    heard.clear()

    directus.change(people[0], first_name="New")
    directus.change(people[1], role="Editor")
    directus.suspend(people[2])
    directus.delete(people[3])
    call_command("directus_sync", max_deactivate=100.0)

    told = {(name, pk) for name, pk, _facts in heard}
    assert told == {
        ("user_mirrored", keys[people[0]]),
        ("user_mirrored", keys[people[1]]),
        ("role_changed", keys[people[1]]),
        ("user_mirrored", keys[people[2]]),
        ("user_deactivated", keys[people[2]]),
        ("user_deactivated", keys[people[3]]),
    }
    heard.clear()
    call_command("directus_sync")
    call_command("directus_sync", dry_run=True)
    assert heard == []
