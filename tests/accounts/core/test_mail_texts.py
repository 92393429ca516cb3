"""Every mail in every language: whole, translated, with one button and readable."""

import re
from functools import cache
from html.parser import HTMLParser

import pytest
from django.conf import settings
from django.utils import translation

from accounts.core import mail_texts
from accounts.models import User
from accounts.operations import mail_samples
from config.branding import Branding
from local import messages

FOLDER = messages.ROOT / "templates" / "accounts" / "mail"
FRAMES = {"frame.html", "frame.txt", "mail.txt"}
WITHOUT_BUTTON = {"deletion_done", "deletion_cancelled-of-provider"}
LANGUAGES = [code for code, _ in settings.LANGUAGES]
MAKE = "run `make messages` and translate what is new"

languages = pytest.mark.parametrize("language", LANGUAGES)


class Page(HTMLParser):
    """The links of a mail's HTML, and its text."""

    def __init__(self, html):
        super().__init__()
        self.links = []
        self.texts = []
        self.is_style = False
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.is_style = tag == "style"
        if tag == "a":
            self.links.append(dict(attrs)["href"])

    def handle_data(self, data):
        if data.strip() and not self.is_style:
            self.texts.append(data.strip())


@cache
def rendered(language):
    """Return all samples in a language, with their HTML read."""
    found = [(s.label, mail_samples.written(s, language)) for s in mail_samples.SAMPLES]
    return [(label, mail, Page(mail.html)) for label, mail in found]


def address_in(mail):
    """Return the line of the text part that is nothing but an address."""
    body = mail.text.partition("\n-- \n")[0]
    return [line for line in body.splitlines() if re.fullmatch(r"\S+://\S+", line)]


def test_every_mail_has_a_sample():
    templates = {path.stem for path in FOLDER.iterdir() if path.name not in FRAMES}

    assert templates == {sample.name for sample in mail_samples.SAMPLES}


def test_the_guide_lists_every_mail():
    guide = (messages.ROOT / "docs" / "mails.md").read_text()
    listed = re.findall(r"^\| `(\w+)` \|.+\|.+\|.+\|$", guide, re.MULTILINE)

    assert set(listed) == {sample.name for sample in mail_samples.SAMPLES}


@languages
def test_a_subject_is_one_line(language):
    for label, mail, _ in rendered(language):
        assert mail.subject == " ".join(mail.subject.splitlines()).strip() != "", label
        assert len(mail.subject) <= 100, label


@languages
def test_the_text_part_is_plain_text(language):
    for label, mail, _ in rendered(language):
        assert not re.search(r"&#?\w+;|<[a-z/]|{{|{%|None", mail.text), label
        assert "\n\n\n" not in mail.text, label
        assert max(len(line.encode()) for line in mail.text.splitlines()) < 998, label


@languages
def test_the_address_of_the_one_button_stands_below_it_and_alone_in_the_text(language):
    for label, mail, page in rendered(language):
        assert mail.html.count('class="button"') == (label not in WITHOUT_BUTTON), label
        inside = [link for link in page.links if link != settings.PUBLIC_URL]
        if label == "email_changed":
            # Without SUPPORT_EMAIL, its button leads to the start page.
            assert page.links == [settings.PUBLIC_URL] * 2
            inside = page.links[:1]
        assert address_in(mail) == inside, label
        assert len(inside) == (label not in WITHOUT_BUTTON), label
        assert all(page.texts.count(link) == 1 for link in inside), label


@languages
def test_addresses_of_users_are_no_links(language):
    for label, _, page in rendered(language):
        assert not [link for link in page.links if "203.0" in link or "@" in link], (
            label
        )


@languages
def test_the_html_says_what_the_text_says(language):
    for label, mail, page in rendered(language):
        shown = " ".join(page.texts)
        body = mail.text.partition("\n-- \n")[0]
        for line in filter(None, body.splitlines()):
            # A label and its value are two cells of the table.
            value = line.partition(": ")[2] or line.rstrip(": \xa0")
            assert line in shown or value in shown, (label, line)
        assert "erika@example.com" in page.texts[-1], label


# Translations


def sources():
    """Yield the files with texts of mails."""
    yield from (path for path in FOLDER.iterdir())
    yield messages.ROOT / "accounts" / "core" / "mail_texts.py"


@pytest.mark.parametrize("language", messages.LANGUAGES)
def test_every_text_of_a_mail_is_translated(language):
    """`make messages` collects new texts, and each needs a translation."""
    catalog = messages.read(language)
    missing = [
        text
        for path in sources()
        for text, context in messages.found_in(path)
        if not (known := catalog.get(text, context)) or not known.string
    ]

    assert missing == [], MAKE


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_nothing_of_a_mail_is_english(language):
    english = {
        line
        for _, mail, _ in rendered(LANGUAGES[0])
        for line in [mail.subject, *mail.text.splitlines()]
        if line.count(" ") > 1
    }
    for label, mail, _ in rendered(language):
        same = english & {mail.subject, *mail.text.splitlines()}
        assert not same, (label, MAKE)


