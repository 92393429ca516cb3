"""Texts that name support link to it where there is an address."""

import re

import pytest
from babel.messages.pofile import read_po
from django.conf import settings as django_settings
from django.template import engines
from django.utils.safestring import mark_safe

from config.branding_tags import MARKED, support_link
from local.messages import LANGUAGES, LOCALE

LINK = '<a href="mailto:help@example.com">Contact support</a>'


@pytest.fixture
def _address(settings):
    settings.SUPPORT_EMAIL = "help@example.com"


@pytest.mark.usefixtures("_address")
def test_the_marked_words_become_a_link():
    text = support_link("You can't. [Contact support].")

    assert text == f"You can&#x27;t. {LINK}."
    assert hasattr(text, "__html__")


def test_without_an_address_they_are_plain_words():
    assert support_link("No. [Contact support].") == "No. Contact support."


@pytest.mark.usefixtures("_address")
def test_what_else_is_in_the_text_is_escaped():
    assert support_link("<b> [x]").startswith("&lt;b&gt; <a ")
    assert support_link(mark_safe("<b> [x]")).startswith("<b> <a ")


@pytest.mark.usefixtures("_address")
def test_a_template_escapes_it_once():
    source = (
        "{% load branding i18n %}{% filter support_link %}"
        "{% blocktranslate %}{{ label }}: [Contact support]{% endblocktranslate %}"
        "{% endfilter %}"
    )

    text = engines["django"].from_string(source).render({"label": "<&>"})

    assert text == f"&lt;&amp;&gt;: {LINK}"


@pytest.mark.django_db
@pytest.mark.usefixtures("_address")
def test_the_error_of_a_form_has_the_link(signed_in_client, directus):
    directus.state.customer_writes = frozenset()

    page = signed_in_client.post("/account/", {"first_name": "Augusta"})

    assert f"You can&#x27;t change this here. {LINK}." in page.text


@pytest.mark.django_db
@pytest.mark.usefixtures("_address")
def test_a_page_has_the_link(signed_in_client):
    assert f"You can't delete your account here. {LINK}." in (
        signed_in_client.get("/account/delete/").text
    )


NAMED = re.compile(r"\[?\b[Cc]ontact support\b\]?(?!\" %})")


def test_every_text_that_names_support_marks_it():
    """The footer and mails have links and texts of their own."""
    root = django_settings.BASE_DIR
    paths = [
        *(root / "templates").rglob("*.html"),
        *(root / "accounts").rglob("*.py"),
        *(root / "dashboard").rglob("*.py"),
    ]

    bare = [
        f"{path.relative_to(root)}: {found}"
        for path in paths
        for found in NAMED.findall(path.read_text())
        if not (found.startswith("[") and found.endswith("]"))
    ]

    assert not bare


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_marks_as_many_words(language):
    with open(LOCALE / language / "LC_MESSAGES/django.po", "rb") as file:
        entries = [each for each in read_po(file) if isinstance(each.id, str)]

    assert not [
        each.id
        for each in entries
        if each.string
        and len(MARKED.findall(each.id)) != len(MARKED.findall(each.string))
    ]
