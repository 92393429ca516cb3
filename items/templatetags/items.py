"""Tags for templates of items."""

from functools import partial

from django import template

from ..columns import column
from ..file_lists import is_file_list
from ..files import is_file, shown_file
from ..layout import sections
from ..listed_files import shown_files
from ..values import shown

register = template.Library()


@register.simple_tag(takes_context=True)
def item_value(context, item, path):
    """Return the value of an item at a path, in words."""
    request, view = context["request"], context.get("view")
    found = column(request, item.collection, path)
    description, value = found.description, item.value(path)
    if view and value and "." not in path:
        if is_file(description):
            return shown_file(description, view.address("file", item.pk, path))
        if is_file_list(description):
            address = partial(view.address, "listed_file", item.pk, path)
            return shown_files(request, item, description, address)
    return shown(description, value, template=found.template)


@register.simple_tag(takes_context=True)
def item_text(context, item, path):
    """Return the value of an item at a path as plain text, for links and labels."""
    return column(context["request"], item.collection, path).text(item.value(path))


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