# What operators and users bring


def write(name="new_device", language="en-gb", user=None, **facts):
    sample = next(s for s in mail_samples.SAMPLES if s.name == name)
    context = {"user": user or User(email="ada@example.com"), "provider": ""}
    context |= {"moment": mail_samples.MOMENT, "browser": "Firefox on Linux"}
    context |= {"address": "203.0.113.7"} | sample.facts | facts
    return mail_texts.written(name, language, "ada@example.com", context)


@pytest.mark.parametrize(
    "name", ["A\r\nBcc: eve@example.com", "A\x00\x85B", "A\u2028B"]
)
def test_a_name_with_line_breaks_breaks_no_line(monkeypatch, name):
    monkeypatch.setattr(mail_texts, "branding", lambda: Branding(name=name))

    mail = write(user=User(first_name=name))

    assert len(mail.subject.splitlines()) == 1
    assert mail.subject.isprintable()
    assert not [line for line in mail.text.splitlines() if line.startswith("Bcc")]


@pytest.mark.parametrize(
    ("zone", "when"),
    [
        ("Asia/Tokyo", "1 December 2026, 06:10 (Asia/Tokyo)"),
        ("America/Sao_Paulo", "30 November 2026, 18:10 (America/Sao Paulo)"),
        ("Mars/Olympus", "30 November 2026, 21:10 (UTC)"),
        ("", "30 November 2026, 21:10 (UTC)"),
    ],
)
def test_times_are_in_the_zone_of_the_recipient(zone, when):
    user = User(email="ada@example.com", time_zone=zone)

    assert f"When: {when}\n" in write(user=user).text
    deleting = write("deletion_asked", user=user, delete_at=mail_samples.MOMENT)
    assert f"We'll delete it on {when}." in deleting.text
    day = when.partition(",")[0]
    assert deleting.subject.endswith(f"will be deleted on {day}")


@pytest.mark.parametrize(
    ("hours", "words"),
    [(1, "1 hour"), (24, "1 day"), (36, "1 day, 12 hours"), (72, "3 days")],
)
def test_the_life_of_a_link_is_in_words(hours, words):
    text = write("password_reset", hours=hours, link="http://testserver/x").text

    assert f"The link works for {words}." in text


def test_the_look_of_the_operator_is_in_the_frame(monkeypatch):
    look = Branding(
        name="Acme & Sons",
        accent="#111111",
        on_accent="#eeeeee",
        accent_dark="#222222",
        logo_url="https://acme.example/logo.png",
        logo_dark_url="https://acme.example/dark.png",
        home_url="https://acme.example",
        privacy_url="https://acme.example/privacy?a=1&b=2",
        support_email="help@acme.example",
    )
    monkeypatch.setattr(mail_texts, "branding", lambda: look)

    mail = write("email_changed")

    assert 'src="https://acme.example/logo.png" alt="Acme &amp; Sons"' in mail.html
    assert 'srcset="https://acme.example/dark.png"' in mail.html
    for colour in ("#111111", "#eeeeee", "#222222"):
        assert colour in mail.html
    assert Page(mail.html).links == [
        "mailto:help@acme.example",
        "https://acme.example",
        "mailto:help@acme.example",
        "https://acme.example/privacy?a=1&b=2",
    ]
    assert "Contact support:\nhelp@acme.example\n" in mail.text
    assert (
        "Acme & Sons\nhttps://acme.example\nSupport: help@acme.example\n" in mail.text
    )
    assert "Privacy: https://acme.example/privacy?a=1&b=2\n" in mail.text


def test_an_operator_changes_one_part_of_a_mail(settings, tmp_path):
    (engine,) = settings.TEMPLATES
    settings.TEMPLATES = [engine | {"DIRS": [tmp_path, *engine["DIRS"]]}]
    folder = tmp_path / "accounts" / "mail"
    folder.mkdir(parents=True)
    (folder / "new_device.txt").write_text(
        '{% extends "accounts/mail/new_device.txt" %}'
        "{% block note %}Call us <now>.{% endblock %}"
    )

    mail = write()

    assert mail.subject == "New sign-in to Directus site"
    assert "Call us <now>.\n" in mail.text
    assert "Call us &lt;now&gt;." in mail.html
    assert "Sign the device out" not in mail.text


def test_a_new_sign_in_is_told_in_the_list_of_mails():
    assert "Firefox on Linux, 21:10. If this was you, do nothing.</div>" in write().html


def test_a_page_in_another_language_and_zone_changes_no_mail():
    with translation.override("de"):
        mail = write()

    assert mail.subject == "New sign-in to Directus site"
    assert '<html lang="en-gb">' in mail.html
