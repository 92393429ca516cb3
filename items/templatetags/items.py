"""Tags for templates of items."""

from django import template

from ..values import EMPTY, shown

register = template.Library()


@register.simple_tag(takes_context=True)
def item_value(context, item, path):
    """Return the value of an item at a path, in words."""
    described = _described(context, item.collection)
    return shown(described.get(path), item.value(path)) or EMPTY


@register.simple_tag(takes_context=True)
def item_label(context, collection, path):
    """Return the label of a field; that of the relation for a path."""
    described = _described(context, collection)
    found = described.get(path.partition(".")[0])
    return found.label if found else path


def _described(context, collection):
    return collection.described(context["request"])
