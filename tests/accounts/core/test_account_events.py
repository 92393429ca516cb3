"""The rows of the audit trail: one statement each, no secrets, and a limit."""

import logging
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import OperationalError, connection, transaction
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.core import account_events, audit
from accounts.core.audit import email_digest
from accounts.models import AccountEvent, User

from ..steps import ask_reset, log_in, sign_up

CANARY = "Canary-7f3a9"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"


@pytest.fixture
def asked():
    """A request of a visitor."""
    request = RequestFactory().post("/", headers={"user-agent": FIREFOX})
    request.client_address = "203.0.113.7"
    return request


def rows(**fields):
    return list(AccountEvent.objects.filter(**fields).order_by("pk"))


def statements(act):
    """Return the statements about the trail, and those about transactions."""
    with CaptureQueriesContext(connection) as queries:
        act()
    table = AccountEvent._meta.db_table
    texts = [query["sql"] for query in queries]
    words = ("SAVEPOINT", "BEGIN", "RELEASE", "COMMIT")
    return (
        [text for text in texts if table in text],
        [text for text in texts if text.startswith(words)],
    )


# What a row has


@pytest.mark.django_db
def test_a_refused_sign_in_has_the_digest_of_the_address(client, ada):
    extra = {"REMOTE_ADDR": "203.0.113.7", "HTTP_USER_AGENT": FIREFOX}

    log_in(client, ada.email, "wrong", **extra)

    (row,) = rows()
    assert (row.event, row.user_id) == ("sign_in.refused", None)
    assert row.email_digest == email_digest(ada.email)
    assert (row.client_address, row.user_agent) == ("203.0.113.7", FIREFOX)
    assert row.facts == {"reason": "INVALID_CREDENTIALS"}


@pytest.mark.django_db
def test_a_sign_in_has_the_user_and_no_digest(client, ada):
    log_in(client, ada.email, ada.password)

    (row,) = rows()
    assert (row.event, row.user) == ("sign_in.done", User.objects.get())
    assert row.email_digest == ""
    assert row.facts == {"new_device": True}


@pytest.mark.django_db
def test_the_row_of_a_sign_in_says_whether_its_browser_is_new(client, ada):
    log_in(client, ada.email, ada.password)
    client.post("/logout/")
    log_in(client, ada.email, ada.password)
    log_in(Client(), ada.email, ada.password)

    done = rows(event="sign_in.done")
    assert [row.facts.get("new_device", False) for row in done] == [True, False, True]


@pytest.mark.django_db
def test_no_row_has_a_password_an_address_or_a_token(client, ada, directus):
    log_in(client, ada.email, ada.password)
    client.post("/logout/")
    log_in(client, ada.email, CANARY)
    ask_reset(client, ada.email)
    sign_up(client, "new@example.com")

    written = str([vars(row) for row in rows()])
    secrets = {ada.email, ada.password, CANARY, "new@example.com"}
    assert len(rows()) == 5
    assert not [secret for secret in secrets if secret in written]
    assert not [token for token in directus.state.sessions if token in written]


@pytest.mark.django_db
def test_facts_that_look_like_secrets_are_masked(asked):
    audit.record("x", asked, reason=f"token={CANARY}", fields=[f"password={CANARY}"])

    assert CANARY not in str(rows()[0].facts)
    assert "[hidden]" in rows()[0].facts["reason"]


@pytest.mark.django_db
def test_facts_are_short_and_plain(asked):
    facts = {"one": "x" * 5000, "two": "a\0b\ud800", "three": {3}, "four": None}
    audit.record("x", asked, five=True, **facts)

    told = rows()[0].facts
    assert len(told.pop("one")) == 200
    assert told == {"two": "ab?", "three": [3], "four": None, "five": True}


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["0.0.0.0", "2001:db8::1", "203.0.113.7", ""])
def test_any_address_can_be_stored(asked, address):
    asked.client_address = address
    asked.META["HTTP_USER_AGENT"] = "a\0b" * 1000

    audit.record("x", asked)

    (row,) = rows()
    assert row.client_address == (address or None)
    assert len(row.user_agent) == 512


