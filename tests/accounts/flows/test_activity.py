"""Recent activity: what makes an event, and what the page makes of Directus' log."""

import json
import re
from datetime import datetime, timedelta

import pytest
from django.conf import settings as django_settings
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.core import account_events
from accounts.flows import activity
from accounts.models import AccountEvent, User
from accounts.views.activity import TEXTS
from tests.fake_directus import one_time_code

from ..account_pages import (
    ask_email,
    change_password,
    confirm_email,
    confirm_password,
    confirmed_long_ago,
)
from ..second_steps import OFF, enrol, recover
from ..sso_steps import ADA, come_back, sign_in_with_provider, way_to_provider
from ..steps import OTP_SECRET, ask_reset, choose_password, let_pass, log_in, open_link
from .deleting import KEEP, ask
from .email_change.mails import asked
from .test_sessions import FIREFOX

pytestmark = pytest.mark.django_db
PATH = "/account/activity/"
ELSEWHERE = "Signed in at another app"
NOTE = "Sign-ins at other apps can't be shown at the moment."
TO_CHANGE = '<a href="/account/password/">Change your password</a>'


@pytest.fixture
def here(signed_in_client, service_token):
    """Ada's browser, at a site with its service token."""
    return signed_in_client


def stored():
    """Return the names of all events that users see, the oldest first."""
    rows = AccountEvent.objects.filter(event__in=account_events.KEPT).order_by("pk")
    return list(rows.values_list("event", flat=True))


def new_events(act):
    before = len(stored())
    act()
    return stored()[before:]


def texts(browser, **query):
    """Return the headings on the page, the newest first."""
    page = browser.get(PATH, query)
    assert page.status_code == 200
    return re.findall(r'<h2 id="event-\d+">([^<]*)</h2>', page.text)


def signed_in_elsewhere(directus, user, *, ago=0, address="198.51.100.7", browser="x"):
    """Let a user sign in at Directus itself, or at another site, so long ago."""
    moved = directus.state.seconds_ahead
    directus.state.seconds_ahead = moved - ago
    directus.state.log("login", user, by=user.id, address=address, user_agent=browser)
    directus.state.seconds_ahead = moved


def days_pass(days):
    for event in AccountEvent.objects.all():
        AccountEvent.objects.filter(pk=event.pk).update(
            at=event.at - timedelta(days=days)
        )


# What makes an event


def test_a_sign_in_is_one_row(client, ada):
    with CaptureQueriesContext(connection) as queries:
        log_in(client, ada.email, ada.password, HTTP_USER_AGENT=FIREFOX)

    table = AccountEvent._meta.db_table
    (query,) = [each["sql"] for each in queries if table in each["sql"]]
    assert query.startswith("INSERT")
    event = AccountEvent.objects.get()
    assert (event.event, event.user) == ("sign_in.done", User.objects.get())
    assert (event.client_address, event.user_agent) == ("127.0.0.1", FIREFOX)


def test_refused_sign_ins_are_none(client, ada, directus, sign_in):
    sign_in(ada)
    otto = directus.add_user("otto@example.com", otp_secret=OTP_SECRET)
    before = stored()

    for email, password in [
        (ada.email, "wrong"),
        (otto.email, otto.password),
        ("nobody@example.com", "wrong"),
    ]:
        log_in(Client(), email, password)
        ask_reset(Client(), email)

    assert stored() == before


def test_a_wrong_password_of_a_signed_in_user_is_none(here):
    assert new_events(lambda: confirm_password(here, "wrong")) == []
    assert new_events(lambda: change_password(here, "wrong")) == []


def test_a_new_password(here):
    events = new_events(lambda: change_password(here))

    assert events == ["password.confirmed", "password.changed"]


@pytest.mark.parametrize("mails", ["site", "directus"])
def test_a_reset_password(here, ada, directus, settings, mails, mailoutbox):
    settings.ACCOUNT_MAILS = mails

    def reset():
        ask_reset(Client())
        link = (
            directus.last_link(ada.email)
            if mails == "directus"
            else re.search(r"http\S+token=\S+", mailoutbox[-1].body)[0]
        )
        browser = Client()
        open_link(browser, link)
        assert choose_password(browser).status_code == 302

    assert new_events(reset) == ["password_reset.done"]


