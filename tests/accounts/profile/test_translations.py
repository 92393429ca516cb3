"""Texts that descriptions of fields name by a key, as `$t:some_key`."""

import logging

import pytest

from accounts.profile import cached

pytestmark = pytest.mark.django_db

CHOICES = {"choices": [{"text": "$t:red", "value": "r"}, {"value": "$t:blue"}]}


@pytest.fixture
def fields(settings, directus, service_token):
    """A function that adds a field to users and to the profile."""
    settings.DIRECTUS_PROFILE_FIELDS = []

    def add(name, type="string", **described):
        directus.add_field(name, type, **described)
        settings.DIRECTUS_PROFILE_FIELDS = [*settings.DIRECTUS_PROFILE_FIELDS, name]

    return add


@pytest.fixture
def company(fields):
    """A field with a note that names the text `where_you_work`."""
    fields("company", note="$t:where_you_work")


@pytest.fixture
def a_minute_passes(monkeypatch):
    """Return a function after which no answer is fresh."""
    return lambda: monkeypatch.setattr(cached, "FRESH_SECONDS", -1)


def field_of(browser, name, language="en"):
    page = browser.get("/account/", headers={"Accept-Language": language})
    assert page.status_code == 200
    return page.context["profile_form"][name]


def note_of(browser, language="en"):
    return field_of(browser, "company", language).help_text


def test_label_note_choices_and_refusal_are_looked_up(
    signed_in_client, fields, directus
):
    fields(
        "colour",
        interface="select-radio",
        options=CHOICES,
        note="$t:note",
        required=True,
        translations=[{"language": "en-GB", "translation": "$t:label"}],
    )
    fields("code", validation={"_regex": "^x"}, validation_message="$t:start")
    directus.add_text("note", en_US="Which one?")
    directus.add_text("label", en_US="Favourite colour")
    directus.add_text("red", en_US="Bright red")
    directus.add_text("start", en_US="Start with x.")

    field = field_of(signed_in_client, "colour")
    assert (field.label, field.help_text) == ("Favourite colour", "Which one?")
    assert field.field.choices == [("r", "Bright red"), ("$t:blue", "Blue")]
    page = signed_in_client.post("/account/", {"colour": "r", "code": "y"})
    assert page.context["form"].errors["code"] == ["Start with x."]
    rule = directus.was_asked_once("/translations").query["filter"]
    assert rule == '{"key": {"_in": ["blue", "label", "note", "red", "start"]}}'


@pytest.mark.parametrize(
    ("texts", "language", "shown"),
    [
        ({"de_DE": "Wo", "en_US": "Where"}, "de", "Wo"),
        ({"de_DE": "Wo", "en_US": "Where"}, "fr", "Where"),
        ({"de_DE": "Wo", "en_US": "Where", "pt_BR": "Onde"}, "pt-BR", "Onde"),
        ({"en_GB": "Over here", "en_US": "Over there"}, "en", "Over here"),
        ({"de_CH": "Wo öppe", "de_DE": "Wo", "de_XX": "?"}, "de", "Wo"),
        ({"de_AT": "Wo denn"}, "de", "Wo denn"),
        ({"de_DE": "Wo"}, "en", "Where you work"),
        ({"nl_NL": "Waar"}, "en", "Where you work"),
        ({}, "en", "Where you work"),
    ],
)
def test_a_text_is_in_the_language_of_the_page_or_in_english(
    signed_in_client, company, directus, texts, language, shown
):
    directus.add_text("where_you_work", **texts)

    assert note_of(signed_in_client, language) == shown


def test_a_text_is_no_html(signed_in_client, company, directus):
    directus.add_text("where_you_work", en_US="<i>Where</i>")

    page = signed_in_client.get("/account/").text

    assert "<i>" not in page
    assert "&lt;i&gt;Where" in page


def test_texts_are_asked_for_once_a_minute_for_all_languages(
    signed_in_client, company, directus, a_minute_passes
):
    directus.add_text("where_you_work", en_US="Where", de_DE="Wo")

    assert note_of(signed_in_client) == "Where"
    assert note_of(signed_in_client, "de") == "Wo"
    directus.was_asked_once("/translations")

    directus.state.translations[0]["value"] = "Whereabouts"
    a_minute_passes()
    assert note_of(signed_in_client) == "Whereabouts"


def test_nothing_is_looked_up_without_a_key(signed_in_client, fields, directus):
    fields("company", note="About $t:nothing", validation_message="$t:")

    assert note_of(signed_in_client) == "About $t:nothing"
    directus.was_not_asked("/translations")


