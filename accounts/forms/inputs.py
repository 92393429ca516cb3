"""Form fields for types of Directus that Django has none for."""

import re
from datetime import UTC, datetime

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone


class TagsField(forms.CharField):
    """A list of short texts, separated by commas; a text with a comma is in quotes."""

    def prepare_value(self, value):
        if not isinstance(value, list):
            return value
        # In a text without a comma, a quotation mark is an ordinary character.
        return ", ".join(f'"{_doubled(tag)}"' if "," in tag else tag for tag in value)

    def to_python(self, value):
        tags = (
            _unquoted(tag.strip())
            for tag in TAG.findall(super().to_python(value) or "")
        )
        return list(dict.fromkeys(filter(None, tags)))

    def run_validators(self, value):
        super().run_validators(self.prepare_value(value))

    def has_changed(self, initial, data):
        return (initial or []) != self.to_python(data)


# A tag in quotes before a comma or the end, or anything up to a comma.
TAG = re.compile(r'\s*"(?:[^"]|"")*"\s*(?=,|\Z)|[^,]+')


def _doubled(tag: str) -> str:
    return tag.replace('"', '""')


def _unquoted(tag: str) -> str:
    is_quoted = len(tag) > 1 and tag[0] == tag[-1] == '"' and "," in tag
    return tag[1:-1].replace('""', '"').strip() if is_quoted else tag


class ChoicesField(forms.MultipleChoiceField):
    """Several choices; Directus may store one of them twice."""

    widget = forms.CheckboxSelectMultiple

    def has_changed(self, initial, data):
        return set(map(str, initial or [])) != set(data or [])


class LinesField(forms.CharField):
    """A text of several lines; a line break counts as one character, as in Directus."""

    widget = forms.Textarea(attrs={"rows": 4})

    def to_python(self, value):
        text = super().to_python(value) or ""
        return text.replace("\r\n", "\n").replace("\r", "\n")


class WallClockField(forms.DateTimeField):
    """A date and time without a time zone."""

    def prepare_value(self, value):
        return value

    def to_python(self, value):
        # Django's own field adds the time zone of the page.
        with timezone.override(UTC):
            moment = super().to_python(value)
        return moment and moment.replace(tzinfo=None)


# Before and after these a time zone could lead out of the calendar.
YEARS = range(1000, 9001)


class MomentField(WallClockField):
    """A date and time in the time zone of the page.

    A stored moment at the end of the calendar may have no date in this zone: then the
    input is empty, and the moment stays unless another is typed.

    When clocks are put back, an hour occurs twice, and the first one counts. When they
    are put forward, a time in the missing hour counts as without the change.
    """

    def prepare_value(self, value):
        try:
            return forms.DateTimeField.prepare_value(self, value)
        except OverflowError:
            return None

    def to_python(self, value):
        moment = super().to_python(value)
        if moment and moment.year not in YEARS:
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        return moment and moment.replace(tzinfo=timezone.get_current_timezone())


def to_utc(value: datetime) -> str:
    """Return a moment as Directus stores it."""
    return value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def from_utc(value: str) -> datetime:
    """Return the moment that Directus sent; SQLite sends some without their zone."""
    moment = datetime.fromisoformat(value)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def from_wall_clock(value: str) -> datetime:
    """Return the date and time that Directus sent, without a zone."""
    return datetime.fromisoformat(value).replace(tzinfo=None)


def without_zone(value: datetime) -> str:
    """Return a date and time without a zone, as Directus stores it."""
    return value.isoformat(timespec="seconds")
