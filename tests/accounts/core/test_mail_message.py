"""The bytes that the mail server gets, read by the standard library's strict parser."""

import base64
import quopri
import re
from datetime import timedelta
from email import message_from_bytes, policy
from email.utils import parsedate_to_datetime

import pytest
from django.conf import settings
from django.utils import timezone

from accounts.core.mail_message import Mail
from accounts.operations import mail_samples
from config.service_urls import sender

LINK = "https://accounts.example.com/reset-password/?token=" + "aB3-_" * 40
SUBJECTS = [
    "Reset your password",
    "Bestätigen Sie Ihre E-Mail-Adresse für Müllers Gärtnerei & Söhne, bitte bald",
    "お客様の株式会社サンプルのアカウントは2026年12月14日に削除される予定ですのでご注意ください",
    "🎉" * 40,
]
WORD = re.compile(rb"=\?([\w-]+)\?([bq])\?([^?]*)\?=", re.IGNORECASE)


def as_bytes(subject="Hello", text=LINK, html="<p>Hello</p>", **options):
    mail = Mail(subject, text, to=["ada@example.com"], **options)
    mail.attach_alternative(html, "text/html")
    return mail.message().as_bytes()


def head(data):
    return data.partition(b"\n\n")[0]


@pytest.mark.parametrize("language", [code for code, _ in settings.LANGUAGES])
def test_every_mail_passes_a_strict_parser(language):
    for sample in mail_samples.SAMPLES:
        written = mail_samples.written(sample, language)

        data = as_bytes(written.subject, written.text, written.html)

        parsed = message_from_bytes(data, policy=policy.strict)
        assert not [part.defects for part in parsed.walk() if part.defects]
        assert str(parsed["Subject"]) == written.subject
        assert parsed.get_content_type() == "multipart/alternative"
        text, html = parsed.iter_parts()
        assert (text.get_content_type(), html.get_content_type()) == (
            "text/plain",
            "text/html",
        )
        assert text.get_content().strip() == written.text.strip()
        assert html.get_content().strip() == written.html.strip()
        assert max(map(len, data.splitlines())) < 998


def test_a_mail_says_that_a_machine_sent_it_now():
    parsed = message_from_bytes(as_bytes(), policy=policy.strict)

    assert parsed["Auto-Submitted"] == "auto-generated"
    assert len(parsed.get_all("Message-ID")) == 1
    age = timezone.now() - parsedate_to_datetime(parsed["Date"]).astimezone()
    assert timedelta(0) <= age < timedelta(minutes=1)


def test_headers_that_the_outbox_gives_stay():
    given = {
        "Message-ID": "<one@example.com>",
        "Date": "Mon, 30 Nov 2026 21:10:00 +0000",
    }

    parsed = message_from_bytes(as_bytes(headers=given), policy=policy.strict)

    for name, value in given.items():
        assert parsed.get_all(name) == [value]


@pytest.mark.parametrize("words", ["", "Grüße\n", "ご注意ください" * 30 + "\n"])
def test_a_link_is_not_broken_in_the_bytes(words):
    data = as_bytes(text=f"{words}{LINK}\n", html=f'{words}<a href="{LINK}">Open</a>')

    assert data.count(LINK.encode()) == 2


def test_a_line_that_mail_servers_refuse_is_broken_after_all():
    data = as_bytes(text="é" * 600)

    assert max(map(len, data.splitlines())) < 998
    parsed = message_from_bytes(data, policy=policy.strict)
    assert parsed.get_body(("plain",)).get_content().strip() == "é" * 600


@pytest.mark.parametrize("subject", SUBJECTS, ids=["en", "de", "ja", "emoji"])
def test_no_part_of_a_subject_splits_a_character(subject):
    data = as_bytes(subject)

    parsed = message_from_bytes(data, policy=policy.strict)
    assert str(parsed["Subject"]) == subject
    lines = re.search(rb"^Subject: .*(?:\n .*)*", head(data), re.MULTILINE)[0]
    for charset, kind, text in WORD.findall(lines):
        decode = base64.b64decode if kind.lower() == b"b" else quopri.decodestring
        assert decode(text).decode(charset.decode())
    assert max(map(len, lines.splitlines())) <= 78


def test_a_short_subject_is_in_one_piece():
    data = as_bytes("パスワードの再設定")

    assert len(WORD.findall(head(data))) == 1


@pytest.mark.parametrize("subject", ["A\r\nBcc: eve@example.com", "A\nB", "A\rB"])
def test_a_subject_brings_no_header(subject):
    with pytest.raises(ValueError, match=r"newline|linefeed|carriage"):
        as_bytes(subject)


@pytest.mark.parametrize(
    ("address", "name", "shown"),
    [
        ("a@example.com", "Acme", ("Acme", "a@example.com")),
        ("a@example.com", "Müller, „Söhne“", ("Müller, „Söhne“", "a@example.com")),
        ("a@example.com", 'The "Shop" \\o/', ('The "Shop" \\o/', "a@example.com")),
        ("a@example.com", "株式会社サンプル", ("株式会社サンプル", "a@example.com")),
        ("Accounts <a@example.com>", "Acme", ("Accounts", "a@example.com")),
        ("<a@example.com>", "Acme", ("Acme", "a@example.com")),
    ],
)
def test_a_mail_comes_from_the_site_unless_the_setting_names_another(
    address, name, shown
):
    data = as_bytes(from_email=sender(address, name))

    parsed = message_from_bytes(data, policy=policy.strict)
    (found,) = parsed["From"].addresses
    assert (found.display_name, found.addr_spec) == shown
    assert head(data).isascii()


def test_the_site_itself_is_the_sender():
    parsed = message_from_bytes(as_bytes(), policy=policy.strict)

    assert str(parsed["From"]) == f"{settings.SITE_NAME} <noreply@testserver>"
