"""The filters of a list page: a form, and the rules that its values make.

The names in the rules are those of the declaration; visitors send values alone.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy

from accounts.own_data import Description, SiteForm

from .collection import Rule
from .search import LARGEST, LONGEST, search_rules

# Parameters of the page; a field of this name gets another parameter.
RESERVED = frozenset({"q", "sort", "page"})
# Before and after these a time zone could lead out of the calendar.
YEARS = [MinValueValidator(date(1000, 1, 1)), MaxValueValidator(date(9000, 1, 1))]
LARGEST_NUMBER = 10**15


class Filter:
    """A filter for one field: its form fields, and the rules for their values."""

    is_range = False

    def __init__(
        self, description: Description, path: str = "", label: str = ""
    ) -> None:
        self.description = description
        self.label = label or description.label
        self._path = path or description.name
        self.parameter = f"{self._path}_" if self._path in RESERVED else self._path

    @property
    def parameters(self) -> list[str]:
        """The names of the parameters that filter."""
        return list(self.form_fields())

    def form_fields(self) -> dict[str, forms.Field]:
        """Return the form fields by the names of their parameters."""
        raise NotImplementedError

    def rules(self, values: Mapping[str, Any]) -> list[Rule]:
        """Return the rules for valid values."""
        raise NotImplementedError

    def check(self, values: Mapping[str, Any]) -> dict[str, str]:
        """Return what is wrong with valid values together, by parameter."""
        return {}

    def _rule(self, operator: str, value: Any) -> Rule:
        rule: Rule = {operator: value}
        for name in reversed(self._path.split(".")):
            rule = {name: rule}
        return rule


class ChoiceFilter(Filter):
    """One of the choices."""

    def form_fields(self) -> dict[str, forms.Field]:
        """Return a select."""
        choices = [("", _("All")), *((key, text) for key, (_v, text) in self._choices)]
        return {self.parameter: choice_field(self.label, choices)}

    def rules(self, values: Mapping[str, Any]) -> list[Rule]:
        """Compare with the value as Directus has it: choices may be numbers."""
        originals = {key: value for key, (value, _text) in self._choices}
        chosen = values.get(self.parameter)
        return [self._rule("_eq", originals[chosen])] if chosen else []

    @property
    def _choices(self) -> list[tuple[str, tuple[Any, str]]]:
        return [(str(value), (value, text)) for value, text in self.description.choices]


class BooleanFilter(Filter):
    """Yes or no."""

    def form_fields(self) -> dict[str, forms.Field]:
        """Return a select."""
        choices = [("", _("All")), ("yes", _("Yes")), ("no", _("No"))]
        return {self.parameter: choice_field(self.label, choices)}

    def rules(self, values: Mapping[str, Any]) -> list[Rule]:
        """Compare with true or false."""
        chosen = values.get(self.parameter)
        return [self._rule("_eq", chosen == "yes")] if chosen else []


class RangeFilter(Filter):
    """From one value to another; both ends are included, and either may be missing."""

    is_range = True
    ends = ("min", "max")
    labels = (pgettext_lazy("range", "From"), pgettext_lazy("range", "To"))

    def form_fields(self) -> dict[str, forms.Field]:
        """Return a form field for each end."""
        return {
            parameter: self.form_field(str(label))
            for parameter, label in zip(self._parameters, self.labels, strict=True)
        }

    def form_field(self, label: str) -> forms.Field:
        """Return the form field of an end."""
        limit = LARGEST.get(self.description.type, LARGEST_NUMBER)
        kind = forms.IntegerField if self._is_whole else forms.FloatField
        return kind(label=label, required=False, min_value=-limit, max_value=limit)

    def rules(self, values: Mapping[str, Any]) -> list[Rule]:
        """Compare with the ends."""
        low, high = (values.get(name) for name in self._parameters)
        return [
            *([self._rule("_gte", self.low(low))] if low is not None else []),
            *([self._rule(*self.high(high))] if high is not None else []),
        ]

    def low(self, value: Any) -> Any:
        """Return the lower end for Directus."""
        return value

    def high(self, value: Any) -> tuple[str, Any]:
        """Return the operator and the upper end for Directus."""
        return "_lte", value

    def check(self, values: Mapping[str, Any]) -> dict[str, str]:
        """Refuse an end before the beginning."""
        low, high = (values.get(name) for name in self._parameters)
        if low is None or high is None or low <= high:
            return {}
        return {self._parameters[1]: _("This is before the start of the range.")}

    @property
    def _is_whole(self) -> bool:
        return self.description.type in LARGEST

    @property
    def _parameters(self) -> list[str]:
        return [f"{self.parameter}__{end}" for end in self.ends]


class DateFilter(RangeFilter):
    """From one day to another."""

    ends = ("from", "to")

    def form_field(self, label: str) -> forms.Field:
        """Return a field for a day."""
        widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
        return forms.DateField(
            label=label, required=False, widget=widget, validators=YEARS
        )

    def low(self, value: date) -> str:
        """Return the day."""
        return value.isoformat()

    def high(self, value: date) -> tuple[str, str]:
        """Return the day."""
        return "_lte", value.isoformat()


class WallClockFilter(DateFilter):
    """Days for a date and time without a time zone."""

    def low(self, value: date) -> str:
        """Return the beginning of the day."""
        return f"{value.isoformat()}T00:00:00"

    def high(self, value: date) -> tuple[str, str]:
        """Return the beginning of the next day."""
        return "_lt", self.low(value + timedelta(days=1))


class MomentFilter(WallClockFilter):
    """Days in the customer's time zone for a moment."""

    def low(self, value: date) -> str:
        """Return the beginning of the day in UTC."""
        zone = timezone.get_current_timezone()
        midnight = datetime.combine(value, time.min, tzinfo=zone)
        return f"{midnight.astimezone(UTC).replace(tzinfo=None).isoformat()}Z"


