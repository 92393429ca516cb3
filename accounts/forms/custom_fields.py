"""Form fields for the fields that operators made in Directus.

A *kind* converts values of Directus into values of a form field, and back.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from datetime import time as time_of_day
from decimal import Decimal
from typing import Any, cast
from uuid import UUID

from django import forms
from django.utils.html import escape
from django.utils.translation import gettext as _

from accounts.profile.fields import Description

from .fields import ReadOnlyText
from .inputs import (
    ChoicesField,
    LinesField,
    MomentField,
    TagsField,
    WallClockField,
    from_utc,
    from_wall_clock,
    to_utc,
    without_zone,
)

LONGEST_STRING = 255
LONGEST_TEXT = 10_000
LONGEST_INTEGER = 2**31 - 1
# JSON numbers are exact up to here.
LONGEST_BIG_INTEGER = 2**53 - 1
SINGLE = {"select-dropdown", "select-radio"}
SEVERAL = {"select-multiple-checkbox", "select-multiple-dropdown"}
SECONDS = "%Y-%m-%dT%H:%M:%S"


@dataclass(frozen=True)
class Kind:
    """The form field and the conversions of a type.

    Attributes:
        make: returns the form field for the description and common options.
        read: converts a value of Directus, never null, for the form.
        write: converts a value of the form, never empty, for Directus.
        empty: the value for an empty field that may not be null.
    """

    make: Callable[[Description, dict[str, Any]], forms.Field]
    read: Callable[[Any], Any] = lambda value: value
    write: Callable[[Any], Any] = lambda value: value
    empty: Any = None


class CustomField:
    """A field of Directus: its form field, and its conversions."""

    def __init__(self, description: Description, kind: Kind):
        self.description = description
        self._kind = kind

    @property
    def name(self) -> str:
        """The name of the field in Directus and in the form."""
        return self.description.name

    def form_field(self) -> forms.Field:
        """Return the form field, labelled in the language of the page."""
        description = self.description
        label = description.label
        is_boolean = description.type == "boolean"
        required = description.is_required and not is_boolean
        if not (description.may_be_required or is_boolean or description.is_read_only):
            label = _("%(label)s (optional)") % {"label": label}
        options = {
            "label": label,
            # crispy shows help texts unescaped, and the operator wrote plain text.
            "help_text": escape(description.note),
            "required": required,
            "error_messages": {"required": self._demand()},
        }
        field = self._kind.make(description, options)
        if description.is_read_only:
            ReadOnlyText.instead(field)
        return field

    def _demand(self) -> str:
        if self.description.choices:
            return _("Choose an option.")
        return _("Enter a value.")

    def keep(self, field: forms.Field, value: Any) -> None:
        """Offer the present value even if it is no longer a choice."""
        if len(str(field.prepare_value(value))) > LONGEST_TEXT:
            ReadOnlyText.instead(field)
            field.help_text = _("This text is too long to change here.")
        if not isinstance(field, forms.ChoiceField) or not value:
            return
        # Of a form field, choices are pairs.
        choices = cast(Iterable[tuple[str, str]], field.choices)
        known = dict(choices)
        chosen = value if isinstance(value, list) else [value]
        others = [(key, key) for key in chosen if key not in known]
        field.choices = [*choices, *others]

    def to_form(self, value: Any) -> Any:
        """Return the form's value for a value of Directus; empty if unexpected."""
        if value is None:
            return None
        try:
            return self._kind.read(value)
        except (ArithmeticError, TypeError, ValueError):
            return None

    def to_directus(self, value: Any) -> Any:
        """Return the value for Directus of a valid form value."""
        if value in (None, "", []):
            return None if self.description.is_nullable else self._kind.empty
        return self._kind.write(value)


def custom_field(description: Description) -> CustomField | None:
    """Return the field for a description; None for an unsupported type.

    A key of another row is none: it would point at rows that the user may not see.
    """
    if description.target or description.is_concealed:
        return None
    kind = _kind_with_choices(description) or KINDS.get(description.type)
    if description.type in {"json", "csv"} and kind is TAGS:
        # Without choices only tags are supported.
        kind = TAGS if description.interface == "tags" else None
    return CustomField(description, kind) if kind else None


def _kind_with_choices(description: Description) -> Kind | None:
    """Return a kind for choices, which may be texts or numbers."""
    if not description.choices:
        return None
    originals = {str(value): value for value, _text in description.choices}
    if description.interface in SINGLE and not description.options.get("allowOther"):
        return Kind(
            _choice,
            read=str,
            write=lambda value: originals.get(value, value),
            empty="",
        )
    if description.interface in SEVERAL:
        return Kind(
            _choices,
            read=_texts,
            write=lambda values: [originals.get(value, value) for value in values],
            empty=[],
        )
    return None


