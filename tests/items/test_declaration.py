"""What a declaration tells the set-up."""

from items.actions import Action
from items.collection import Choices, Collection, declared


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
