"""The audit trail in the admin: its permission, its search, its queries."""

import re
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from django.contrib.auth.models import Group, Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.admin import events as admin_events
from accounts.core.audit import email_digest
from accounts.models import AccountEvent, User
from accounts.web.client_address import sort_key

from .paths import USERS

pytestmark = pytest.mark.django_db
EVENTS = "/admin/accounts/accountevent/"


def add(event="test.event", address=None, **fields):
    key = sort_key(address or "")
    return AccountEvent.objects.create(
        event=event, client_address=address, address_key=key, **fields
    )


def found(browser, query="", **params):
    """Return the events that a search finds, the newest first."""
    page = browser.get(EVENTS, {"q": query, **params})
    assert page.status_code == 200, page.headers
    return [event.pk for event in page.context["cl"].result_list]


# Permissions


def test_staff_need_a_permission(editor):
    assert editor.get(EVENTS).status_code == 403
    user = User.objects.get(email="editor@example.com")
    user.user_permissions.add(Permission.objects.get(codename="view_accountevent"))

    assert editor.get(EVENTS).status_code == 200


def test_there_is_no_permission_but_to_view():
    names = Permission.objects.filter(content_type__model="accountevent")

    assert list(names.values_list("codename", flat=True)) == ["view_accountevent"]


@pytest.mark.parametrize("path", ["add/", "{pk}/change/", "{pk}/delete/"])
def test_not_even_a_superuser_changes_the_trail(root, path):
    row = add()

    response = root.post(
        EVENTS + path.format(pk=row.pk), {"event": "forged", "post": "yes"}
    )

    assert response.status_code == 403
    row.refresh_from_db()
    assert row.event == "test.event"


def test_no_action_deletes_events(root):
    row = add()
    form = {"action": "delete_selected", "_selected_action": row.pk, "post": "yes"}

    root.post(EVENTS, form)

    row.refresh_from_db()


# The pages


def test_a_row_shows_what_happened(root, shadow):
    staff = User.objects.get(email="root@example.com")
    row = add(
        "session.ended_by_staff",
        "203.0.113.7",
        user=shadow,
        staff=staff,
        user_agent="<b>odd</b>",
        facts={"reason": "<i>none</i>", "sessions": 2},
    )

    pages = root.get(EVENTS).text, root.get(f"{EVENTS}{row.pk}/change/").text

    for page in pages:
        for text in (shadow.email, staff.email, "203.0.113.7", "sessions: 2"):
            assert text in page
        assert "<i>none" not in page
        assert "<b>odd" not in page


def test_an_event_without_a_user_and_one_of_a_user_that_is_gone(root):
    add("sign_in.refused", email_digest="d" * 64)
    add("sign_out", user_id=987654)

    page = root.get(EVENTS).text

    assert "user 987654, deleted" in page
    assert "d" * 64 not in page


def test_a_command_names_its_operator(root):
    add("command.run", facts={"operator": "grace", "command": "directus_revoke"})

    assert "grace (directus_revoke)" in root.get(EVENTS).text


def test_the_page_of_a_user_leads_to_the_events(root, shadow):
    page = root.get(f"{USERS}{shadow.pk}/change/").text

    link = f"{EVENTS}?q={shadow.pk}"
    assert link in page
    sign_in = AccountEvent.objects.get(user=shadow, event="sign_in.done")
    assert found(root, str(shadow.pk)) == [sign_in.pk]


def test_staff_without_the_permission_get_no_link(editor, shadow):
    page = editor.get(f"{USERS}{shadow.pk}/change/")

    assert page.status_code == 200
    assert EVENTS not in page.text


# Searching


