"""Tags for templates of items."""

from django import template

from ..columns import column
from ..files import is_file, shown_file
from ..layout import sections
from ..values import shown

register = template.Library()


@register.simple_tag(takes_context=True)
def item_value(context, item, path):
    """Return the value of an item at a path, in words."""
    found = column(context["request"], item.collection, path)
    view = context.get("view")
    description = found.description
    if view and "." not in path and is_file(description) and item.value(path):
        return shown_file(description, view.address("file", item.pk, path))
    return shown(found.description, item.value(path), template=found.template)


@register.simple_tag(takes_context=True)
def item_label(context, collection, path):
    """Return the label of a field; for a path, that of the relation, too."""
    return column(context["request"], collection, path).label


@register.simple_tag(takes_context=True)
def item_sections(context, collection):
    """Return the fields of the page of one row, as the operator has grouped them."""
    names = collection.shown_fields
    own = collection.described(context["request"])
    return sections(names, {name: name for name in names}, own)
