"""A profile that is opened and saved: unchanged fields are neither checked nor sent."""

from datetime import date, datetime, timedelta

import pytest
from django.http import QueryDict
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts.forms.custom_fields import custom_field
from accounts.forms.profile import ProfileForm
from accounts.models import User
from accounts.profile.fields import Description

from ..browser_form import Form

ZONES = ["UTC", "Europe/Berlin", "America/St_Johns", "Pacific/Apia", "Asia/Kathmandu"]
COLOURS = {"choices": [{"text": "Red", "value": "r"}, {"text": "One", "value": 1}]}
NOT_NULL = {"is_nullable": False}
# Without characters that columns or HTML do not keep.
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
# As Directus writes them, without a zone.
MOMENTS = st.datetimes() | st.sampled_from(
    [datetime.fromisoformat(text) for text in ("0001-01-01", "9999-12-31T23:59:59")]
)


def moment(value):
    return value.isoformat() + "Z"


# (type, interface, options) and values that Directus may have there.
KINDS = [
    (("string", "input", {}), TEXTS),
    (("string", "input-multiline", {}), TEXTS),
    (("text", "input", {}), TEXTS),
    (("text", "input-multiline", {}), TEXTS),
    (("integer", "input", {"min": 1, "max": 9}), st.integers(-(2**40), 2**40)),
    (("bigInteger", "input", {}), st.integers().map(str)),
    (("float", "input", {"min": 0}), st.floats(allow_nan=False, allow_infinity=False)),
    (
        ("decimal", "input", {"max": 10}),
        st.decimals(allow_nan=False, allow_infinity=False).map(str),
    ),
    (("boolean", "boolean", {}), st.booleans()),
    (("date", "datetime", {}), st.dates(date(1, 1, 1)).map(date.isoformat)),
    (("time", "datetime", {}), st.times().map(lambda value: value.isoformat())),
    (("dateTime", "datetime", {}), MOMENTS.map(datetime.isoformat)),
    (("timestamp", "datetime", {}), MOMENTS.map(moment)),
    (("string", "select-dropdown", COLOURS), TEXTS),
    (("string", "select-radio", COLOURS), st.sampled_from(["r", "gone"])),
    (
        ("json", "select-multiple-checkbox", COLOURS),
        st.lists(st.sampled_from(["r", 1, "gone"])),
    ),
    (("json", "tags", {}), st.lists(TEXTS)),
    (("csv", "tags", {}), st.lists(TEXTS)),
]


def form_for(description, value, *, data=None, **user):
    fields = [custom_field(description)]
    person = User(**{"first_name": "Ada", **user})
    return ProfileForm(
        data=data, user=person, custom_fields=fields, values={"extra": value}
    )


def sent_back(form, **changes):
    """Return what a browser sends of a form, untouched but for `changes`."""
    # Not the time zones, of which there are hundreds.
    html = "".join(str(form[name]) for name in form.fields if name != "time_zone")
    values = Form(html).values | {name: [v] for name, v in changes.items()}
    data = QueryDict(mutable=True)
    for name, several in values.items():
        data.setlist(name, several)
    return data


def changes_of(form):
    assert form.is_valid(), form.errors
    return form.changes


@pytest.mark.parametrize(("described", "values"), KINDS, ids=lambda x: str(x)[:40])
@pytest.mark.parametrize("required", [True, False])
@settings(max_examples=25, deadline=None)
@given(data=st.data(), zone=st.sampled_from(ZONES))
def test_a_form_that_comes_back_untouched_changes_nothing(
    described, values, required, data, zone
):
    type_, interface, options = described
    description = Description(
        "extra",
        type_,
        interface,
        options,
        is_required=required,
        is_nullable=not required,
        max_length=20,
    )
    value = data.draw(st.none() | values)
    with timezone.override(zone):
        page = form_for(description, value)
        form = form_for(description, value, data=sent_back(page, first_name="Augusta"))

        assert changes_of(form) == {"first_name": "Augusta"}


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/St_Johns"])
def test_every_hour_of_a_year_can_be_typed(zone):
    description = Description("extra", "timestamp", "datetime")
    start = datetime(2026, 1, 1)  # noqa: DTZ001 - as it is typed
    field = custom_field(description).form_field()
    with timezone.override(zone):
        for hour in range(365 * 24):
            typed = (start + timedelta(hours=hour)).isoformat(timespec="minutes")
            assert field.clean(typed).isoformat().startswith(typed)


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        # Twice: the first of both. Missing: as if the clock had not been put forward.
        ("2026-10-25T02:30", "2026-10-25T00:30:00Z"),
        ("2026-03-29T02:30", "2026-03-29T01:30:00Z"),
        ("2026-07-01T12:00", "2026-07-01T10:00:00Z"),
    ],
)
def test_hours_that_a_zone_has_twice_or_not_at_all(typed, sent):
    description = Description("extra", "timestamp", "datetime")
    with timezone.override("Europe/Berlin"):
        page = form_for(description, None)
        form = form_for(description, None, data=sent_back(page, extra=typed))

        assert changes_of(form) == {"extra": sent}


