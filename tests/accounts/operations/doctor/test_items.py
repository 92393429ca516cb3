"""directus_doctor: declared collections, and the rights on their rows."""

from dataclasses import replace

import pytest

from accounts.directus import ids
from accounts.operations.doctor import items
from accounts.operations.doctor.findings import Verdict
from accounts.operations.doctor.site import Site
from accounts.operations.provisioning.blueprints import Wanted
from accounts.operations.provisioning.item_rights import (
    customers_on_items,
    site_on_items,
)
from accounts.operations.provisioning.server import Server
from accounts.operations.provisioning.shape import Shape

from ..declaring import ORDERS, changed, made, options, without
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


def test_a_collection_that_is_not_read_is_not_vouched_for(shop):
    """Its permissions cannot be judged."""
    shop.shape = Shape({}, [])

    answer = items.customers(shop)

    assert answer.verdict is Verdict.UNKNOWN
    assert "orders" in answer.reason


def test_without_the_role_of_customers_nothing_is_known(shop, settings):
    settings.DIRECTUS_CUSTOMER_ROLE = ""
    shop.roles = []

    assert items.customers(shop).verdict is Verdict.UNKNOWN


# Lists of files


@pytest.fixture
def album(shop):
    """The site, with a list of files that has been set up."""
    photos = {"field": "photos", "type": "alias", "meta": {"special": ["files"]}}
    blueprint = replace(ORDERS.blueprint, fields=[*ORDERS.blueprint.fields, photos])
    declared = replace(
        ORDERS, read_fields=("title", "article.name", "photos"), blueprint=blueprint
    )
    shop.declared = (declared,)
    shop.shape = Wanted(options(declared)).after(Shape())
    wanted = customers_on_items(shop.declared, shop.shape)
    shop._item_permissions = [
        each.values() | {"id": number} for number, each in enumerate(wanted)
    ]
    rights = site_on_items(shop.declared, shop.shape, ROLE, acts=False)
    shop.rights |= summed_up(rights)
    return shop


def right_on_links(site):
    """Return the right of customers on the junction collection."""
    (row,) = [
        row for row in site._item_permissions if row["collection"] == "orders_photos"
    ]
    return row


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_a_list_of_files_that_is_set_up_has_no_finding(album, check):
    answer = check(album)

    assert answer.verdict is Verdict.OK, answer.reason


@pytest.mark.parametrize("gone", ["relations", "junction"])
def test_a_list_that_the_token_cannot_read(album, gone):
    fields, relations = dict(album.shape.fields), list(album.shape.relations)
    if gone == "relations":
        relations = [row for row in relations if row["collection"] != "orders_photos"]
    else:
        del fields["orders_photos"]
    album.shape = Shape(fields, relations)

    answer = items.collections(album)

    assert answer.verdict is Verdict.PROBLEM
    assert "of the files in orders.photos" in answer.reason


@pytest.mark.parametrize(
    "values",
    [
        {"permissions": {}},
        {"permissions": {"id": {"_nnull": True}}},
        {"action": "create", "permissions": None},
        {"action": "update"},
        {"action": "delete"},
    ],
)
def test_a_right_on_lists_of_others_or_to_write_one_is_named(album, values):
    row = dict(right_on_links(album)) | {"id": 99} | values
    album._item_permissions.append(row)

    answer = items.customers(album)

    assert answer.verdict is Verdict.PROBLEM
    named = f"{row['action']} orders_photos (policy Customer, permission 99)"
    assert named in answer.reason


def test_customers_without_the_right_to_links(album):
    album._item_permissions.remove(right_on_links(album))

    assert "read orders_photos" in items.customers(album).reason


def test_a_view_that_compares_a_list_of_files(album):
    (declared,) = album.declared
    album.declared = (replace(declared, compared_fields=("title", "photos")),)

    answer = items.collections(album)

    assert answer.verdict is Verdict.PROBLEM
    assert "sorts, filters or searches by photos" in answer.reason


FIELDS = {"orders": {"photos": ["files"], "replies": ["o2m"]}}