BY_TYPE: dict[str, type[Filter]] = {
    "boolean": BooleanFilter,
    "integer": RangeFilter,
    "bigInteger": RangeFilter,
    "float": RangeFilter,
    "decimal": RangeFilter,
    "date": DateFilter,
    "dateTime": WallClockFilter,
    "timestamp": MomentFilter,
}
# Values of these are compared; lists of choices cannot be.
WITH_CHOICES = frozenset({"string", "text", *LARGEST, "float", "decimal"})


def filter_for(description: Description, path: str, label: str) -> Filter | None:
    """Return the filter for a field at a path; None for a type that has none."""
    if description.choices and description.type in WITH_CHOICES:
        return ChoiceFilter(description, path, label)
    is_relation = description.interface == "select-dropdown-m2o"
    kind = None if is_relation else BY_TYPE.get(description.type)
    return kind(description, path, label) if kind else None


class FilterForm(SiteForm):
    """The search and the filters of a list page; a wrong value filters nothing.

    Args:
        searched: the fields that the search looks into.
        filters: those of fields.
        never: a rule that no row matches.
    """

    def __init__(
        self,
        data: Mapping[str, Any],
        *,
        searched: Iterable[Description],
        filters: Iterable[Filter],
        never: Rule,
    ) -> None:
        super().__init__(data)
        self._searched, self._never = list(searched), never
        self.filters = list(filters)
        if self._searched:
            self.fields["q"] = _search()
        for each in self.filters:
            self.fields |= each.form_fields()

    def clean(self) -> dict[str, Any]:
        """Compare both ends of a range."""
        for each in self.filters:
            for name, text in each.check(self.cleaned_data).items():
                self.add_error(name, ValidationError(text))
        return self.cleaned_data

    @property
    def rules(self) -> list[Rule]:
        """The rules for the valid values."""
        self.is_valid()
        text = self.cleaned_data.get("q", "")
        found = search_rules(text, self._searched, self._never)
        for each in self.filters:
            found += each.rules(self.cleaned_data)
        return found

    @property
    def sent(self) -> dict[str, str]:
        """The values as they were sent, without empty ones, for links."""
        values = {name: self.data.get(name, "") for name in self.fields}
        return {name: value for name, value in values.items() if value.strip()}

    @property
    def number_of_filters(self) -> int:
        """The number of filters that are filled in."""
        sent = self.sent.keys()
        return sum(not sent.isdisjoint(each.parameters) for each in self.filters)

    @property
    def is_open(self) -> bool:
        """Whether the filters are shown: one is used, wrong, or searched in."""
        return bool(self.errors or self.sent.keys() - {"q"})

    @property
    def groups(self) -> list[tuple[Filter, list[forms.BoundField]]]:
        """The filters with their fields."""
        return [
            (each, [self[name] for name in each.form_fields()]) for each in self.filters
        ]


def choice_field(label: str, choices: list[tuple[str, str]]) -> forms.Field:
    """Return an optional select."""
    return forms.ChoiceField(label=label, required=False, choices=choices)


def _search() -> forms.Field:
    widget = forms.TextInput(attrs={"type": "search"})
    return forms.CharField(
        label=_("Search"), required=False, max_length=LONGEST, widget=widget
    )
