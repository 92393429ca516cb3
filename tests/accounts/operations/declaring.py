"""A declaration that tests change, and a Directus with its collections."""

from dataclasses import replace

from accounts.directus import Blueprint, Declared
from accounts.operations.provisioning.blueprints import Wanted
from accounts.operations.provisioning.shape import Shape
from accounts.operations.provisioning.wanted import Options

ORDERS = Declared(
    "orders",
    owner="buyer",
    changed_at="date_updated",
    read_fields=("title", "article.name"),
    create_fields=("title", "article"),
    update_fields=("title",),
    can_delete=True,
    blueprint=Blueprint(
        fields=[
            {"field": "title", "type": "string", "meta": {"note": "$t:orders_title"}},
            {"field": "article", "type": "integer", "meta": {"special": ["m2o"]}},
        ],
        relations={"article": "articles"},
        related={"articles": Blueprint([{"field": "name", "type": "string"}])},
        texts={"orders_title": {"de-DE": "Titel", "en-GB": "Title"}},
    ),
)
WITHOUT_BLUEPRINT = replace(ORDERS, blueprint=None)


def options(*declared, **values):
    """Return an operator's options, with declarations."""
    return Options(collections=declared or (ORDERS,), **values)


def made():
    """Return the shape of a Directus in which the set-up has made the collections."""
    return Wanted(options()).after(Shape())


def without(shape, collection, *names):
    """Return a shape without these fields, and their relations."""
    kept = {
        name: row for name, row in shape.fields[collection].items() if name not in names
    }
    gone = {(collection, name) for name in names}
    relations = [
        row for row in shape.relations if (row["collection"], row["field"]) not in gone
    ]
    return Shape({**shape.fields, collection: kept}, relations)


def changed(shape, collection, name, **values):
    """Return a shape in which an operator has changed a field."""
    fields = shape.fields[collection]
    row = {**fields[name], **values}
    return Shape({**shape.fields, collection: {**fields, name: row}}, shape.relations)