def test_another_address(here):
    confirmed = new_events(lambda: [open_link(here, asked(here)), confirm_email(here)])

    assert confirmed == ["email.change_asked", "email.changed"]


def test_a_cancelled_change_of_the_address(here):
    ask_email(here)

    cancelled = new_events(lambda: here.post("/account/email/cancel/"))

    assert cancelled == ["email.change_cancelled"]


def test_a_second_factor(here, ada):
    assert new_events(lambda: enrol(here, ada))[-1] == "two_factor.enabled"
    code = one_time_code(ada.otp_secret)
    let_pass(minutes=5)
    data = {"current_password": ada.password, "otp": code}

    assert new_events(lambda: here.post(OFF, data))[-1] == "two_factor.disabled"


def test_a_recovery_code(here, ada):
    _, codes = enrol(here, ada)
    let_pass(minutes=5)
    browser = Client()
    log_in(browser, ada.email, ada.password)

    events = new_events(lambda: recover(browser, codes[0]))

    assert events == ["sign_in.done", "two_factor.recovered"]


def test_an_asked_and_cancelled_deletion(here):
    events = new_events(lambda: [ask(here), here.post(KEEP)])

    assert events == ["password.confirmed", "deletion.asked", "deletion.revoked"]


def test_ended_sessions(here, ada):
    log_in(Client(), ada.email, ada.password)

    events = new_events(lambda: here.post("/account/sessions/", {"others": "1"}))

    assert events == ["session.ended_by_user"]


def test_a_downloaded_export(here):
    assert new_events(lambda: here.post("/account/export/")) == ["export.done"]


def test_a_confirmed_password(here):
    assert new_events(lambda: confirm_password(here)) == ["password.confirmed"]


@pytest.mark.usefixtures("provider")
def test_a_provider(client, directus):
    sign_in_with_provider(client, directus)
    way = way_to_provider(client.post("/account/confirm/exampleid/"))
    come_back(client, directus.approve(way, ADA))

    assert stored() == ["sign_in.done", "sso.confirmed"]
    assert texts(client) == ["Signed in"]


def test_events_for_staff_are_not_shown(here, ada):
    log_in(Client(), ada.email, "wrong")
    user = User.objects.get()
    for event in ("session.ended_by_staff", "sign_in.refused", "sign_out"):
        AccountEvent.objects.create(user=user, event=event)

    assert texts(here) == ["Signed in"]


def test_every_event_has_a_text(here):
    shown = account_events.KEPT - activity.HIDDEN | {activity.ELSEWHERE}

    assert set(TEXTS) == shown


# An error


@pytest.mark.django_db(transaction=True)
def test_an_error_stops_nothing(client, ada, monkeypatch, caplog):
    def fail(*args, **options):
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO nowhere VALUES ('canary-7f3a9')")

    monkeypatch.setattr(AccountEvent, "save", fail)

    assert log_in(client, ada.email, ada.password).status_code == 302

    assert client.get("/").status_code == 200
    (record,) = [r for r in caplog.records if r.name == account_events.__name__]
    assert record.levelname == "ERROR"
    assert "sign_in.done was not stored" in record.getMessage()
    assert "canary" not in record.getMessage()


def test_the_page_says_nothing_of_unknown_events(here):
    user = User.objects.get()
    AccountEvent.objects.create(user=user, event="of.a.newer.version")

    assert texts(here) == ["Signed in"]


# The page


def test_it_takes_a_sign_in(client):
    assert client.get(PATH).url == f"/login/?next={PATH}"


def test_it_is_in_the_navigation(here):
    page = here.get("/account/sessions/").text.partition("<main")[2]

    links = re.findall(r'<a href="(/account/[^"]*)"', page)
    assert links.index(PATH) == links.index("/account/sessions/") + 1
    assert f'<a href="{PATH}"\n       aria-current="page"' in here.get(PATH).text


def test_it_shows_device_address_and_time(client, ada):
    log_in(
        client,
        ada.email,
        ada.password,
        HTTP_USER_AGENT=FIREFOX,
        REMOTE_ADDR="203.0.113.9",
    )
    page = client.get(PATH)

    assert texts(client) == ["Signed in"]
    assert "Firefox on Linux" in page.text
    assert "203.0.113.9" in page.text
    at = AccountEvent.objects.get().at
    assert f'datetime="{at:%Y-%m-%dT%H:%M:%S}' in page.text
    assert "no-store" in page["Cache-Control"]


