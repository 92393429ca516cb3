"""A field that the person and another one have changed to different values."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from django import forms
from django.http import QueryDict

from accounts.own_data import Description

from .choosing import RelatedSelect
from .forms import ItemForm
from .values import shown

# The names of the choices in the page: this and the name of the field.
CHOICE = "choose-"
MINE, THEIRS = "mine", "theirs"


@dataclass(frozen=True)
class Conflict:
    """Both values of a field."""

    form: ItemForm
    description: Description
    item: Mapping[str, Any]
    chosen: str = ""

    @property
    def name(self) -> str:
        """The name of the choice in the page."""
        return f"{CHOICE}{self.description.name}"

    @property
    def label(self) -> str:
        """The label of the field."""
        return self.description.label

    @property
    def mine(self) -> Any:
        """What the person has typed, in words."""
        return self._in_words(self.form.changes.get(self.description.name))

    @property
    def theirs(self) -> Any:
        """What is stored, in words."""
        return self._in_words(self.item.get(self.description.name))

    def _in_words(self, value: Any) -> Any:
        field = self.form.fields[self.description.name]
        if isinstance(field.widget, RelatedSelect):
            return field.widget.source.text_of(value)
        if isinstance(field, forms.ChoiceField) and not isinstance(value, list):
            # Of a form field, choices are pairs.
            choices = cast(Iterable[tuple[Any, str]], field.choices)
            texts = {str(key): text for key, text in choices}
            return texts.get(str(value)) or shown(self.description, value)
        return shown(self.description, value)


def kept_data(form: ItemForm, mine: Iterable[str]) -> list[tuple[str, str]]:
    """Return what hidden fields carry: what was typed, and the rest as it is stored."""
    kept, data = set(mine), cast(QueryDict, form.data)
    return [
        (name, text)
        for name, field in form.fields.items()
        if not (field.disabled or isinstance(field, forms.FileField))
        for text in (data.getlist(name) if name in kept else form.shown_data(name))
    ]
