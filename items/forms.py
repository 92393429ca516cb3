"""Forms for the fields of a collection, from Directus' own descriptions."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from django.core.exceptions import ValidationError
from django.forms.utils import ErrorDict
from django.utils.translation import gettext as _

from accounts.directus import DirectusAPIError, InvalidPayload, NotUnique, TryLater
from accounts.own_data import (
    CustomField,
    Description,
    SiteForm,
    UnchangedMixin,
    custom_field,
)

from .choosing import RelationField
from .conditions import EMPTY, Demands, demands
from .fields import present_values
from .layout import Section, sections

# The column that PostgreSQL's answer names is another one.
WITHOUT_FIELD = {"VALUE_TOO_LONG"}


class ItemForm(UnchangedMixin, SiteForm):
    """A form for some fields of a row.

    Args:
        item_fields: the fields, in their order.
        described: the descriptions of all fields of the collection, by name.
        values: the present values of the row; None for a new one.

    Attributes:
        trouble: the outage that kept a choice from being looked up.
    """

    trouble: TryLater | None = None

    def __init__(
        self,
        *args: Any,
        item_fields: Sequence[CustomField],
        described: Mapping[str, Description] | None = None,
        names: Sequence[str] = (),
        values: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self._item_fields = {field.name: field for field in item_fields}
        self._described = dict(described or {})
        self._names = names
        self._is_new = values is None
        self._present = present_values(self._described, values)
        shown = self._present if values is None else values
        for name, field in self._item_fields.items():
            self._add(name, field, shown.get(name))
        self.relax()

    def _add(self, name: str, field: CustomField, value: Any) -> None:
        self.fields[name] = field.form_field()
        self.initial[name] = field.to_form(value)
        field.keep(self.fields[name], self.initial[name])
        if isinstance(field, RelationField) and self.is_bound:
            field.take_search(self.data)
        if self.is_bound and name in self.files:
            # Shown only if the form could not be accepted.
            text = _("Choose the file again: browsers do not keep it.")
            self.fields[name].help_text = text

    @property
    def changes(self) -> dict[str, Any]:
        """The values for Directus of the fields that were changed."""
        return {
            name: self._item_fields[name].to_directus(self.cleaned_data[name])
            for name in self.changed
            if name in self._item_fields and name not in self._left_out
        }

    @property
    def sections(self) -> list[Section]:
        """The fields as the operator has grouped them, then all others."""
        fields = {name: self[name] for name in self.fields}
        names = dict.fromkeys([*self._names, *fields])
        return sections(names, fields, self._described)

    # Searching for a choice

    @property
    def is_search(self) -> bool:
        """Whether the form was sent to search for a choice, not to be saved."""
        fields = self._item_fields.values()
        relations = (each for each in fields if isinstance(each, RelationField))
        return self.is_bound and any(each.is_searched for each in relations)

    def is_valid(self) -> bool:
        """A form that only searches is shown again, without errors."""
        return not self.is_search and super().is_valid()

    # Rules of the operator, which Directus' API does not enforce

    def full_clean(self) -> None:
        """Check the values, then the choices and the conditions."""
        self._left_out: set[str] = set()
        if self.is_search:
            self._errors, self.cleaned_data = ErrorDict(), {}
            return
        super().full_clean()
        if self.is_bound:
            self._check_choices()
            self._check_demands()

    def _check_choices(self) -> None:
        """Refuse keys that may not be chosen."""
        for name in self.changed:
            field, key = self._item_fields.get(name), self.cleaned_data.get(name)
            if not isinstance(field, RelationField) or not key:
                continue
            try:
                is_known = field.accepts(key)
            except TryLater as error:
                self.trouble = error
                continue
            if not is_known:
                self.add_error(name, _("Choose one of the options."))

    def _check_demands(self) -> None:
        typed = self._typed()
        for name, field in self._item_fields.items():
            if not self.fields[name].disabled:
                # The description of the form field has options of several conditions.
                own = self._described.get(name, field.description)
                self._check_field(
                    name, demands(own, self._present), demands(own, typed)
                )

    def _typed(self) -> dict[str, Any]:
        """Return the values as they would be stored."""
        sent = {
            name: field.to_directus(self.cleaned_data[name])
            for name, field in self._item_fields.items()
            if name in self.cleaned_data and not self.fields[name].disabled
        }
        return {**self._present, **sent}

    def _check_field(self, name: str, before: Demands, now: Demands) -> None:
        is_changed = name in self.changed
        if now.is_hidden:
            self._left_out.add(name)
            self._forgive(name)
        elif now.is_read_only and is_changed:
            self.add_error(name, _("With these entries, this can't be changed."))
        elif not now.is_required and self.has_error(name, "required"):
            self._forgive(name)
        elif now.is_required and self._is_missing(name, before):
            self.add_error(name, self.fields[name].error_messages["required"])
        elif is_changed and not self.has_error(name):
            self._check_options(name, now.options)

    def _check_options(self, name: str, options: dict[str, Any]) -> None:
        """Refuse a value that the options in effect do not accept."""
        field, text = self._item_fields[name], self[name].data
        if field.description.options == options or text in EMPTY:
            return
        made = custom_field(replace(field.description, options=options))
        if made is None or type(field) is not CustomField:
            # The options of relations and files limit no values.
            return
        try:
            made.form_field().clean(text)
        except ValidationError as error:
            self.add_error(name, error)

    def _is_missing(self, name: str, before: Demands) -> bool:
        """Return whether a value is to be demanded.

        A stored row that breaks a rule already may be changed elsewhere.
        """
        is_new_to_rule = self._is_new or name in self.changed or not before.is_required
        is_empty = self.cleaned_data.get(name) in EMPTY and not self.has_error(name)
        return is_empty and is_new_to_rule

    def _forgive(self, name: str) -> None:
        self.errors.pop(name, None)
        self.cleaned_data.setdefault(name, None)

    # Refusals of Directus

    def refuse(self, error: InvalidPayload) -> None:
        """Show every refusal of Directus, at its field where that is known."""
        for each in (error, *error.others):
            is_shown = each.field in self.fields and each.code not in WITHOUT_FIELD
            name = each.field if is_shown else None
            text = self._text_of(each, name)
            if name is not None or text not in self.non_field_errors():
                self.add_error(name, text)

    def _text_of(self, error: DirectusAPIError, name: str | None) -> str:
        if isinstance(error, NotUnique):
            return _("Already in use.")
        if error.code in TEXTS:
            return TEXTS[error.code]()
        field = self._item_fields.get(name or "")
        if field is not None and error.kind in MISSING and self._was_empty(field):
            # A value of a wrong type is refused as if there were none.
            return _("Enter a value.")
        if field is not None and field.description.refusal:
            return field.description.refusal
        if name is None:
            return _("One of these values can't be used. Check your entries.")
        return _("This value can't be used. Enter a different one.")

    def _was_empty(self, field: CustomField) -> bool:
        bound = self[field.name]
        return bound.data in EMPTY


MISSING = {"required", "nnull"}
TEXTS = {
    "VALUE_TOO_LONG": lambda: _("One of these texts is too long. Shorten it."),
    "VALUE_OUT_OF_RANGE": lambda: _("This number is too large or too small."),
    "INVALID_FOREIGN_KEY": lambda: _(
        "One of the chosen entries no longer exists. Choose again."
    ),
}
