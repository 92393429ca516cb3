"""directus_doctor: declared collections, and the rights on their rows."""

from dataclasses import replace

import pytest

from accounts.directus import ids
from accounts.operations.doctor import items
from accounts.operations.doctor.findings import Verdict
from accounts.operations.provisioning.item_rights import (
    customers_on_items,
    site_on_items,
)
from accounts.operations.provisioning.server import Server

from ..declaring import ORDERS, changed, made, without
from .made_up import ROLE, add_policy, summed_up

CHECKS = (items.collections, items.customers, items.token)
MINE = {"buyer": {"_eq": "$CURRENT_USER"}}


@pytest.fixture
def shop(site):
    """A site that declares a collection, on a Directus that has been set up for it."""
    site.declared, site.shape = (ORDERS,), made()
    wanted = customers_on_items(site.declared, site.shape)
    site._item_permissions = [
        each.values() | {"id": number} for number, each in enumerate(wanted)
    ]
    rights = site_on_items(site.declared, site.shape, ROLE, acts=False)
    site.rights |= summed_up(rights)
    return site


@pytest.fixture
def core(shop):
    """The same on a Directus that takes no rules."""
    shop.public_info["license"] = {"source": None}
    shop._item_permissions = []
    rights = site_on_items(shop.declared, shop.shape, ROLE, acts=True)
    shop.rights |= summed_up(Server("12.4.0", takes_rules=False).attainable(rights))
    return shop


def right(site, action):
    """Return the right of customers on orders."""
    (row,) = [
        row
        for row in site._item_permissions
        if (row["collection"], row["action"]) == ("orders", action)
    ]
    return row


@pytest.mark.parametrize("kind", ["site", "shop", "core"])
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_a_site_that_is_set_up_has_no_finding(request, kind, check):
    assert check(request.getfixturevalue(kind)).verdict is Verdict.OK


def test_the_acting_token_and_its_reason_are_told(shop):
    assert "with their own token" in items.token(shop).reason


def test_without_a_licence_the_reason_is_another(core):
    assert "takes no rules without a licence" in items.token(core).reason


def test_a_collection_that_is_not_there(shop):
    shop.shape = replace(shop.shape, fields={})

    answer = items.collections(shop)

    assert answer.verdict is Verdict.PROBLEM
    assert "There is no collection orders" in answer.reason


def test_missing_fields_are_named(shop):
    shop.shape = without(shop.shape, "orders", "title", "date_updated")

    answer = items.collections(shop)

    assert answer.verdict is Verdict.PROBLEM
    assert "read them: date_updated, title." in answer.reason


def test_an_owner_that_points_elsewhere(shop):
    others = [
        row | {"related_collection": "people"} if row["field"] == "buyer" else row
        for row in shop.shape.relations
    ]
    shop.shape = replace(shop.shape, relations=others)

    answer = items.collections(shop)

    assert answer.verdict is Verdict.PROBLEM
    assert "orders.buyer does not point at users" in answer.reason


def test_a_time_that_directus_does_not_keep(shop):
    shop.shape = changed(shop.shape, "orders", "date_updated", meta={"special": None})

    answer = items.collections(shop)

    assert answer.verdict is Verdict.WARNING
    assert "does not keep orders.date_updated" in answer.reason


def test_a_declaration_without_such_a_time(shop):
    shop.declared = (replace(ORDERS, changed_at=""),)

    assert items.collections(shop).verdict is Verdict.WARNING


@pytest.mark.parametrize(
    ("action", "values", "named"),
    [
        ("read", {"permissions": {}}, "read orders"),
        ("read", {"permissions": {"_or": [MINE, {}]}}, "read orders"),
        ("update", {"permissions": None}, "update orders"),
        ("delete", {"permissions": {"title": {"_eq": "x"}}}, "delete orders"),
        ("update", {"fields": ["buyer", "title"]}, "with another owner"),
        ("update", {"fields": ["*"]}, "with another owner"),
        ("create", {"validation": {}}, "for any owner"),
        ("create", {"validation": None, "fields": ["*"]}, "for any owner"),
    ],
)
def test_a_right_beyond_the_own_rows_is_named(shop, action, values, named):
    row = right(shop, action)
    row.update(values)

    answer = items.customers(shop)

    assert answer.verdict is Verdict.PROBLEM
    assert named in answer.reason
    assert f"policy Customer, permission {row['id']}" in answer.reason


@pytest.mark.parametrize("role", [ROLE, None])
def test_a_right_of_another_policy_or_the_public(shop, role):
    add_policy(shop, role)
    row = {"policy": "p", "action": "read", "fields": ["*"], "permissions": {}}
    row |= {"id": 77, "collection": "orders", "validation": None}
    shop._item_permissions.append(row)

    answer = items.customers(shop)

    assert answer.verdict is Verdict.PROBLEM
    assert "read orders (policy P, permission 77)" in answer.reason


def test_a_narrower_rule_is_fine(shop):
    narrower = {"_and": [MINE, {"title": {"_nnull": True}}]}
    right(shop, "read")["permissions"] = narrower

    assert items.customers(shop).verdict is Verdict.OK


def test_rights_that_customers_lack(shop):
    right(shop, "update")["fields"] = []
    shop._item_permissions.remove(right(shop, "delete"))

    answer = items.customers(shop)

    assert answer.verdict is Verdict.PROBLEM
    assert "update orders: title; delete orders" in answer.reason


def test_any_right_of_customers_is_too_wide_without_a_licence(core):
    row = {"policy": ids.CUSTOMER_POLICY, "action": "read", "fields": ["*"], "id": 5}
    row |= {"collection": "orders", "permissions": {}, "validation": None}
    core._item_permissions = [row]

    assert items.customers(core).verdict is Verdict.PROBLEM


@pytest.mark.parametrize("action", ["read", "delete"])
def test_rights_that_the_site_lacks(shop, action):
    shop.rights["orders"][action] = {"access": "none"}

    answer = items.token(shop)

    assert answer.verdict is Verdict.PROBLEM
    assert f"{action} orders" in answer.reason


def test_without_the_role_of_customers_nothing_is_known(shop, settings):
    settings.DIRECTUS_CUSTOMER_ROLE = ""
    shop.roles = []

    assert items.customers(shop).verdict is Verdict.UNKNOWN
