"""Mails about accounts: in the user's language, never in the way."""

import logging
import smtplib
from datetime import UTC, datetime

import pytest
from django.core import mail

from accounts.core import background, mails
from accounts.models import User

CANARY = "550 no such user: canary@example.com"


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


def test_a_mail_goes_later_to_where_it_had_to_go_before(user, monkeypatch):
    waiting = []
    monkeypatch.setattr(background, "run", waiting.append)
    mails.send("probe", user, what="you")
    user.email = "later@example.com"
    assert mail.outbox == []

    waiting[0]()

    assert mail.outbox[0].to == ["ada@example.com"]


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


def test_a_mail_server_that_fails_stops_nothing(user, monkeypatch, caplog):
    def refuse(*args, **kwargs):
        raise smtplib.SMTPRecipientsRefused({"canary@example.com": (550, CANARY)})

    monkeypatch.setattr("django.core.mail.EmailMultiAlternatives.send", refuse)
    with caplog.at_level(logging.ERROR, "accounts.core.mails"):
        mails.send("probe", user, what="you")

    assert "The mail probe was not sent: SMTPRecipientsRefused" in caplog.text
    assert "canary" not in caplog.text