def test_the_newest_is_the_first(here):
    here.post("/account/export/")
    confirmed_long_ago(here)
    confirm_password(here)
    ask(here)

    assert texts(here) == [
        "Account deletion requested",
        "Data downloaded",
        "Signed in",
    ]


def test_it_speaks_the_users_language_and_zone(here, ada):
    User.objects.update(time_zone="Asia/Tokyo", language="de-DE")
    yesterday = timezone.now() - timedelta(days=1)
    AccountEvent.objects.update(at=yesterday.replace(hour=20, minute=30))
    ada.language = "de-DE"

    page = here.get(PATH).text

    assert '<html lang="de"' in page
    assert "05:30 JST" in page


def test_only_the_last_90_days_are_shown(signed_in_client):
    days_pass(89)
    assert texts(signed_in_client) == ["Signed in"]

    days_pass(2)

    assert texts(signed_in_client) == []
    assert "Nothing yet." in signed_in_client.get(PATH).text
    call_command("clearsessions")
    # Staff may still look.
    assert len(stored()) == 1
    days_pass(django_settings.AUDIT_DAYS - 90)
    call_command("clearsessions")
    assert stored() == []


def test_fifty_stand_on_a_page(here):
    user = User.objects.get()
    AccountEvent.objects.bulk_create(
        AccountEvent(user=user, event="export.done") for _ in range(70)
    )

    assert len(texts(here)) == 50
    first, second = here.get(PATH).text, here.get(PATH, {"page": 2}).text
    assert ('href="?page=2"' in first, "Newer" in first) == (True, False)
    assert ('href="?page=1"' in second, "Older" in second) == (True, False)
    assert len(texts(here, page=2)) == 21
    assert texts(here, page=2)[-1] == "Signed in"


@pytest.mark.parametrize("page", ["0", "-1", "99", "x", "", "1" * 400, "\0"])
def test_any_number_of_a_page_is_answered(here, page):
    assert here.get(PATH, {"page": page}).status_code == 200


def test_no_other_users_events_are_shown(here, directus):
    grace = directus.add_user("grace@example.com", "Grace's secret 1906")
    other = Client()
    log_in(other, grace.email, grace.password, REMOTE_ADDR="198.51.100.77")
    signed_in_elsewhere(directus, grace, address="198.51.100.78")

    page = here.get(PATH, {"user": User.objects.get(email=grace.email).pk})

    assert texts(here) == ["Signed in"]
    assert "198.51.100" not in page.text
    assert len(texts(other)) == 2


def test_it_costs_three_queries_and_one_call(here, directus, django_assert_num_queries):
    AccountEvent.objects.bulk_create(
        AccountEvent(user=User.objects.get(), event="export.done") for _ in range(200)
    )
    # The limit of rows is asked once a minute.
    here.get(PATH)
    directus.forget_calls()

    # The session with its user, the events, and the first event of all.
    with django_assert_num_queries(3):
        here.get(PATH)

    assert [call.path for call in directus.calls] == ["/activity"]


def test_what_to_do_about_it(here):
    assert TO_CHANGE in here.get(PATH).text
    assert "/account/delete/" not in advice(here)

    ask(here)

    assert '<a href="/account/delete/">Cancel the deletion</a>' in advice(here)


def advice(browser):
    return " ".join(
        re.findall(r"<details.*?</details>", browser.get(PATH).text, re.DOTALL)
    )


@pytest.mark.usefixtures("provider")
def test_what_to_do_at_a_provider(client, directus):
    sign_in_with_provider(client, directus)

    text = advice(client)

    assert "Check your account at Example ID." in text
    assert "/account/password/" not in text


def test_the_export_has_them(here):
    held = json.loads(here.post("/account/export/").content)

    (event,) = held["site"]["events"]
    assert event["event"] == "sign_in.done"
    assert event["client_address"] == "127.0.0.1"


# Directus' log


def test_a_sign_in_elsewhere_is_shown(here, ada, directus):
    signed_in_elsewhere(directus, ada, browser=FIREFOX)

    page = here.get(PATH).text

    assert sorted(texts(here)) == ["Signed in", ELSEWHERE]
    assert "198.51.100.7" in page
    assert "Firefox on Linux" in page
    assert NOTE not in page


