"""directus_revoke --all: the order, the users written at Directus, interruptions."""

import json
from datetime import timedelta
from io import StringIO
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from accounts.core import clients, memory
from accounts.directus import AuthenticationFailed, DirectusClient, DirectusUnavailable
from accounts.models import Revocation, Session, User
from accounts.operations import directus_sessions, revoke_all
from accounts.operations import revoke as revoking
from accounts.operations.directus_sessions import DirectusSessions
from tests.fake_directus.state import ADMINISTRATOR

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _service_token(request):
    if not request.node.get_closest_marker("real"):
        request.getfixturevalue("service_token")


@pytest.fixture(autouse=True)
def _few_at_once(monkeypatch):
    monkeypatch.setattr(revoking, "BATCH", 2)
    monkeypatch.setattr(revoke_all, "AT_ONCE", 2)
    monkeypatch.setattr(revoke_all, "WORKERS", 1)
    monkeypatch.setattr(directus_sessions, "PAUSE", 0.01)


@pytest.fixture
def people(directus, sign_in):
    """Five customers, signed in here and elsewhere, in the order of Directus' list."""
    people = [directus.add_user(f"c{number}@example.com") for number in range(5)]
    for one in people:
        sign_in(one, Client())
        directus.sign_in(one)
    directus.forget_calls()
    return sorted(people, key=lambda one: one.id)


def revoke(**options):
    """Run the command; return the exit code and what it reports."""
    output = StringIO()
    code = 0
    try:
        call_command(
            "directus_revoke", all=True, format="json", stdout=output, **options
        )
    except SystemExit as error:
        code = error.code
    return code, json.loads(output.getvalue())


def written(directus):
    """Return the ids of the users whose addresses were written, request by request."""
    calls = [call for call in directus.calls if call.method == "PATCH"]
    return [[row["id"] for row in call.json] for call in calls]


def ago(**options):
    moment = timezone.now() - timedelta(**options)
    return moment.strftime("%Y-%m-%dT%H:%M:%S")


def test_no_session_of_any_user_is_left(people, directus):
    stranger = directus.add_user("never-here@example.com")
    directus.sign_in(stranger)
    root = User.objects.create_superuser("root@example.com")
    Session.objects.create(
        user=root, session_key="0" * 32, expire_date=timezone.now(), session_data=""
    )

    code, report = revoke()

    assert (code, report["left"]) == (0, [])
    assert (report["people"], report["sessions_ended"]) == (6, 6)
    assert report["tokens_revoked"] == report["tokens_held"] == 5
    assert report["elsewhere"] == 6
    assert not Session.objects.exists()
    assert not directus.state.sessions


def test_first_all_sessions_here_then_all_tokens_then_the_rest(
    people, directus, monkeypatch
):
    order = []
    logout, patch = DirectusClient.logout, DirectusClient.patch

    def note(what, usual):
        def noted(*args, **options):
            order.append((what, Session.objects.count()))
            return usual(*args, **options)

        return noted

    monkeypatch.setattr(revoking, "WORKERS", 1)
    monkeypatch.setattr(DirectusClient, "logout", note("token", logout))
    monkeypatch.setattr(DirectusClient, "patch", note("write", patch))

    # In this thread: others do not see what a test has not committed.
    monkeypatch.setattr(revoking, "ThreadPoolExecutor", OneThread)
    monkeypatch.setattr(revoke_all, "ThreadPoolExecutor", OneThread)
    revoke()

    assert order == [("token", 0)] * 5 + [("write", 0)] * 3


class OneThread:
    """A pool that does everything itself."""

    def __init__(self, workers):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *error):
        pass

    map = staticmethod(map)


def test_some_are_written_in_one_request(people, directus):
    revoke()

    ids = [one.id for one in people]
    assert written(directus) == [ids[:2], ids[2:4], ids[4:]]


def test_a_user_inactive_for_long_is_not_written(people, directus):
    people[0].last_access = None
    people[1].last_access = ago(days=9)
    people[2].last_access = ago(days=7, hours=12)

    code, report = revoke()

    assert (code, report["elsewhere"]) == (0, 3)
    assert written(directus) == [[p.id for p in people[2:4]], [people[4].id]]


def test_refresh_tokens_may_live_longer(people, directus):
    people[1].last_access = ago(days=20)

    assert revoke(refresh_days=30.0)[1]["elsewhere"] == 5


def test_where_directus_does_not_tell_every_user_is_written(people, directus):
    for one in people:
        one.last_access = None
    directus.state.lacks = {"directus_users.read:last_access"}

    assert revoke()[1]["elsewhere"] == 5


def test_the_site_itself_is_left_out(people, directus):
    site = directus.state.find("django-site@example.com")
    directus.change(site, last_access=ago(minutes=1))

    code, report = revoke()

    assert (code, report["left"]) == (0, [])
    assert site.id not in str(written(directus))


