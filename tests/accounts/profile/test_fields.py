"""Fields of the profile that operators added to users in Directus."""

import re

import pytest
from django.core.cache import cache

from accounts.forms.custom_fields import custom_field
from accounts.forms.profile import ProfileForm
from accounts.models import User
from accounts.profile.fields import Description
from tests.accounts.signed_in import make_old

pytestmark = pytest.mark.django_db

BASE = {"first_name": "Ada", "last_name": "Lovelace", "language": "", "time_zone": ""}
COLOURS = {"choices": [{"text": "Red", "value": "r"}, {"text": "Blue", "value": "b"}]}


@pytest.fixture
def fields(settings, directus, service_token):
    """A function that adds a field to users and to the profile."""
    settings.DIRECTUS_PROFILE_FIELDS = []

    def add(name, type="string", **described):
        directus.add_field(name, type, **described)
        settings.DIRECTUS_PROFILE_FIELDS = [*settings.DIRECTUS_PROFILE_FIELDS, name]

    return add


def field_of(browser, name):
    return browser.get("/account/").context["profile_form"][name]


def save(browser, **values):
    return browser.post("/account/", BASE | values)


def sent(directus, ada):
    calls = directus.calls_to(f"/users/{ada.id}")
    return [call.json for call in calls if call.method == "PATCH"]


def errors_of(page):
    return page.context["form"].errors


def test_a_field_has_directus_label_note_and_value(
    signed_in_client, fields, directus, ada
):
    fields("company", note="Where you work", translations=None)
    directus.change(ada, company="Engines Ltd")

    field = field_of(signed_in_client, "company")

    assert field.label == "Company (optional)"
    assert field.help_text == "Where you work"
    assert field.value() == "Engines Ltd"


def test_the_label_is_in_the_language_of_the_page(signed_in_client, fields):
    translations = [
        {"language": "de-DE", "translation": "Firma"},
        {"language": "en-US", "translation": "Employer"},
    ]
    fields("company", translations=translations, required=True)

    assert field_of(signed_in_client, "company").label == "Employer"
    page = signed_in_client.get("/account/", headers={"Accept-Language": "de"})
    assert page.context["profile_form"]["company"].label == "Firma"


def test_what_an_operator_wrote_is_text_and_no_html(signed_in_client, fields):
    rows = [{"language": "en-GB", "translation": "<i>Label</i>"}]
    choices = {"choices": [{"text": "<i>Choice</i>", "value": "<i>v</i>"}]}
    fields("company", note="<i>Note</i>", translations=rows)
    fields("colour", interface="select-radio", options=choices)

    page = signed_in_client.get("/account/").text

    assert "<i>" not in page
    assert "&lt;i&gt;Note" in page
    assert "&lt;i&gt;Label" in page
    assert "&lt;i&gt;Choice" in page


@pytest.mark.parametrize(
    "described",
    [
        ("string", "select-radio"),
        ("json", "select-multiple-checkbox"),
        ("string", "select-dropdown"),
    ],
)
def test_the_summary_of_errors_leads_to_the_first_input(
    signed_in_client, fields, described
):
    type, interface = described
    fields("colour", type, interface=interface, options=COLOURS)

    page = save(signed_in_client, colour="green").text

    (target,) = re.findall(r'<a href="#([^"]*)">Colour', page)
    assert target.startswith("id_colour")
    assert f'id="{target}"' in page


@pytest.mark.parametrize(
    ("type", "described", "typed", "stored"),
    [
        ("string", {}, "Engines", "Engines"),
        ("text", {"interface": "input-multiline"}, "a\r\nb", "a\nb"),
        ("integer", {}, "42", 42),
        ("bigInteger", {}, "9007199254740991", 9007199254740991),
        ("float", {}, "1.5", 1.5),
        ("decimal", {}, "12.50", "12.50"),
        ("boolean", {"interface": "boolean"}, "on", True),
        ("date", {"interface": "datetime"}, "1815-12-10", "1815-12-10"),
        ("time", {"interface": "datetime"}, "12:30", "12:30:00"),
        (
            "dateTime",
            {"interface": "datetime"},
            "2026-01-02T03:04:05",
            "2026-01-02T03:04:05",
        ),
        (
            "timestamp",
            {"interface": "datetime"},
            "2026-01-02T03:04:05",
            "2026-01-02T03:04:05Z",
        ),
        ("string", {"interface": "select-dropdown", "options": COLOURS}, "b", "b"),
        ("string", {"interface": "select-radio", "options": COLOURS}, "r", "r"),
        (
            "json",
            {"interface": "select-multiple-checkbox", "options": COLOURS},
            ["r", "b"],
            ["r", "b"],
        ),
        ("csv", {"interface": "tags"}, "one, two,, one", ["one", "two"]),
        (
            "integer",
            {
                "interface": "select-dropdown",
                "options": {"choices": [{"text": "Three", "value": 3}]},
            },
            "3",
            3,
        ),
    ],
)
def test_each_type_arrives_as_directus_keeps_it(
    signed_in_client, fields, directus, ada, type, described, typed, stored
):
    fields("extra", type, **described)

    assert save(signed_in_client, extra=typed).status_code == 302
    assert sent(directus, ada) == [{"extra": stored}]

    directus.forget_calls()
    assert save(signed_in_client, extra=typed).status_code == 302
    assert sent(directus, ada) == [], "the same value was sent again"