@pytest.fixture
def trail(root, shadow):
    """Events of several users, addresses and kinds, by a name."""
    staff = User.objects.get(email="root@example.com")
    AccountEvent.objects.all().delete()
    digest = email_digest("ada@example.com")
    return {
        "refused": add("sign_in.refused", "203.0.113.7", email_digest=digest).pk,
        "other": add("sign_in.refused", "203.0.114.7", email_digest="x").pk,
        "done": add("sign_in.done", "203.0.113.200", user=shadow).pk,
        "staff": add("user.synced_by_staff", "2001:db8::7", staff=staff).pk,
        "sign_up": add("sign_up", "2001:db9::1").pk,
        "sign_ups": add("sign_up.refused").pk,
        "command": add("command.run").pk,
    }


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("ada@example.com", "done refused"),
        ("  ADA@Example.com ", "done refused"),
        ("root@example.com", "staff"),
        ("nobody@example.com", ""),
        ("203.0.113.7", "refused"),
        ("203.0.113.0/24", "done refused"),
        ("203.0.113.9/24", "done refused"),
        ("203.0.113.0/25", "refused"),
        ("203.0.112.0/22", "done other refused"),
        ("0.0.0.0/0", "done other refused"),
        ("2001:db8::/32", "staff"),
        ("2001:db8::7", "staff"),
        ("::/0", "sign_up staff done other refused"),
        ("198.51.100.0/24", ""),
        ("sign_in.refused", "other refused"),
        ("sign_in", "done other refused"),
        ("sign_up", "sign_ups sign_up"),
        ("sign", ""),
        ("sign%", ""),
        ("sign_in 203.0.113.0/24", "done refused"),
        ("sign_in.done ada@example.com", "done"),
        ("99999999999999999999", ""),
        ("00000000-0000-4000-8000-000000000000", ""),
        ("", "command sign_ups sign_up staff done other refused"),
    ],
)
def test_the_search(root, trail, query, names):
    assert found(root, query) == [trail[name] for name in names.split()]


def test_users_are_found_by_number_and_directus_id(root, trail, shadow):
    staff = User.objects.get(email="root@example.com")

    assert found(root, str(shadow.pk)) == [trail["done"]]
    assert found(root, str(shadow.directus_id)) == [trail["done"]]
    assert found(root, str(staff.pk)) == [trail["staff"]]


def test_the_filters(root, trail):
    assert found(root, event="sign_up") == [trail["sign_up"]]
    staff = User.objects.get(email="root@example.com")
    assert found(root, staff=str(staff.pk)) == [trail["staff"]]
    assert f'href="?staff={staff.pk}">root@example.com</a>' in root.get(EVENTS).text
    assert len(found(root, staff="forged")) == len(trail)
    names = re.findall(r"\?event=([\w.]+)", root.get(EVENTS).text)
    assert names == sorted(set(names))
    assert {"sign_in.refused", "command.run", "sign_up"} <= set(names)


def test_the_days(root, trail):
    moment = datetime(2026, 3, 5, 12, tzinfo=UTC)
    for pk, at in [
        (trail["refused"], moment),
        (trail["other"], moment + timedelta(days=1)),
        (trail["done"], moment - timedelta(days=700)),
    ]:
        AccountEvent.objects.filter(pk=pk).update(at=at)

    day = {"at__year": "2026", "at__month": "3"}
    assert found(root, **day) == [trail["other"], trail["refused"]]
    assert found(root, **day, at__day="5") == [trail["refused"]]
    years = re.findall(r"\?at__year=(\d+)\"", root.get(EVENTS).text)
    assert years == [str(year) for year in range(2024, timezone.now().year + 1)]
    page = root.get(EVENTS, {"at__year": "2026", "at__month": "3"}).text
    assert re.findall(r"at__day=(\d+)", page) == ["5", "6"]


