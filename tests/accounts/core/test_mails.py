"""Mails about accounts: in the user's language, never in the way."""

import json
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import pytest
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.core import delivery, mails, postman, sealing
from accounts.models import OutgoingMail, User

pytestmark = pytest.mark.django_db
LINK = {"link": "https://example.com/?token=canary", "hours": 3}


@pytest.fixture
def user(tmp_path, settings):
    (engine,) = settings.TEMPLATES
    settings.TEMPLATES = [engine | {"DIRS": [tmp_path, *engine["DIRS"]]}]
    folder = tmp_path / "accounts" / "mail"
    folder.mkdir(parents=True)
    (folder / "probe.txt").write_text(
        '{% extends "accounts/mail/mail.txt" %}'
        "{% block subject %}About {{ what }}{% endblock %}"
        "{% block text %}One & two\nlines.\n\nThe end.{% endblock %}"
    )
    return User(email="ada@example.com")


def test_a_mail_has_a_text_and_the_same_as_html(user):
    mails.send("probe", user, what="you")

    (sent,) = mail.outbox
    assert (sent.subject, sent.to) == ("About you", ["ada@example.com"])
    assert sent.body.startswith("One & two lines.\n\nThe end.\n\n-- \n")
    ((html, kind),) = sent.alternatives
    assert kind == "text/html"
    assert "One &amp; two lines." in html


def test_a_mail_can_go_to_another_address(user):
    mails.send("probe", user, to="new@example.com", what="you")

    assert mail.outbox[0].to == ["new@example.com"]


def test_without_an_address_nothing_is_sent(user):
    user.email = ""

    mails.send("probe", user, what="you")

    assert mail.outbox == []


MAILS_OF_PROVIDERS = {
    "deletion_asked": {"delete_at": datetime(2026, 11, 24, tzinfo=UTC)},
    "deletion_cancelled": {},
    "deletion_done": {},
    "new_device": {"sessions_path": "/account/sessions/"},
    "two_factor_off": {},
    "two_factor_on": {},
    "two_factor_recovered": {"codes_left": 3},
}


@pytest.mark.parametrize("name", MAILS_OF_PROVIDERS)
def test_a_providers_user_is_not_sent_to_a_password(provider, rf, name):
    user = User(email="ada@example.com", provider="exampleid")
    request = rf.get("/")
    request.client_address = "192.0.2.1"

    mails.send(name, user, request, **MAILS_OF_PROVIDERS[name])

    (sent,) = mail.outbox
    assert "password" not in sent.body.lower()
    assert ("at Example ID" in sent.body) is (name != "deletion_done")


@pytest.fixture
def nothing_is_sent(monkeypatch):
    """Let mails wait."""
    monkeypatch.setattr(postman, "call", lambda: None)


def test_a_mail_says_later_what_it_had_to_say_before(user, nothing_is_sent):
    mails.send("probe", user, what="you")
    user.email = "later@example.com"
    assert mail.outbox == []

    delivery.deliver()

    assert mail.outbox[0].to == ["ada@example.com"]
    assert not OutgoingMail.objects.exists()


def test_a_waiting_mail_is_no_open_secret(user, nothing_is_sent):
    mails.send("probe", user, what="canary", **LINK)

    row = OutgoingMail.objects.get()
    texts = [str(value) for value in vars(row).values()]
    assert not any("canary" in text or "ada@" in text for text in texts)
    assert json.loads(sealing.opened(row.sealed_message))["to"] == "ada@example.com"


def test_a_new_link_replaces_the_one_that_waits(user, nothing_is_sent):
    mails.send("probe", user, what="the old link", **LINK)
    mails.send("probe", user, to="other@example.com", what="theirs", **LINK)
    mails.send("probe", user, to="ADA@example.com", what="the new link", **LINK)

    delivery.deliver()

    subjects = [sent.subject for sent in mail.outbox]
    assert subjects == ["About theirs", "About the new link"]


def test_mails_without_a_link_replace_nothing(user, nothing_is_sent):
    mails.send("probe", user, what="this")
    mails.send("probe", user, what="that")

    delivery.deliver()

    assert len(mail.outbox) == 2


@pytest.mark.parametrize(("hours", "lasts"), [(1, 1), (72, 24)])
def test_a_mail_expires_with_its_link(user, nothing_is_sent, hours, lasts):
    mails.send("probe", user, what="you", link="https://example.com/", hours=hours)

    age = OutgoingMail.objects.get().expires_at - timezone.now()
    assert timedelta(hours=lasts, seconds=-10) < age <= timedelta(hours=lasts)


def test_a_mail_and_no_mail_cost_the_same(user):
    costs = []
    for send in (
        lambda: mails.send("probe", user, what="you", **LINK),
        lambda: mails.send("probe", user, what="you"),
        lambda: mails.send_nothing("probe", user.email),
    ):
        with CaptureQueriesContext(connection) as queries:
            send()
        costs.append([query["sql"].split()[0] for query in queries])

    assert costs == [["INSERT", "DELETE"]] * 3
    assert len(mail.outbox) == 2
    assert not OutgoingMail.objects.exists()


def test_a_mail_says_when_and_by_what_it_was_written(user, nothing_is_sent, settings):
    settings.PUBLIC_URL = "https://site.example:8443"
    mails.send("probe", user, what="you")
    row = OutgoingMail.objects.get()

    delivery.deliver()

    headers = mail.outbox[0].message()
    written = parsedate_to_datetime(headers["Date"])
    assert written == row.created_at.replace(microsecond=0)
    assert headers["Message-ID"] == row.message_id
    assert row.message_id.endswith("@site.example>")
    assert headers["Auto-Submitted"] == "auto-generated"


@pytest.mark.parametrize(
    ("language", "when"),
    [
        ("en-US", "24 November 2026, 18:35 (UTC)"),
        ("de-DE", "24. November 2026 18:35 (UTC)"),
    ],
)
def test_a_mail_has_times_as_its_reader_writes_them(user, language, when):
    user.language = language
    moment = datetime(2026, 11, 24, 18, 35, tzinfo=UTC)

    mails.send("deletion_asked", user, delete_at=moment)

    assert when in mail.outbox[0].body


@pytest.mark.parametrize("address", ["\x80", "no address", "a@b\n.de", "a@" + "é" * 90])
def test_an_address_that_is_none_stops_nothing(user, address, caplog):
    user.email = address

    mails.send("probe", user, what="you")

    assert address not in caplog.text
    row = OutgoingMail.objects.filter(given_up_at=None)
    assert not row.exists()