def test_relations_are_read_for_rows_that_point_back_alone(site):
    asked = []

    class Service:
        def describe_fields(self, name):
            return [
                {"field": field, "meta": {"special": special}, "schema": None}
                for field, special in FIELDS.get(name, {"id": None}).items()
            ]

        def read_relations(self):
            asked.append("relations")
            return [
                {
                    "collection": "links",
                    "field": "order",
                    "related_collection": "orders",
                    "meta": {"one_field": "photos", "junction_field": "thing"},
                },
                {
                    "collection": "others",
                    "field": "order",
                    "related_collection": "orders",
                    "meta": {"one_field": "replies"},
                },
            ]

    found = Site()
    found.service = Service()
    found.declared = (replace(ORDERS, read_fields=("title", "replies.text")),)
    assert found.shape.follow("orders", "replies").collection == "others"
    asked.clear()
    found = Site()
    found.service = Service()
    found.declared = (replace(ORDERS, name="plain"),)
    assert found.shape.fields.keys() == {"plain"}
    assert asked == []
    other = Site()
    other.service, other.declared = found.service, (ORDERS,)
    assert other.shape.fields.keys() == {"orders", "links"}
    assert other.shape.follow("orders", "photos").collection == "links"
    assert asked == ["relations"]


# Rows that point back


@pytest.fixture
def thread(shop):
    """The site, with messages of orders, and set up."""
    shop.declared = (replace(ORDERS, read_fields=("title", "messages.text")),)
    fields = {
        **shop.shape.fields,
        "orders": {**shop.shape.fields["orders"], "messages": {"type": "alias"}},
        "messages": {"text": {"type": "text"}, "order": {"type": "integer"}},
    }
    back = {
        "collection": "messages",
        "field": "order",
        "related_collection": "orders",
        "meta": {"one_field": "messages"},
    }
    shop.shape = Shape(fields, [*shop.shape.relations, back])
    wanted = customers_on_items(shop.declared, shop.shape)
    shop._item_permissions = [
        each.values() | {"id": number} for number, each in enumerate(wanted)
    ]
    shop.rights |= summed_up(site_on_items(shop.declared, shop.shape, ROLE, acts=False))
    return shop


def right_on_messages(site):
    """Return the right of customers on messages."""
    (row,) = [row for row in site._item_permissions if row["collection"] == "messages"]
    return row


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_rows_that_point_back_have_no_finding_after_the_set_up(thread, check):
    answer = check(thread)

    assert answer.verdict is Verdict.OK, answer.reason


@pytest.mark.parametrize(
    "values",
    [
        {"permissions": {}},
        {"permissions": None},
        {"permissions": {"text": {"_nnull": True}}},
        {"action": "update", "permissions": {}},
        {"action": "delete", "permissions": {}},
    ],
)
@pytest.mark.parametrize("role", [ROLE, None])
def test_a_right_on_rows_that_point_at_those_of_others_is_named(thread, values, role):
    add_policy(thread, role)
    row = dict(right_on_messages(thread)) | {"id": 99, "policy": "p"} | values
    thread._item_permissions.append(row)

    answer = items.customers(thread)

    assert answer.verdict is Verdict.PROBLEM
    assert f"{row['action']} messages (policy P, permission 99)" in answer.reason


@pytest.mark.parametrize(
    "values",
    [
        {"permissions": {"_and": [{"order": MINE}, {"text": {"_nnull": True}}]}},
        {"action": "update"},
        {"action": "create", "permissions": None},
    ],
)
def test_a_right_on_rows_that_point_at_own_ones_is_fine(thread, values):
    row = dict(right_on_messages(thread)) | {"id": 99} | values
    thread._item_permissions.append(row)

    assert items.customers(thread).verdict is Verdict.OK


def test_rows_of_two_collections_may_be_reached_by_two_rules(thread):
    (orders,) = thread.declared
    other = replace(orders, name="offers", read_fields=("title", "messages.text"))
    back = {
        "collection": "messages",
        "field": "offer",
        "related_collection": "offers",
        "meta": {"one_field": "messages"},
    }
    fields = {**thread.shape.fields, "offers": thread.shape.fields["orders"]}
    thread.declared = (orders, other)
    thread.shape = Shape(fields, [*thread.shape.relations, back])
    wanted = customers_on_items(thread.declared, thread.shape)
    thread._item_permissions = [
        each.values() | {"id": number} for number, each in enumerate(wanted)
    ]
    row = dict(right_on_messages(thread)) | {"id": 99, "permissions": {"offer": MINE}}
    thread._item_permissions.append(row)

    assert items.customers(thread).verdict is Verdict.OK


def test_rows_that_the_token_cannot_see_are_told(thread):
    kept = [row for row in thread.shape.relations if row["collection"] != "messages"]
    thread.shape = Shape(thread.shape.fields, kept)

    assert "in orders.messages" in items.collections(thread).reason
    assert items.customers(thread).verdict is Verdict.UNKNOWN