@pytest.mark.django_db
def test_an_event_outlives_the_row_of_its_user():
    user = User.objects.create_superuser("root@example.com", "A long password 1")
    audit.record("x", user=user)
    number = user.pk

    user.delete()

    assert rows()[0].user_id == number


# What it costs


@pytest.mark.django_db(transaction=True)
def test_an_event_is_one_statement_without_a_transaction_of_its_own(asked):
    inserts, others = statements(lambda: audit.record("x", asked, email="a@b.c"))

    assert [text[:6] for text in inserts] == ["INSERT"]
    assert others == []


@pytest.mark.django_db(transaction=True)
def test_within_a_transaction_an_event_has_no_savepoint(asked):
    with transaction.atomic():
        inserts, others = statements(lambda: audit.record("x", asked))

    assert [text[:6] for text in inserts] == ["INSERT"]
    assert others == []


@pytest.mark.django_db
def test_events_of_many_users_are_one_statement():
    users = [(number, {"sessions": 1}) for number in range(100)]

    inserts, _others = statements(lambda: audit.record_each("x", users))

    assert len(inserts) == 1
    assert [row.user_id for row in rows()] == list(range(100))


@pytest.mark.django_db
def test_reading_pages_writes_no_row(signed_in_client, directus):
    before = len(rows())

    for path in ("/", "/account/overview/", "/account/activity/", "/account/sessions/"):
        assert signed_in_client.get(path).status_code == 200

    assert len(rows()) == before


# Errors


@pytest.fixture
def broken(monkeypatch):
    """A table that takes no rows."""

    def fail(*args, **options):
        raise OperationalError("disk full")

    monkeypatch.setattr(AccountEvent, "save", fail)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("broken")
def test_within_a_transaction_an_event_and_its_change_fail_together(asked):
    @transaction.atomic
    def change():
        User.objects.create_superuser("root@example.com", "A long password 1")
        audit.record("x", asked)

    with pytest.raises(OperationalError):
        change()

    assert not User.objects.exists()


# Floods, and how long rows are kept


@pytest.mark.django_db
def test_a_flood_of_one_event_stops_at_a_limit(asked, monkeypatch, caplog):
    caplog.set_level(logging.INFO, "accounts")
    monkeypatch.setattr(account_events, "MOST_AN_HOUR", 3)

    for _ in range(10):
        audit.record("sign_in.refused", asked, email="a@b.c")
    audit.record("sign_up.refused", asked, email="a@b.c")
    audit.record("sign_in.refused", asked, user_id=7)

    refused = rows(event="sign_in.refused", user=None)
    assert [row.facts for row in refused] == [{}, {}, {"others_in_log": True}]
    assert len(rows()) == 5
    lines = [record for record in caplog.records if record.name == "accounts.audit"]
    assert len(lines) == 12
    assert caplog.text.count("3 events sign_in.refused within an hour") == 1


@pytest.mark.django_db
def test_after_an_hour_there_is_room_again(asked, monkeypatch):
    monkeypatch.setattr(account_events, "MOST_AN_HOUR", 1)
    audit.record("x", asked)
    audit.record("x", asked)
    assert len(rows()) == 1

    key, (_until, numbers) = account_events._counts._values.popitem()
    account_events._counts._values[key] = (0.0, numbers)
    audit.record("x", asked)

    assert len(rows()) == 2


@pytest.mark.django_db
@pytest.mark.parametrize("days", [90, 180, 400])
def test_old_rows_are_deleted_in_batches(asked, settings, days):
    settings.AUDIT_DAYS = days
    for _ in range(3):
        audit.record("x", asked)
    old, new = days + 0.1, days - 0.1
    for row, age in zip(rows(), (old, new, old), strict=True):
        row.at = timezone.now() - timedelta(days=age)
        row.save()

    call_command("clearsessions")

    left = rows()
    assert [row.event for row in left] == ["x", "command.run"]
    assert left[1].facts["events"] == 2