@pytest.mark.parametrize("rows", [[], [{}], None, {}, "x"], ids=repr)
def test_an_odd_list_of_users_is_no_empty_one(people, directus, monkeypatch, rows):
    """A rule may hide users from the site's token."""
    monkeypatch.setattr(DirectusClient, "count_users", lambda self: 0)
    directus.answers(200, {"data": rows}, path="/users", method="GET")

    code, report = revoke()

    assert (code, report["directus_failed"]) == (1, True)
    assert written(directus) == []


def test_a_user_that_the_list_lacks_stops_the_run(people, directus, monkeypatch):
    monkeypatch.setattr(DirectusClient, "count_users", lambda self: 99)

    code, report = revoke()

    assert (code, report["directus_failed"]) == (1, True)
    assert written(directus) == []


def test_a_user_that_is_deleted_meanwhile_stops_nothing(people, directus, monkeypatch):
    numbers = [99, 6]
    monkeypatch.setattr(DirectusClient, "count_users", lambda self: numbers.pop(0))

    code, report = revoke()

    assert (code, report["elsewhere"]) == (0, 5)


def test_a_list_without_the_service_user_is_not_whole(people, directus, monkeypatch):
    rows = [{"id": one.id, "status": "active"} for one in people]
    monkeypatch.setattr(DirectusClient, "count_users", lambda self: 5)
    directus.answers(200, {"data": rows}, path="/users", method="GET")

    code, report = revoke()

    assert (code, report["directus_failed"]) == (1, True)
    assert written(directus) == []


def test_an_empty_answer_about_a_user_is_no_deletion(people, directus):
    at_directus = DirectusSessions(clients.service_client())
    directus.answers(200, {"data": []}, path="/users", method="GET", times=2)

    with pytest.raises(DirectusUnavailable):
        at_directus.end(UUID(people[0].id))

    directus.delete(people[0])
    assert at_directus.end(UUID(people[0].id)) == ""


def test_directus_may_send_few_rows_at_once(people, directus):
    directus.state.query_limit_max = 2
    memory.clear()

    code, report = revoke()

    assert (code, report["elsewhere"]) == (0, 5)


def test_users_that_were_not_written_are_not_called_done(people, directus):
    directus.answers(200, {"data": []}, path="/users", method="PATCH", times=99)

    code, report = revoke()

    assert (code, report["directus_failed"]) == (1, True)


def test_administrators_who_were_not_there_for_long_are_no_finding(people, directus):
    directus.add_user("chief@example.com", role=ADMINISTRATOR)

    assert revoke()[0] == 0


def test_an_administrator_who_may_have_a_session_is_named(people, directus):
    chief = directus.add_user("chief@example.com", role=ADMINISTRATOR)
    directus.sign_in(chief)

    code, report = revoke()

    assert code == 3
    assert [one["directus_id"] for one in report["left"]] == [chief.id]
    assert "An administrator can" in report["left"][0]["reason"]
    for one in people:
        assert directus.sessions_of(one) == []


def test_on_version_10_only_what_is_held_here_ends(people, directus):
    info = {"data": {"version": "10.13.4"}}
    directus.answers(200, info, path="/server/info", times=99)
    directus.lock_out(people[0])
    people[1].last_access = None

    code, report = revoke()

    assert (code, report["tokens_revoked"]) == (3, 5)
    assert len(report["left"]) == 3
    assert written(directus) == []


def test_without_a_service_token_what_is_held_here_ends(people, directus, settings):
    settings.DIRECTUS_SERVICE_TOKEN = ""

    code, report = revoke()

    assert (code, len(report["left"])) == (3, 5)
    assert report["tokens_revoked"] == 5


def test_an_address_that_changed_meanwhile_is_not_put_back(people, directus):
    one = people[0]
    directus.is_late("/users", one.email, lambda: None)
    directus.state.users[one.id].email = "new@example.com"

    revoke()

    assert one.email == "new@example.com"


def test_a_token_that_could_not_be_revoked_ends_whenever_it_was_used(people, directus):
    for one in people:
        one.last_access = None
    directus.answers(500, path="/auth/logout")

    code, report = revoke()

    assert (code, report["tokens_revoked"], report["elsewhere"]) == (0, 4, 0)
    assert sum(directus.sessions_of(one) == [] for one in people) == 1


def test_directus_may_ask_to_come_back_later(people, directus, monkeypatch):
    slept = []
    monkeypatch.setattr(directus_sessions.time, "sleep", slept.append)
    error = {"errors": [{"extensions": {"code": "REQUESTS_EXCEEDED"}}]}
    late = {"Retry-After": "7"}
    directus.answers(429, error, path="/users", method="PATCH", headers=late)
    directus.answers(429, error, path="/auth/logout", headers=late)

    code, report = revoke()

    assert (code, report["tokens_revoked"]) == (0, 5)
    assert slept.count(7) == 2