def test_a_key_that_is_new_is_looked_up_at_once(
    signed_in_client, fields, directus, company
):
    directus.add_text("where_you_work", en_US="Where")
    directus.add_text("call_me", en_US="Call me")
    note_of(signed_in_client)

    fields("phone", note="$t:call_me")

    assert field_of(signed_in_client, "phone").help_text == "Call me"


def test_very_many_keys_make_no_long_address(signed_in_client, fields, directus):
    rows = [{"text": f"$t:country_{n:03}", "value": str(n)} for n in range(250)]
    fields("land", interface="select-radio", options={"choices": rows}, required=True)
    for number in (7, 249):
        directus.add_text(f"country_{number:03}", en_US=f"Country {number}")

    texts = dict(field_of(signed_in_client, "land").field.choices)

    assert (texts["7"], texts["249"], texts["8"]) == (
        "Country 7",
        "Country 249",
        "Country 008",
    )
    assert "filter" not in directus.was_asked_once("/translations").query


# Rights and outages


def test_without_the_right_keys_are_shown_and_a_warning_is_logged_once(
    signed_in_client, company, directus, caplog
):
    directus.add_text("where_you_work", en_US="Where")
    directus.state.lacks = {"directus_translations.read"}

    assert note_of(signed_in_client) == "Where you work"
    assert note_of(signed_in_client, "de") == "Where you work"

    assert [r.levelno for r in caplog.records if "$t:" in r.getMessage()] == [
        logging.WARNING
    ]
    directus.was_asked_once("/translations")


def test_without_a_service_token_nothing_is_looked_up(
    signed_in_client, company, directus, settings, caplog
):
    settings.DIRECTUS_SERVICE_TOKEN = ""

    assert note_of(signed_in_client) == "Where you work"
    assert note_of(signed_in_client) == "Where you work"

    assert caplog.text.count("$t:") == 1
    directus.was_not_asked("/translations")


def test_a_service_token_that_is_refused_ends_no_session(
    signed_in_client, company, directus
):
    error = {"message": "x", "extensions": {"code": "INVALID_CREDENTIALS"}}
    directus.answers(401, {"errors": [error]}, path="/translations")

    assert note_of(signed_in_client) == "Where you work"


@pytest.mark.parametrize("status", [429, 503])
def test_old_texts_do_while_directus_is_away(
    signed_in_client, company, directus, a_minute_passes, status
):
    directus.add_text("where_you_work", en_US="Where")
    note_of(signed_in_client)
    a_minute_passes()
    directus.answers(status, {"errors": [{}]}, path="/translations", times=2)

    assert note_of(signed_in_client) == "Where"


@pytest.mark.parametrize("status", [429, 503])
def test_texts_that_never_came_take_no_page_away(
    signed_in_client, company, directus, status
):
    directus.add_text("where_you_work", en_US="Where")
    # Reading is tried twice.
    times = 2 if status == 503 else 1
    directus.answers(status, {"errors": [{}]}, path="/translations", times=times)

    assert note_of(signed_in_client) == "Where you work"
    assert note_of(signed_in_client) == "Where"


@pytest.mark.parametrize(
    "data",
    [
        None,
        {},
        "x",
        [None, 7, "x", []],
        [{}],
        [{"key": "where_you_work", "language": "en-US"}],
        [{"key": "where_you_work", "language": None, "value": "x"}],
        [{"key": "where_you_work", "language": "x" * 5000, "value": "x"}],
        [{"key": "where_you_work", "language": "en-US", "value": ["x"]}],
        [{"key": "where_you_work", "language": "en-US", "value": " "}],
        [{"key": ["where_you_work"], "language": "en-US", "value": "x"}],
        [{"key": "another", "language": "en-US", "value": "x"}],
    ],
)
def test_an_odd_answer_harms_nothing(signed_in_client, company, directus, data):
    directus.answers(200, {"data": data}, path="/translations")

    assert note_of(signed_in_client) == "Where you work"


@pytest.mark.parametrize(
    "described",
    [
        {"options": {"choices": [[["$t:a"]], {"text": {"x": "$t:b"}, "value": "c"}]}},
        {"translations": {"language": "$t:d"}, "note": ["$t:where"]},
    ],
)
def test_a_key_in_an_odd_place_harms_nothing(signed_in_client, fields, described):
    fields("company", **described)

    assert signed_in_client.get("/account/").status_code == 200
