"""directus_sync after an interrupted run."""

import json
from datetime import timedelta

import pytest
from django.core.management import CommandError
from django.utils import timezone

from accounts.core import clients
from accounts.directus import DirectusUnavailable
from accounts.models import SyncPosition, User
from accounts.sync import run as syncing
from tests.between import Between

from .mirrored import local, session_of
from .mirrored import run as sync

pytestmark = pytest.mark.django_db
PAGE = 3


@pytest.fixture(autouse=True)
def _small_pages(monkeypatch):
    monkeypatch.setattr(clients, "MOST_ROWS", PAGE)
    monkeypatch.setattr(syncing, "BATCH", PAGE)
    monkeypatch.setattr(syncing, "ASKED_AT_ONCE", PAGE)


@pytest.fixture
def people(directus, service_token):
    """Twelve customers, in the order in which Directus lists them."""
    people = [directus.add_user(f"c{number}@example.com") for number in range(12)]
    return sorted(people, key=lambda person: person.id)


def resume(**options):
    return json.loads(sync(resume=True, format="json", **options))


@pytest.fixture
def interrupt(monkeypatch):
    """A function that runs a sync and ends it when so many batches were written."""

    def interrupt(batches=2, error=KeyboardInterrupt, **options):
        begun = syncing._Sync._note

        def note(run, *args):
            begun(run, *args)
            count.append(1)
            if len(count) == batches:
                raise error("interrupted")

        count = []
        with monkeypatch.context() as patch:
            patch.setattr(syncing._Sync, "_note", note)
            with pytest.raises((error, CommandError)):
                sync(**options)

    return interrupt


def pages_of(directus):
    """Return which pages of the listing were read."""
    queries = [call.query for call in directus.calls_to("/users")]
    return [int(q["page"]) for q in queries if "page" in q and "filter" not in q]


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, DirectusUnavailable])
def test_it_goes_on_where_it_was_interrupted(people, directus, interrupt, error):
    interrupt(error=error)
    assert User.objects.count() == 6
    directus.forget_calls()

    outcome = resume()

    assert (outcome["resumed"], outcome["seen"], outcome["created"]) == (6, 13, 13)
    # From the last one on that was read.
    assert pages_of(directus) == [2, 3, 4, 5]
    assert User.objects.filter(is_active=True).count() == 13
    assert not SyncPosition.objects.exists()


def test_more_than_once(people, directus, interrupt):
    interrupt(batches=1)
    interrupt(batches=1, resume=True)
    interrupt(batches=1, resume=True)

    assert resume()["resumed"] == 9
    assert User.objects.count() == 13


def test_it_says_so(people, interrupt):
    interrupt()

    assert sync(resume=True).startswith("Went on after 6 users. 13 users in Directus.")


def test_without_an_interrupted_run_all_users_are_read(people, directus):
    assert resume() | {"resumed": 0} == resume() | {"created": 13}


def test_without_being_told_it_begins_anew(people, directus, interrupt):
    interrupt()
    directus.forget_calls()

    sync()

    assert pages_of(directus)[0] == 1
    assert resume()["resumed"] == 0


def test_what_is_old_is_not_resumed(people, interrupt):
    interrupt()
    SyncPosition.objects.update(started_at=timezone.now() - timedelta(hours=25))

    assert resume()["resumed"] == 0


def test_a_later_run_is_not_disturbed_by_an_earlier_one(people, interrupt, monkeypatch):
    """Two at once: only the later one leaves a position."""
    interrupt()
    earlier = SyncPosition.objects.get()
    interrupt(batches=1)
    later = SyncPosition.objects.get()

    syncing.checkpoint.note(earlier.started_at, seen=99)
    syncing.checkpoint.delete(earlier.started_at)

    assert later.seen == SyncPosition.objects.get().seen == 3


def test_a_dry_run_leaves_no_trace_and_cannot_go_on(people, interrupt):
    interrupt()
    before = SyncPosition.objects.values().get()

    sync(dry_run=True)
    with pytest.raises(CommandError, match="excludes --resume"):
        sync(dry_run=True, resume=True)

    assert SyncPosition.objects.values().get() == before


# Users who left


@pytest.mark.parametrize("index", [0, 5, 6, 11], ids=["first", "last", "next", "end"])
@pytest.mark.parametrize("leave", ["delete", "suspend"])
@pytest.mark.parametrize("when", ["before", "between"])
def test_a_user_who_left_is_signed_out(people, directus, interrupt, index, leave, when):
    sync()
    one = people[index]
    user = local(one)
    session_of(user)
    if when == "before":
        getattr(directus, leave)(one)
    interrupt()
    assert local(one).is_active
    if when == "between":
        getattr(directus, leave)(one)

    outcome = resume()

    assert (outcome["deactivated"], outcome["sessions_ended"]) == (1, 1)
    assert User.objects.filter(is_active=True).count() == 12
    assert not local(one).is_active


