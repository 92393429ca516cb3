"""What a declaration tells the set-up."""

import pytest

from accounts.directus import Blueprint
from items.actions import Action
from items.checks import check_lists
from items.collection import Choices, Collection, declared
from items.urls import item_paths
from items.views import ItemListView


def test_the_set_up_learns_of_actions_and_choices(monkeypatch):
    monkeypatch.setattr("accounts.directus.declared.COLLECTIONS", {})
    close = Action("close", field="state", value="closed", label="Close")
    label = Choices(label="{{name}} {{size}}", rule={"_and": [{"is_sold": {"_eq": 1}}]})

    found = Collection(
        "orders",
        owner="buyer",
        list_fields=["number"],
        create_fields=["article"],
        update_fields=["title"],
        choices={"article": label},
        actions=[close],
    ).declaration
    declared.pop("orders")

    assert found.only_values == {"state": ["closed"]}
    assert set(found.update_fields) == {"title", "state"}
    paths = {"article.name", "article.size", "article.is_sold"}
    assert paths < set(found.read_fields)
    assert found.labelled_fields == ("article",)


@pytest.mark.parametrize(
    ("special", "attribute", "errors"),
    [
        (["files"], "filter_fields", ["items.E001"]),
        (["files"], "search_fields", ["items.E001"]),
        (["files"], "sort_fields", ["items.E001"]),
        (["files"], "ordering", ["items.E001"]),
        (["m2o"], "filter_fields", []),
        (["files"], "allowed_fields", []),
    ],
)
def test_a_list_that_compares_a_list_of_files_is_refused_at_start(
    monkeypatch, special, attribute, errors
):
    monkeypatch.setattr("accounts.directus.declared.COLLECTIONS", {})
    photos = {"field": "photos", "type": "alias", "meta": {"special": special}}
    orders = Collection(
        "orders",
        owner="buyer",
        list_fields=["number", "photos"],
        blueprint=Blueprint([photos]),
    )
    value = "-photos" if attribute == "ordering" else ["photos"]
    values = {"collection": orders, attribute: value}

    item_paths("orders", orders, type("OrderList", (ItemListView,), values))
    found = check_lists(None)
    declared.pop("orders")

    assert [each.id for each in found] == errors


def test_a_field_that_customers_write_takes_any_value(monkeypatch):
    monkeypatch.setattr("accounts.directus.declared.COLLECTIONS", {})
    close = Action("close", field="state", value="closed", label="Close")

    found = Collection(
        "orders",
        owner="buyer",
        list_fields=["number"],
        update_fields=["state"],
        actions=[close],
    ).declaration
    declared.pop("orders")

    assert found.only_values == {}