def _choice(description: Description, options: dict[str, Any]) -> forms.Field:
    choices = [(str(value), text) for value, text in description.choices]
    if not description.is_required:
        choices.insert(0, ("", _("Not set")))
    elif description.interface == "select-dropdown":
        choices.insert(0, ("", _("Choose an option")))
    if description.interface == "select-radio":
        options["widget"] = forms.RadioSelect
    return forms.ChoiceField(choices=choices, **options)


def _choices(description: Description, options: dict[str, Any]) -> forms.Field:
    choices = [(str(value), text) for value, text in description.choices]
    return ChoicesField(choices=choices, **options)


def _string(description: Description, options: dict[str, Any]) -> forms.Field:
    if description.interface == "input-multiline":
        return _text(description, options)
    return forms.CharField(
        max_length=description.max_length or LONGEST_STRING, **options
    )


def _text(description: Description, options: dict[str, Any]) -> forms.Field:
    longest = min(description.max_length or LONGEST_TEXT, LONGEST_TEXT)
    field = forms.CharField if description.interface == "input" else LinesField
    return field(max_length=longest, **options)


def _whole(longest: int) -> Callable[[Description, dict[str, Any]], forms.Field]:
    def make(description: Description, options: dict[str, Any]) -> forms.Field:
        limits = _limits(description, -longest - 1, longest)
        return forms.IntegerField(**limits, **options)

    return make


def _float(description: Description, options: dict[str, Any]) -> forms.Field:
    return forms.FloatField(**_limits(description, None, None), **options)


def _decimal(description: Description, options: dict[str, Any]) -> forms.Field:
    return forms.DecimalField(
        max_digits=description.precision or 10,
        decimal_places=description.scale if description.scale is not None else 5,
        **_limits(description, None, None),
        **options,
    )


def _limits(description: Description, least: Any, most: Any) -> dict[str, Any]:
    """Return the limits of a number: the operator's, within those of the type."""
    lowest, highest = _limits_of_operator(description)
    return {
        "min_value": least if lowest is None else max(lowest, least or lowest),
        "max_value": most if highest is None else min(highest, most or highest),
    }


def _limits_of_operator(description: Description) -> tuple[Any, Any]:
    options = description.options
    if description.interface == "slider":
        # The limits that Directus' own app has without others.
        lowest, highest = options.get("minValue", 0), options.get("maxValue", 100)
    else:
        lowest, highest = options.get("min"), options.get("max")
    return _number(lowest), _number(highest)


def _number(value: Any) -> Any:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return value if is_number else None


def _boolean(description: Description, options: dict[str, Any]) -> forms.Field:
    return forms.BooleanField(**options)


def _date(description: Description, options: dict[str, Any]) -> forms.Field:
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    return forms.DateField(widget=widget, **options)


def _time(description: Description, options: dict[str, Any]) -> forms.Field:
    widget = forms.TimeInput(attrs={"type": "time", "step": 1}, format="%H:%M:%S")
    return forms.TimeField(widget=widget, **options)


def _date_and_time(field: type[forms.DateTimeField]) -> Callable[..., forms.Field]:
    def make(description: Description, options: dict[str, Any]) -> forms.Field:
        attrs = {"type": "datetime-local", "step": 1}
        return field(widget=forms.DateTimeInput(attrs=attrs, format=SECONDS), **options)

    return make


def _uuid(description: Description, options: dict[str, Any]) -> forms.Field:
    return forms.UUIDField(**options)


def _tags(description: Description, options: dict[str, Any]) -> forms.Field:
    if not options["help_text"]:
        options["help_text"] = _("Separate values with commas.")
    return TagsField(max_length=1000, **options)


def _texts(values: list[Any]) -> list[str]:
    return [str(value) for value in values]


TAGS = Kind(_tags, read=_texts, empty=[])
KINDS = {
    "string": Kind(_string, read=str, empty=""),
    "text": Kind(_text, read=str, empty=""),
    "integer": Kind(_whole(LONGEST_INTEGER), read=int),
    "bigInteger": Kind(_whole(LONGEST_BIG_INTEGER), read=int),
    "float": Kind(_float, read=float),
    "decimal": Kind(_decimal, read=lambda value: Decimal(str(value)), write=str),
    "boolean": Kind(_boolean, read=bool),
    "date": Kind(_date, read=date.fromisoformat, write=date.isoformat),
    "time": Kind(
        _time, read=time_of_day.fromisoformat, write=lambda value: f"{value:%H:%M:%S}"
    ),
    "dateTime": Kind(
        _date_and_time(WallClockField), read=from_wall_clock, write=without_zone
    ),
    "timestamp": Kind(_date_and_time(MomentField), read=from_utc, write=to_utc),
    "uuid": Kind(_uuid, read=UUID, write=str),
    "json": TAGS,
    "csv": TAGS,
}
