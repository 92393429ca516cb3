"""Forms for the fields of a collection, from Directus' own descriptions."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from accounts.directus import DirectusAPIError, InvalidPayload, NotUnique
from accounts.own_data import CustomField, SiteForm, UnchangedMixin

from .uploads import FileOfItem


class ItemForm(UnchangedMixin, SiteForm):
    """A form for some fields of a row.

    Args:
        item_fields: the fields, in their order.
        values: the present values of the row; None for a new one.
    """

    def __init__(
        self,
        *args: Any,
        item_fields: Sequence[CustomField | FileOfItem],
        values: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self._item_fields = {field.name: field for field in item_fields}
        for name, field in self._item_fields.items():
            self.fields[name] = field.form_field()
            if values is not None:
                self.initial[name] = field.to_form(values.get(name))
                field.keep(self.fields[name], self.initial[name])
            if self.is_bound and name in self.files:
                # Shown only if the form could not be accepted.
                text = _("Choose the file again: browsers do not keep it.")
                self.fields[name].help_text = text
        self.relax()

    @property
    def changes(self) -> dict[str, Any]:
        """The values for Directus of the fields that were changed."""
        return {
            name: self._item_fields[name].to_directus(self.cleaned_data[name])
            for name in self.changed
            if name in self._item_fields
        }

    def refuse(self, error: InvalidPayload) -> None:
        """Show every refusal of Directus, at its field where that is known."""
        for each in (error, *error.others):
            field = each.field if each.field in self.fields else None
            self.add_error(field, self._text_of(each))

    def _text_of(self, error: DirectusAPIError) -> str:
        if isinstance(error, NotUnique):
            return _("Already in use.")
        field = self._item_fields.get(error.field or "")
        if field is not None and field.description.refusal:
            return field.description.refusal
        return _("This value can't be used.")