def test_a_moment_is_shown_and_read_in_the_users_zone(
    signed_in_client, fields, directus, ada
):
    fields("call_me", "timestamp", interface="datetime")
    directus.change(ada, call_me="2026-07-01T10:00:00.062Z")
    save(signed_in_client, time_zone="Europe/Berlin")

    assert 'value="2026-07-01T12:00:00"' in signed_in_client.get("/account/").text
    save(signed_in_client, time_zone="Europe/Berlin", call_me="2026-07-01T13:00")

    assert sent(directus, ada) == [{"call_me": "2026-07-01T11:00:00Z"}]


@pytest.mark.parametrize(
    ("type", "described", "typed"),
    [
        ("string", {"schema": {"max_length": 5}}, "too long"),
        ("integer", {}, "1.5"),
        ("integer", {}, "3000000000"),
        ("integer", {"options": {"min": 1, "max": 9}}, "10"),
        ("float", {}, "nan"),
        ("decimal", {"schema": {"numeric_precision": 4, "numeric_scale": 2}}, "123.45"),
        ("date", {}, "2026-02-30"),
        ("time", {}, "25:00"),
        ("timestamp", {}, "soon"),
        ("string", {"interface": "select-dropdown", "options": COLOURS}, "green"),
        (
            "json",
            {"interface": "select-multiple-checkbox", "options": COLOURS},
            ["green"],
        ),
    ],
)
def test_a_wrong_value_is_refused_at_its_field(
    signed_in_client, fields, directus, ada, type, described, typed
):
    fields("extra", type, **described)

    page = save(signed_in_client, extra=typed)

    assert page.status_code == 200
    assert errors_of(page).keys() == {"extra"}
    assert sent(directus, ada) == []


@pytest.mark.parametrize(
    "described", [{"required": True}, {"schema": {"is_nullable": False}}]
)
@pytest.mark.parametrize("typed", ["", " "])
def test_a_required_value_is_not_taken_away(
    signed_in_client, fields, directus, ada, described, typed
):
    fields("extra", **described)
    directus.change(ada, extra="Engines")

    page = save(signed_in_client, extra=typed)

    assert errors_of(page).keys() == {"extra"}
    assert sent(directus, ada) == []


def test_what_directus_refuses_is_said_at_the_field(signed_in_client, fields):
    fields("phone", validation={"_regex": r"^\+"}, validation_message="Start with +.")
    fields("code", validation={"_regex": "^x"})

    page = save(signed_in_client, phone="0301234", code="x")
    assert errors_of(page) == {"phone": ["Start with +."]}
    page = save(signed_in_client, phone="+49301234", code="y")
    assert errors_of(page) == {
        "code": ["This value can't be used. Enter a different one."]
    }
    assert 'value="+49301234"' in page.text


def test_a_value_is_taken_away(signed_in_client, fields, directus, ada):
    fields("company")
    fields("colours", "json", interface="select-multiple-checkbox", options=COLOURS)
    fields("newsletter", "boolean", interface="boolean")
    directus.change(ada, company="Engines", colours=["r"], newsletter=True)

    save(signed_in_client, company="")

    assert sent(directus, ada) == [
        {"company": None, "colours": None, "newsletter": False}
    ]


def test_a_field_that_was_not_sent_stays_as_it_is(
    signed_in_client, fields, directus, ada
):
    fields("company")
    directus.change(ada, company="Engines")

    save(signed_in_client, first_name="Augusta")

    assert sent(directus, ada) == [{"first_name": "Augusta"}]


def test_a_choice_that_is_gone_stays_chosen_until_another_is(
    signed_in_client, fields, directus, ada
):
    fields("colour", interface="select-dropdown", options=COLOURS)
    directus.change(ada, colour="green")

    assert field_of(signed_in_client, "colour").value() == "green"
    save(signed_in_client, colour="green")

    assert sent(directus, ada) == []