@pytest.mark.parametrize("kind", ["year", "month", "day"])
def test_periods_are_whole_and_without_gaps(kind, settings):
    first = datetime(2023, 12, 30, 23, 30, tzinfo=UTC)
    last = datetime(2028, 3, 1, 0, 10, tzinfo=UTC)
    add()
    add()
    one, two = AccountEvent.objects.order_by("pk")
    AccountEvent.objects.filter(pk=one.pk).update(at=first)
    AccountEvent.objects.filter(pk=two.pk).update(at=last)

    with timezone.override("Europe/Berlin"):
        fast = admin_events.Periods(AccountEvent).datetimes("at", kind)
        known = set(AccountEvent.objects.datetimes("at", kind))

    assert known <= set(fast)
    assert (fast[0], fast[-1]) == (min(known), max(known))
    longest = {"year": 366, "month": 31, "day": 1}[kind]
    for earlier, later in pairwise(fast):
        assert timedelta(0) < later - earlier <= timedelta(days=longest, hours=1)
    days = (last.date() - first.date()).days
    # In Berlin the first event is a day later.
    assert len(fast) == {"year": 6, "month": 4 * 12 + 4, "day": days}[kind]


# What it costs


def test_a_list_of_many_events_counts_up_to_a_limit(root, monkeypatch):
    monkeypatch.setattr(admin_events.NewestPaginator, "most", 150)
    AccountEvent.objects.bulk_create(AccountEvent(event="x") for _ in range(400))
    with CaptureQueriesContext(connection) as queries:
        page = root.get(EVENTS)

    assert page.context["cl"].result_count == 150
    assert "Only the newest 150 are listed." in page.text
    table = AccountEvent._meta.db_table
    counts = [q["sql"] for q in queries if "COUNT(" in q["sql"] and table in q["sql"]]
    assert len(counts) == 1
    assert "LIMIT 150" in counts[0]
    # Of the few actions of staff.
    (distinct,) = [q["sql"] for q in queries if "DISTINCT" in q["sql"]]
    assert 'staff_id" > 0' in distinct
    assert len([q for q in queries if table in q["sql"]]) == 8
    assert "Only the newest" not in root.get(EVENTS, {"event": "sign_in.done"}).text


# Changes in the admin's own forms


def test_a_change_of_the_groups_of_a_user_is_an_event(root, shadow):
    root.post(f"{USERS}{shadow.pk}/change/", {"groups": []})

    row = AccountEvent.objects.get(event="admin.changed")
    assert row.user == shadow
    assert row.staff.email == "root@example.com"
    assert row.facts["model"] == "accounts.user"


def test_changes_of_groups_are_events(root):
    groups = "/admin/auth/group/"
    root.post(f"{groups}add/", {"name": "helpers"})
    added = AccountEvent.objects.get(event="admin.added")
    path = f"{groups}{added.facts['key']}"
    root.post(f"{path}/change/", {"name": "writers"})
    root.post(f"{path}/delete/", {"post": "yes"})

    rows = AccountEvent.objects.filter(event__startswith="admin.").order_by("pk")
    assert [row.event for row in rows] == [
        "admin.added",
        "admin.changed",
        "admin.deleted",
    ]
    assert rows[1].facts["fields"] == ["Name"]
    assert {row.facts["model"] for row in rows} == {"auth.group"}
    assert {row.staff.email for row in rows} == {"root@example.com"}


def test_superusers_alone_choose_the_permissions_of_groups(root, editor):
    """A member of staff may be in the group."""
    group = Group.objects.get_or_create(name="editors")[0]
    staff = User.objects.get(email="editor@example.com")
    staff.user_permissions.add(Permission.objects.get(codename="change_group"))
    suspend = Permission.objects.get(codename="suspend_user")
    path = f"/admin/auth/group/{group.pk}/change/"
    form = {"name": "writers", "permissions": [suspend.pk]}

    assert editor.post(path, form).status_code == 302
    group.refresh_from_db()
    assert (group.name, group.permissions.count()) == ("writers", 0)

    assert root.post(path, form).status_code == 302
    assert list(group.permissions.all()) == [suspend]


def test_an_action_of_staff_is_one_event(root, shadow, service_token):
    AccountEvent.objects.all().delete()

    root.post(f"{USERS}{shadow.pk}/suspend/", {"post": "yes"})

    rows = AccountEvent.objects.exclude(event="session.revoked")
    (row,) = rows
    assert (row.event, row.user) == ("user.suspended_by_staff", shadow)
    assert row.staff.email == "root@example.com"