@pytest.mark.parametrize("zone", ZONES)
def test_a_moment_without_a_zone_is_written_as_it_was_typed(zone):
    description = Description("extra", "dateTime", "datetime")
    with timezone.override(zone):
        page = form_for(description, "2026-03-29T02:30:00")
        shown = sent_back(page)["extra"]
        form = form_for(description, None, data=sent_back(page, extra=shown))

        assert shown == "2026-03-29T02:30"
        assert changes_of(form) == {"extra": "2026-03-29T02:30:00"}


@pytest.mark.parametrize("zone", ["America/New_York", "Pacific/Apia"])
@pytest.mark.parametrize(
    "typed", ["9999-12-31T23:59", "0001-01-01T00:00", "0999-06-01T12:00"]
)
def test_a_moment_at_the_end_of_the_calendar_is_refused(zone, typed):
    description = Description("extra", "timestamp", "datetime")
    with timezone.override(zone):
        form = form_for(description, None, data={"extra": typed})

        assert form.errors["extra"] == ["Enter a valid date/time."]
        assert f'value="{typed}"' in str(form["extra"])


def test_the_second_of_two_equal_hours_stays_the_second():
    description = Description("extra", "timestamp", "datetime")
    with timezone.override("Europe/Berlin"):
        page = form_for(description, "2026-10-25T01:30:00Z")
        form = form_for(description, "2026-10-25T01:30:00Z", data=sent_back(page))

        assert changes_of(form) == {}


@pytest.mark.parametrize(
    ("described", "value"),
    [
        ({"type": "string", "max_length": 5}, "much too long"),
        ({"type": "integer", "options": {"min": 1, "max": 9}}, 10),
        ({"type": "decimal", "precision": 3, "scale": 1}, "1234.567"),
        ({"type": "string", "is_required": True}, None),
        ({"type": "string", "is_required": True, "is_read_only": True}, None),
        ({"type": "string", "is_nullable": False, "is_required": True}, ""),
        ({"type": "date", "is_required": True}, "odd"),
    ],
)
def test_a_stored_value_that_breaks_a_rule_lets_the_rest_be_saved(described, value):
    description = Description("extra", **described)
    page = form_for(description, value, last_name="x" * 60)
    attributes = Form(f"{page['extra']}{page['last_name']}").attributes

    data = sent_back(page, first_name="Augusta")
    form = form_for(description, value, data=data, last_name="x" * 60)

    assert changes_of(form) == {"first_name": "Augusta"}
    # Browsers would not send it otherwise. A read-only value is no input.
    extra = attributes.get("extra", {})
    assert ("extra" in attributes) != described.get("is_read_only", False)
    assert not {"required", "min", "max", "maxlength"} & extra.keys()
    assert extra.get("step") in {None, "any"}
    assert "maxlength" not in attributes["last_name"]


@pytest.mark.parametrize(
    ("described", "value", "typed"),
    [
        ({"type": "string", "max_length": 5}, "much too long", "still too long"),
        ({"type": "integer", "options": {"min": 1, "max": 9}}, 10, "11"),
        ({"type": "string", "is_required": True}, "there", ""),
    ],
)
def test_another_value_must_keep_the_rule(described, value, typed):
    description = Description("extra", **described)
    page = form_for(description, value)

    form = form_for(description, value, data=sent_back(page, extra=typed))

    assert form.errors.keys() == {"extra"}


def test_a_line_break_counts_once():
    description = Description("extra", "text", "input-multiline", max_length=7)
    page = form_for(description, None)

    form = form_for(description, None, data=sent_back(page, extra="a\r\nb\r\nc\r\nd"))

    assert changes_of(form) == {"extra": "a\nb\nc\nd"}


@pytest.mark.parametrize(
    ("typed", "tags"),
    [
        ('"London, UK", Paris', ["London, UK", "Paris"]),
        ('5" disk, 3½" disk', ['5" disk', '3½" disk']),
        ('"quoted"', ['"quoted"']),
        ('"a ""b"", c"', ['a "b", c']),
        ('"open, end', ['"open', "end"]),
        (" , ,x,", ["x"]),
    ],
)
def test_tags_with_a_comma_stand_in_quotes(typed, tags):
    description = Description("extra", "csv", "tags")
    page = form_for(description, None)

    form = form_for(description, None, data=sent_back(page, extra=typed))

    assert changes_of(form) == {"extra": tags}


def test_a_tag_is_added_beside_one_with_a_comma():
    description = Description("extra", "json", "tags")
    page = form_for(description, ["London, UK", "x"])
    shown = sent_back(page)["extra"]

    form = form_for(
        description, ["London, UK", "x"], data=sent_back(page, extra=f"{shown}, y")
    )

    assert changes_of(form) == {"extra": ["London, UK", "x", "y"]}


def test_a_text_that_no_form_could_carry_is_shown_and_cannot_be_changed():
    description = Description("extra", "text", "input-multiline")
    page = form_for(description, "x" * 100_000)

    assert "extra" not in sent_back(page)
    assert changes_of(form_for(description, "x" * 100_000, data=sent_back(page))) == {}


def test_numbers_are_compared_as_numbers():
    description = Description("extra", "decimal", "input", precision=10, scale=2)
    page = form_for(description, "1.50")

    form = form_for(description, "1.50", data=sent_back(page, extra="1.5"))

    assert changes_of(form) == {}