def test_an_answer_that_was_lost_stops_nothing(people, directus):
    directus.loses_answer("/users", method="PATCH")

    assert revoke()[0] == 0
    assert not directus.state.sessions


def test_the_audit_trail_names_only_users_whose_sessions_ended(people, caplog):
    User.objects.create_superuser("root@example.com")

    revoke()

    assert caplog.text.count("session.revoked") == 5


# Before and meanwhile


def test_a_dry_run_says_how_many_and_how_long(people, directus, capsys):
    people[0].last_access = None

    code, report = revoke(dry_run=True)

    assert (code, report["sessions_ended"], report["tokens_held"]) == (0, 5, 5)
    assert report["elsewhere"] == 4
    assert "4 users have used Directus" in capsys.readouterr().err
    assert Session.objects.count() == 5
    assert {call.method for call in directus.calls} == {"GET"}
    assert not Revocation.objects.exists()


def test_the_words_of_a_dry_run(people):
    output = StringIO()

    call_command("directus_revoke", all=True, dry_run=True, stdout=output)

    assert "Would end 5 sessions of 5 users, and revoke 5 refresh" in output.getvalue()
    assert "Further sessions of 5 users at Directus" in output.getvalue()


@pytest.fixture
def interrupt(monkeypatch):
    """A function that runs the command and stops it at a request to write."""

    def interrupt(error, *, after):
        patch = DirectusClient.patch
        count = []

        def breaks_off(client, *args, **options):
            count.append(1)
            if len(count) > after:
                raise error
            return patch(client, *args, **options)

        with monkeypatch.context() as context:
            context.setattr(DirectusClient, "patch", breaks_off)
            return revoke()

    return interrupt


def test_an_outage_half_way_is_gone_on_from(people, directus, interrupt):
    code, report = interrupt(DirectusUnavailable("timed out"), after=1)
    assert (code, report["directus_failed"], report["stopped_by"]) == (
        1,
        True,
        "timed out",
    )
    assert report["tokens_revoked"] == 5
    directus.forget_calls()

    code, report = revoke(resume=True)

    assert (code, report["elsewhere"]) == (0, 3)
    assert written(directus) == [[p.id for p in people[2:4]], [people[4].id]]
    assert not directus.state.sessions
    assert not Revocation.objects.exists()


def test_a_run_that_goes_on_names_users_of_the_first_part(people, directus, interrupt):
    """One that the service token may not change."""
    directus.change(people[0], role=ADMINISTRATOR)
    interrupt(DirectusUnavailable("timed out"), after=3)

    code, report = revoke(resume=True)

    assert code == 3
    assert [one["directus_id"] for one in report["left"]] == [people[0].id]


def test_so_is_an_interruption(people, directus, interrupt):
    with pytest.raises(CommandError, match="with --resume") as caught:
        interrupt(KeyboardInterrupt(), after=2)
    assert caught.value.returncode == 1

    assert revoke(resume=True)[1]["elsewhere"] == 1
    assert not directus.state.sessions


def test_without_being_told_it_begins_anew(people, interrupt):
    interrupt(DirectusUnavailable("timed out"), after=1)

    assert revoke()[1]["elsewhere"] == 5


def test_what_is_old_is_not_gone_on_from(people, interrupt):
    interrupt(DirectusUnavailable("timed out"), after=1)
    Revocation.objects.update(started_at=timezone.now() - timedelta(hours=25))

    assert revoke(resume=True)[1]["elsewhere"] == 5


@pytest.mark.parametrize(
    ("users", "options"),
    [(["ada@example.com"], {}), ([], {"all": True, "dry_run": True})],
)
def test_only_a_run_over_all_users_goes_on(users, options):
    with pytest.raises(CommandError, match="--resume") as caught:
        call_command("directus_revoke", *users, resume=True, **options)

    assert caught.value.returncode == 2


# A real Directus


@pytest.mark.real
@pytest.mark.directus(11, 12)
def test_a_real_directus_ends_what_others_hold(
    directus_server, make_customer, settings
):
    settings.DIRECTUS_URL = directus_server.directus.url
    settings.DIRECTUS_SERVICE_TOKEN = directus_server.service_token
    login = clients.anonymous_client().login
    people = [make_customer() for _ in range(5)]
    tokens = [login(email=p.email, password=p.password) for p in people]
    never = make_customer()

    code, report = revoke()

    names = {one["directus_id"] for one in report["left"]}
    # Administrators of other tests may have signed in.
    assert not names & {person.id for person in [*people, never]}
    assert code == (3 if names else 0)
    assert report["elsewhere"] >= 5
    for pair in tokens:
        with pytest.raises(AuthenticationFailed):
            clients.anonymous_client().refresh(pair.refresh_token)
    for person in people:
        assert directus_server.admin.get_user(person.id)["email"] == person.email
