"""The interface speaks six languages, and each of them whole."""

import re
from collections import Counter

import pytest
from babel.messages.pofile import read_po
from django.conf import settings
from django.utils import translation

from local import messages

PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|%[a-z](?![\w ])|(?<!%)%s|\{\w*\}")
TAG = re.compile(r"</?\w[^>]*>")
NUMBERED = re.compile(r"%\((?:n|count|seconds|minutes|number|left)\)[a-z]")
MAKE = "run `make messages` and translate what is new"

languages = pytest.mark.parametrize("language", messages.LANGUAGES)


def keys(catalog):
    return {(str(message.id), message.context) for message in catalog if message.id}


def forms(message):
    """Yield each translated form with the original that it stands for."""
    if not message.pluralizable:
        yield message.id, message.string
        return
    one, many = message.id
    *few, last = message.string
    yield from ((one, text) for text in few)
    yield many, last


def signs(pattern, text):
    return Counter(pattern.findall(text))


def test_there_is_a_catalogue_for_each_language_but_english():
    others = {name for name, _ in settings.LANGUAGES} - {"en-gb"}

    assert {translation.to_locale(name) for name in others} == set(messages.LANGUAGES)


@languages
def test_a_catalogue_has_exactly_what_the_sources_say(language):
    found = keys(messages.collect(language))

    assert len(found) > 150
    assert keys(messages.read(language)) == found, MAKE


@languages
def test_everything_is_translated(language):
    assert messages.gaps(messages.read(language)) == [], MAKE


@languages
def test_nothing_is_doubtful_or_obsolete(language):
    with messages.po_file(language).open("rb") as file:
        catalog = read_po(file, locale=language)

    assert not catalog.obsolete
    assert [message.id for message in catalog if message.id and message.fuzzy] == []


@languages
def test_the_files_are_as_make_messages_writes_them(language):
    path = messages.po_file(language)
    catalog = messages.update(language)

    assert path.read_bytes() == messages.as_po(catalog), MAKE
    assert path.with_suffix(".mo").read_bytes() == messages.as_mo(catalog), MAKE


@languages
def test_a_translation_keeps_placeholders_and_tags(language):
    wrong = [
        (original, text)
        for message in messages.read(language)
        if message.id
        for original, text in forms(message)
        if signs(TAG, original) != signs(TAG, text)
        # "One session ended." needs no number, whatever the English says.
        or signs(PLACEHOLDER, NUMBERED.sub("", original))
        != signs(PLACEHOLDER, NUMBERED.sub("", text))
    ]

    assert wrong == []


@languages
def test_a_count_has_as_many_forms_as_the_language(language):
    expected = messages.read(language).num_plurals
    counts = {
        len(message.string)
        for message in messages.read(language)
        if message.pluralizable
    }

    assert counts == {expected} == {1 if language == "ja" else 2}


@languages
def test_space_around_a_text_stays(language):
    wrong = [
        text
        for message in messages.read(language)
        if message.id
        for original, text in forms(message)
        if text != text.strip() and original == original.strip()
    ]

    assert wrong == []


@pytest.mark.parametrize(
    ("name", "none", "one", "two"),
    [
        ("de", "0 Benutzer wurden", "1 Benutzer wurde ", "2 Benutzer wurden"),
        ("fr", "0 utilisateur a", "1 utilisateur a", "2 utilisateurs ont"),
        ("es", "de 0 usuarios", "de 1 usuario.", "de 2 usuarios"),
        ("pt-br", "0 usuário foi", "1 usuário foi", "2 usuários foram"),
        ("ja", "0 人の", "1 人の", "2 人の"),
    ],
)
def test_counts_read_right(name, none, one, two):
    said = "%(n)d user was signed out.", "%(n)d users were signed out."
    with translation.override(name):
        texts = [translation.ngettext(*said, n) % {"n": n} for n in (0, 1, 2)]

    for expected, text in zip((none, one, two), texts, strict=True):
        assert expected in text


@pytest.mark.parametrize(
    ("language", "other"),
    [
        ("de", "Dienst-Token"),  # Service-Token
        ("de", "abgleichen"),  # synchronisieren
        ("de", "Foto"),  # Profilbild
        ("de", "Aufmerksamkeit"),  # Handlungsbedarf
        ("fr", "secours"),  # récupération
    ],
)
def test_a_thing_has_one_word(language, other):
    wrong = [
        text
        for message in messages.read(language)
        for _, text in forms(message)
        if other in text
    ]

    assert wrong == []


def test_addresses_are_confirmed_with_one_word_in_japanese():
    confirmed = re.compile(r"unconfirmed|[Cc]onfirm\w* (?:\w+ )?(?:\w+ )?address")
    found = [m for m in messages.read("ja") if m.id and confirmed.search(str(m.id))]

    assert len(found) > 5
    assert [m.string for m in found if "認証" not in m.string] == []
