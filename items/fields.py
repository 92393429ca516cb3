"""Which form field a field of a collection has."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from django import forms

from accounts.own_data import CustomField, Description, Kind, ReadOnlyText, custom_field
from config.request import AuthenticatedRequest

from .choosing import RelationField
from .collection import Collection
from .conditions import Demands, demands, loosest_options, names_in
from .relations import Related, is_choice, key_in, related_for
from .uploads import UploadField
from .values import shown

Values = Mapping[str, Any]
# Shown, but not edited: their values have a form that a text field would break.
SHOWN = {"input-rich-text-html"}
# Neither: texts of other kinds than a customer could type.
SKIPPED = {"input-block-editor", "input-hash", "map", "translations", "list-m2a"}


class ShownText(ReadOnlyText):
    """Shows a value as the pages do."""

    def __init__(self, description: Description, template: str = "") -> None:
        super().__init__()
        self._description, self._template = description, template

    def _text(self, value: Any) -> str:
        return shown(self._description, value, template=self._template)


class ShownField(CustomField):
    """A field that the form shows and does not send."""

    def __init__(self, description: Description, template: str = "") -> None:
        super().__init__(description, Kind(self._make))
        self._template = template

    def _make(self, description: Description, options: dict[str, Any]) -> forms.Field:
        options |= {"label": description.label, "required": False}
        widget = ShownText(description, self._template)
        return forms.Field(widget=widget, disabled=True, **options)

    def keep(self, field: forms.Field, value: Any) -> None:
        """Change nothing: the value is shown in whole."""


def item_fields(
    request: AuthenticatedRequest,
    collection: Collection,
    names: Iterable[str],
    item: Values | None = None,
) -> list[CustomField]:
    """Return the fields of a form.

    A field that a condition hides or locks by the value of another field of the form
    is there, because that value may change.

    Args:
        names: which fields, in their order.
        item: the present values; None for a new row.
    """
    own = collection.described(request)
    described = [own[name] for name in names if name in own]
    present = present_values(own, item)
    made = []
    for each in described:
        depends = names_in(each) & set(names)
        found = demands(each, present)
        if depends:
            locked = each.is_read_only and found.is_read_only
            found = Demands(False, locked, False, loosest_options(each))
        if not (found.is_hidden or _is_in_hidden_group(each, own)):
            shaped = replace(each, options=found.options)
            made.append(_field(request, collection, shaped, found, item is None))
    return [field for field in made if field is not None]


def present_values(own: Mapping[str, Description], item: Values | None) -> Values:
    """Return the values of a row by field, related rows as their keys.

    Those of a new row are the defaults.
    """
    if item is None:
        return {name: each.default for name, each in own.items()}
    return {name: key_in(value, _key_of(value)) for name, value in item.items()}


def _key_of(value: Any) -> str:
    names = list(value) if isinstance(value, Mapping) else []
    return "id" if "id" in names else next(iter(names), "")


def _is_in_hidden_group(each: Description, own: Mapping[str, Description]) -> bool:
    group = own.get(each.group)
    return group is not None and (group.is_hidden or _is_in_hidden_group(group, own))


def _field(
    request: AuthenticatedRequest,
    collection: Collection,
    description: Description,
    found: Demands,
    is_new: bool,
) -> CustomField | None:
    if description.interface in SKIPPED or description.is_concealed:
        return None
    if description.is_file_list:
        # Staff choose them in Directus.
        return None
    if description.is_file:
        is_fixed = found.is_read_only
        return None if is_fixed else UploadField(description, collection.files)
    related = None
    if is_choice(description):
        related = related_for(request, collection, description)
    if found.is_read_only or description.interface in SHOWN:
        return None if is_new else _shown(description, related)
    if related is not None:
        return RelationField(description, related)
    return custom_field(description)


def _shown(description: Description, related: Related | None) -> ShownField:
    return ShownField(description, related.template if related else "")