def test_a_read_only_field_is_shown_and_never_sent(
    signed_in_client, fields, directus, ada
):
    fields("number", readonly=True)
    fields("secret_note", hidden=True)
    directus.change(ada, number="C-1", secret_note="do not show")

    page = signed_in_client.get("/account/").text
    assert re.search(r"<output [^>]*id=.id_number.[^>]*>C-1</output>", page)
    assert 'name="number"' not in page
    assert "do not show" not in page
    save(signed_in_client, number="C-2", secret_note="mine")

    assert sent(directus, ada) == []


@pytest.mark.parametrize(
    ("described", "value", "text"),
    [
        ({"type": "boolean", "interface": "boolean"}, True, "Yes"),
        ({"type": "integer"}, 12345, "12345"),
        ({"type": "date"}, "2026-11-30", "30 November 2026"),
        ({"type": "string"}, None, "\N{EN DASH}"),
        ({"type": "string"}, "<b>", "&lt;b&gt;"),
        (
            {
                "type": "json",
                "interface": "select-multiple-checkbox",
                "options": {
                    "choices": [
                        {"text": "Gardens", "value": "g"},
                        {"text": "Boats", "value": "b"},
                    ]
                },
            },
            ["b", "g", "gone"],
            "Boats, Gardens, gone",
        ),
    ],
)
def test_a_read_only_value_is_a_text(described, value, text):
    custom = custom_field(Description("extra", is_read_only=True, **described))
    user = User(email="ada@example.com")

    form = ProfileForm(user=user, custom_fields=[custom], values={"extra": value})

    assert f">{text}</output>" in str(form["extra"])


def test_a_type_without_a_form_is_left_out(signed_in_client, fields):
    fields("place", "geometry")
    fields("anything", "json", interface="input-code")

    form = signed_in_client.get("/account/").context["profile_form"]

    assert not {"place", "anything"} & form.fields.keys()


def test_an_odd_value_in_directus_harms_nothing(
    signed_in_client, fields, directus, ada
):
    fields("age", "integer")
    fields("born", "date")
    directus.change(ada, age="old", born=7)

    assert field_of(signed_in_client, "age").value() is None


@pytest.mark.parametrize("described", [{"options": "x"}, {"options": {"choices": 7}}])
def test_an_odd_description_harms_nothing(signed_in_client, fields, described):
    fields("colour", interface="select-dropdown", translations="x", **described)

    assert signed_in_client.get("/account/").status_code == 200


# Rights and outages


def test_the_log_names_the_field_that_may_not_be_described(
    signed_in_client, fields, directus, caplog
):
    fields("company")
    directus.state.lacks = {"directus_users.read:company"}
    directus.hides_profiles()

    page = signed_in_client.get("/account/")

    assert page.status_code == 200
    assert "be shown right now" in page.text
    assert "company" in caplog.text
    assert "directus_setup" in caplog.text
    assert "company" not in page.context["profile_form"].fields


def test_a_field_that_may_not_be_read_is_left_out_and_the_others_shown(
    signed_in_client, fields, directus
):
    fields("company")
    fields("phone")
    signed_in_client.get("/account/")
    directus.state.lacks = {"directus_users.read:phone"}
    directus.state.customer_reads -= {"phone"}

    page = signed_in_client.get("/account/")

    assert page.context["hidden_fields"] == ["phone"]
    assert "company" in page.context["profile_form"].fields


def test_the_site_reads_what_the_users_own_token_may_not(
    signed_in_client, fields, directus, ada
):
    fields("company")
    directus.change(ada, company="Engines")
    directus.hides_profiles()

    assert field_of(signed_in_client, "company").value() == "Engines"


def test_descriptions_are_asked_for_once_a_minute(signed_in_client, fields, directus):
    fields("company")

    signed_in_client.get("/account/")
    signed_in_client.get("/account/")

    directus.was_asked_once("/fields/directus_users/company")


def test_an_outage_keeps_what_was_typed_and_wipes_nothing(
    signed_in_client, fields, directus, ada
):
    fields("company")
    directus.change(ada, company="Engines")
    signed_in_client.get("/account/")
    make_old(signed_in_client, minutes=30)
    directus.is_down()

    page = save(signed_in_client, company="Analytical Engines")

    assert page.status_code == 503
    assert 'value="Analytical Engines"' in page.text
    directus.is_up()
    cache.clear()
    save(signed_in_client, company="Analytical Engines")
    assert ada.company == "Analytical Engines"