def test_a_user_changed_or_created_between_is_not_missed(people, directus, interrupt):
    interrupt()
    directus.change(people[0], first_name="Augusta")
    new = [directus.add_user(f"new{number}@example.com") for number in range(5)]

    outcome = resume()

    assert local(people[0]).first_name == "Augusta"
    assert all(local(person).is_active for person in new)
    assert outcome["deactivated"] == 0


def test_a_user_moved_to_a_page_that_was_read_stays(people, directus, interrupt):
    sync()
    interrupt()
    for person in people[:2]:
        directus.delete(person)

    outcome = resume()

    assert (outcome["seen"], outcome["deactivated"]) == (13, 2)
    assert User.objects.filter(is_active=True).count() == 11


def test_without_a_readable_activity_log_it_begins_anew(people, directus, interrupt):
    sync()
    interrupt()
    directus.delete(people[0])
    directus.state.activity_readable = False

    outcome = resume()

    assert (outcome["resumed"], outcome["deactivated"]) == (0, 1)


# The limit of deactivations


def test_both_halves_together_meet_the_brake(people, directus, interrupt):
    sync()
    for person in people[8:10]:
        directus.delete(person)
    interrupt()
    directus.suspend(people[0])
    directus.delete(people[1])

    with pytest.raises(CommandError, match="4 of 13"):
        resume()

    assert User.objects.filter(is_active=True).count() == 13
    assert not SyncPosition.objects.exists()


def test_reactivated_users_do_not_loosen_the_brake(people, directus, interrupt):
    """The share is of the users who were active when the first run began."""
    sync()
    User.objects.filter(directus_id__in=[p.id for p in people[:8]]).update(
        is_active=False
    )
    interrupt(batches=3)
    for person in people[:2]:
        directus.suspend(person)

    with pytest.raises(CommandError, match="2 of 5"):
        resume()


def test_a_first_half_that_lied_is_found_out(people, directus, interrupt, monkeypatch):
    sync()
    listing = syncing.DirectusClient.list_users

    def without_the_second(client, **options):
        for profile in listing(client, **options):
            if str(profile.id) != people[1].id:
                yield profile

    with monkeypatch.context() as patch:
        patch.setattr(syncing.DirectusClient, "list_users", without_the_second)
        interrupt()

    with pytest.raises(CommandError, match="counts 13 users and lists 12"):
        resume()

    assert local(people[1]).is_active


# A real Directus


@pytest.fixture
def between(directus_server, make_customer, settings):
    """A real Directus with some customers, behind a network that can fail."""
    # Those of earlier tests, with and without a role, would make hundreds of pages.
    others = "/users?fields=id&limit=-1&filter[token][_null]=true"
    earlier = directus_server.admin.call("GET", others)
    directus_server.admin.call("DELETE", "/users", [row["id"] for row in earlier])
    for number in range(10):
        make_customer(first_name=f"C{number}")
    with Between(directus_server.directus.url) as between:
        settings.DIRECTUS_URL = between.url
        settings.DIRECTUS_SERVICE_TOKEN = directus_server.service_token
        yield between


@pytest.mark.real
def test_a_network_that_is_cut_half_way(between, directus_server, make_customer):
    leaving = make_customer()
    sync()
    active = User.objects.filter(is_active=True)
    all_active = active.count()
    between.cut_after = len(between.pages) + 2

    with pytest.raises(CommandError, match="Directus: "):
        sync()

    assert active.count() == all_active
    assert SyncPosition.objects.get().seen == 2 * PAGE
    between.cut_after = None
    clients._transport.cache_clear()
    directus_server.admin.delete_user(leaving.id)
    between.pages.clear()

    outcome = resume()

    assert (outcome["resumed"], outcome["deactivated"]) == (2 * PAGE, 1)
    assert between.pages[0] == 2
    assert active.count() == all_active - 1
    assert not local(leaving).is_active


@pytest.mark.real
@pytest.mark.parametrize(
    ("lie", "says"),
    [
        (lambda page, rows: rows[1:] if page == 2 else rows, "counts .* and lists"),
        (lambda page, rows: rows if page < 3 else [], "counts .* and lists"),
        (lambda page, rows: first.setdefault("rows", rows), "the same page again"),
    ],
    ids=["a page is short", "the end is missing", "one page again and again"],
)
def test_a_listing_that_lies(between, lie, says):
    sync()
    all_active = User.objects.filter(is_active=True).count()
    first.clear()
    between.lie = lie

    with pytest.raises(CommandError, match=says):
        sync(max_deactivate=100.0)

    assert User.objects.filter(is_active=True).count() == all_active


first: dict[str, list] = {}