def test_the_sites_own_sign_ins_and_password_checks_are_not(here, ada, directus):
    change_password(here)
    confirm_password(here, ada.password)
    enrol(here, ada)
    signed_in = [row for row in directus.state.activity if row["action"] == "login"]

    assert len(signed_in) >= 4
    assert ELSEWHERE not in texts(here)


def test_nor_are_they_where_directus_logs_the_sites_own_address(
    client, ada, directus, service_token
):
    log_in(client, ada.email, ada.password, HTTP_USER_AGENT=FIREFOX)
    for row in directus.state.activity:
        row["ip"] = "10.0.0.5"

    assert texts(client) == ["Signed in"]


def test_an_event_explains_one_sign_in(here, ada, directus):
    signed_in_elsewhere(directus, ada, address="127.0.0.1")

    assert sorted(texts(here)) == ["Signed in", ELSEWHERE]


def test_more_than_a_minute_apart_they_are_two(here, ada, directus):
    directus.state.activity.clear()
    AccountEvent.objects.update(at=timezone.now() - timedelta(seconds=130))
    signed_in_elsewhere(directus, ada, ago=65, address="127.0.0.1")
    assert sorted(texts(here)) == ["Signed in", ELSEWHERE]

    AccountEvent.objects.update(at=timezone.now() - timedelta(seconds=100))

    assert texts(here) == ["Signed in"]


def test_an_address_may_be_written_in_another_way(here, ada, directus):
    for row in directus.state.activity:
        row |= {"ip": "::ffff:127.0.0.1", "user_agent": None}

    assert texts(here) == ["Signed in"]


def test_clocks_that_differ_do_not_matter(client, ada, directus, service_token):
    directus.state.seconds_ahead = 300
    log_in(client, ada.email, ada.password)

    assert texts(client) == ["Signed in"]


def test_sign_ins_before_the_first_event_are_not_shown(here, ada, directus):
    """An older version of the site stored none of its own."""
    signed_in_elsewhere(directus, ada, ago=3600)

    assert texts(here) == ["Signed in"]


def test_only_90_days_of_the_log_are_read(here, ada, directus):
    days_pass(100)

    here.get(PATH)

    (call,) = directus.calls_to("/activity")
    rules = json.loads(call.query["filter"])["_and"]
    since = next(r["timestamp"]["_gte"] for r in rules if "timestamp" in r)
    age = timezone.now() - datetime.fromisoformat(since)
    assert timedelta(days=90) <= age < timedelta(days=90, minutes=1)
    assert {"action": {"_eq": "login"}} in rules
    assert {"user": {"_eq": ada.id}} in rules
    assert call.query["limit"] == "500"


def test_a_limit_of_directus_is_kept(here, ada, directus):
    directus.state.query_limit_max = 20
    directus.state.log("login", ada, by=ada.id)

    here.get(PATH)

    (call,) = directus.calls_to("/activity")
    assert call.query["limit"] == "20"


def test_without_a_token_there_are_the_own_events_and_a_note(signed_in_client):
    assert texts(signed_in_client) == ["Signed in"]
    assert NOTE in signed_in_client.get(PATH).text


def test_without_the_right_too(here, directus):
    directus.state.activity_readable = False

    assert texts(here) == ["Signed in"]
    assert NOTE in here.get(PATH).text


def test_in_an_outage_too(here, directus):
    directus.is_down()

    page = here.get(PATH)

    assert page.status_code == 200
    assert NOTE in page.text
    assert "Signed in" in page.text


@pytest.mark.parametrize("odd", [None, {}, [1], [{"timestamp": None}], [{}], "x"])
def test_an_odd_answer_too(here, directus, odd):
    directus.answers(200, {"data": odd}, path="/activity")

    page = here.get(PATH)

    assert page.status_code == 200
    assert NOTE in page.text


def test_odd_addresses_and_browsers_are_shown_as_unknown(here, ada, directus):
    signed_in_elsewhere(directus, ada, address="<script>", browser="<b>x</b>")

    page = here.get(PATH)

    assert "<script>" not in page.text.replace("<script ", "")
    assert ELSEWHERE in page.text
