"""Tags for templates of items."""

from django import template
from django.template.loader import render_to_string

from accounts.own_data import describe

from ..values import EMPTY, shown

register = template.Library()


@register.simple_tag(takes_context=True)
def item_value(context, item, path):
    """Return the value of an item at a path, in words."""
    described = _described(context, item.collection)
    if path in described and described[path].is_file and item.value(path):
        return _file(context, item, described[path])
    return shown(described.get(path), item.value(path)) or EMPTY


@register.simple_tag(takes_context=True)
def item_label(context, collection, path):
    """Return the label of a field; that of the relation for a path."""
    described = _described(context, collection)
    found = described.get(path.partition(".")[0])
    return found.label if found else path


def _file(context, item, description):
    """Return a small picture, or a link to the file."""
    view = context.get("view")
    url = view.address("file", item.pk, description.name) if view else ""
    return render_to_string(
        "items/file.html",
        {
            "url": url,
            "label": description.label,
            "is_picture": description.interface == "file-image",
            "size": "small" if getattr(view, "action", "") == "list" else "medium",
        },
    )


def _described(context, collection):
    """Return the descriptions of a collection, once for a page."""
    kept = context.render_context.setdefault("item_descriptions", {})
    if collection.name not in kept:
        found = describe(context["request"], collection.name)
        kept[collection.name] = {field.name: field for field in found}
    return kept[collection.name]
