"""The changes that directus_setup plans for declared collections."""

from dataclasses import replace

import pytest

from accounts.directus import Blueprint, Declared, ids
from accounts.operations.provisioning import Server, State, make_plan, render_plan
from accounts.operations.provisioning.blueprints import Wanted
from accounts.operations.provisioning.item_rights import is_within
from accounts.operations.provisioning.shape import Shape
from accounts.operations.provisioning.state import read_state

from .declaring import ORDERS, WITHOUT_BLUEPRINT, changed, made, options, without
from .test_setup_state import StubDirectus

ROLE = ids.customer_role_id("Customer")
CORE = Server("12.4.0", takes_rules=False)
MINE = {"buyer": {"_eq": "$CURRENT_USER"}}
OF_CUSTOMERS = {"buyer": {"role": {"_eq": ROLE}}}


@pytest.fixture
def empty():
    """The state of a Directus without anything of the site."""
    return State(
        customer_role=ROLE,
        new_customer_role="Customer",
        roles=[],
        policies=[],
        access=[],
        permissions=[],
        settings={},
        service_user=None,
    )


def plan_for(state, *declared):
    return make_plan(state, options(*declared), token_works=True)


def changes_of(plan, *kinds):
    return [each for each in plan.changes if each.kind in kinds]


def rights(plan, collection):
    """Return the new permissions on a collection by policy and action."""
    rows = [each.values for each in changes_of(plan, "permission")]
    names = {ids.CUSTOMER_POLICY: "customer", ids.SERVICE_POLICY: "site"}
    return {
        (names[row["policy"]], row["action"]): row
        for row in rows
        if row["collection"] == collection
    }


def test_what_is_missing_is_made_from_the_blueprint(empty):
    plan = plan_for(empty)

    made = changes_of(plan, "collection", "item field", "relation", "texts")
    assert [(each.kind, each.name) for each in made] == [
        ("collection", "articles"),
        ("collection", "orders"),
        ("relation", "orders.buyer → directus_users"),
        ("relation", "orders.article → articles"),
        ("texts", "orders_title"),
    ]
    fields = [row["field"] for row in made[1].values["fields"]]
    assert fields == ["id", "buyer", "date_updated", "title", "article"]
    assert made[2].values["schema"] == {"on_delete": "SET NULL"}
    assert len(made[4].rows) == 2
    assert plan.differences == []


def test_the_plan_can_be_read(empty):
    lines = list(render_plan(plan_for(empty)))

    assert "+ collection orders" in lines
    assert "    fields: id, buyer, date_updated, title, article" in lines


def test_customers_reach_their_own_rows(empty):
    found = rights(plan_for(empty), "orders")

    read = found["customer", "read"]
    assert read["fields"] == ["id", "buyer", "date_updated", "title", "article"]
    create = found["customer", "create"]
    assert create["fields"] == ["title", "article", "buyer"]
    assert create["presets"] == {"buyer": "$CURRENT_USER"}
    assert MINE in create["validation"]["_and"]
    assert found["customer", "update"]["fields"] == ["title"]
    for action in ("read", "update", "delete"):
        assert found["customer", action]["permissions"] == MINE


def test_the_site_reads_and_deletes_rows_of_customers_and_writes_none(empty):
    found = rights(plan_for(empty), "orders")

    site = {action: row for (owner, action), row in found.items() if owner == "site"}
    assert site.keys() == {"read", "delete"}
    assert all(row["permissions"] == OF_CUSTOMERS for row in site.values())


def test_related_rows_are_shown_and_their_columns_told_to_the_site(empty):
    found = rights(plan_for(empty), "articles")

    assert found.keys() == {("customer", "read"), ("site", "read")}
    assert found["customer", "read"]["fields"] == ["id", "name"]
    assert found["customer", "read"]["permissions"] == {}
    assert found["site", "read"]["permissions"] == {"id": {"_null": True}}


def test_without_a_licence_the_site_alone_has_rights(empty):
    found = rights(plan_for(replace(empty, server=CORE)), "orders")

    actions = {"create", "read", "update", "delete"}
    assert found.keys() == {("site", action) for action in actions}
    assert all(row["fields"] == ["*"] for row in found.values())
    assert all(row["permissions"] == {} for row in found.values())


def test_a_declaration_that_writes_nothing_gives_no_right_to_write(empty):
    plain = replace(ORDERS, create_fields=(), update_fields=(), can_delete=False)

    for server in (empty.server, CORE):
        found = rights(plan_for(replace(empty, server=server), plain), "orders")
        assert {action for _owner, action in found} == {"read", "delete"}
        assert ("customer", "delete") not in found


def test_rows_that_point_back_belong_to_the_same_customer(empty):
    """Rows that a list shows, such as messages of an order."""
    shape = made()
    message = {"text": {"type": "text"}, "order": {"type": "integer"}}
    fields = {**shape.fields, "messages": message}
    back = {
        "collection": "messages",
        "field": "order",
        "related_collection": "orders",
        "meta": {"one_field": "messages"},
    }
    state = replace(empty, shape=Shape(fields, [*shape.relations, back]))
    declared = replace(ORDERS, read_fields=("title", "messages.text"))

    plan = plan_for(state, declared)

    found = rights(plan, "messages")
    assert found["customer", "read"]["permissions"] == {"order": MINE}
    # For the doctor: columns do not tell which rows point back.
    assert rights(plan, "directus_relations").keys() == {("site", "read")}


def test_an_action_gives_the_right_to_its_value_alone(empty):
    declared = replace(
        ORDERS, update_fields=("title", "state"), only_values={"state": ["closed"]}
    )

    found = rights(plan_for(empty, declared), "orders")

    assert found["customer", "update"]["validation"] == {
        "_and": [{"state": {"_in": ["closed"]}}]
    }


@pytest.mark.parametrize(
    ("template", "shown"),
    [("{{size}}", ["id", "size"]), ("", ["id", "name"])],
)
def test_what_the_choices_of_a_field_show_is_readable(empty, template, shown):
    shape = changed(
        made(), "orders", "article", meta={"options": {"template": template}}
    )
    fields = shape.fields["articles"] | {"size": {"type": "string"}}
    shape = Shape({**shape.fields, "articles": fields}, shape.relations)
    declared = replace(WITHOUT_BLUEPRINT, read_fields=("title",))

    found = rights(plan_for(replace(empty, shape=shape), declared), "articles")

    assert found["customer", "read"]["fields"] == shown


SIZE = {"type": "string"}
NUMBER = {"type": "integer", "schema": {"is_primary_key": True}}


@pytest.mark.parametrize(
    ("fields", "label"),
    [
        ({"weight": {"type": "float"}, "size": SIZE, "colour": SIZE}, "size"),
        ({"note": {"type": "text"}}, "number"),
        ({"note": SIZE | {"meta": {"hidden": True}}, "size": SIZE}, "size"),
        ({"token": SIZE | {"meta": {"special": ["conceal"]}}}, "number"),
        ({"secret": SIZE | {"meta": {"special": ["hash"]}}}, "number"),
        ({"size": SIZE, "title": SIZE}, "title"),
    ],
)
def test_the_label_without_a_name_is_the_first_text(empty, fields, label):
    shape = made()
    shape = Shape(
        {**shape.fields, "articles": {"number": NUMBER, **fields}}, shape.relations
    )
    declared = replace(WITHOUT_BLUEPRINT, read_fields=("title",))

    found = rights(plan_for(replace(empty, shape=shape), declared), "articles")

    wanted = list(dict.fromkeys(["number", label]))
    assert found["customer", "read"]["fields"] == wanted


def test_a_key_that_is_a_text_is_no_label(empty):
    key = {"type": "string", "schema": {"is_primary_key": True}}
    shape = made()
    articles = {"code": key, "size": SIZE}
    shape = Shape({**shape.fields, "articles": articles}, shape.relations)
    declared = replace(WITHOUT_BLUEPRINT, read_fields=("title",))

    found = rights(plan_for(replace(empty, shape=shape), declared), "articles")

    assert found["customer", "read"]["fields"] == ["code", "size"]


def test_a_label_of_the_declaration_needs_no_other_field(empty):
    shape = made()
    articles = {**shape.fields["articles"], "size": SIZE}
    shape = Shape({**shape.fields, "articles": articles}, shape.relations)
    declared = replace(
        WITHOUT_BLUEPRINT,
        read_fields=("title", "article.size"),
        labelled_fields=("article",),
    )

    found = rights(plan_for(replace(empty, shape=shape), declared), "articles")

    assert found["customer", "read"]["fields"] == ["id", "size"]


def test_users_are_opened_by_no_path(empty):
    declared = replace(ORDERS, read_fields=("title", "buyer.email"))

    plan = plan_for(empty, declared)

    assert "email" not in rights(plan, "directus_users")["customer", "update"]["fields"]
    assert rights(plan, "orders")["customer", "read"]["permissions"] == MINE


def test_the_site_keeps_files_in_a_folder_for_each_collection(empty):
    blueprint = replace(
        ORDERS.blueprint,
        fields=[{"field": "photo", "type": "uuid", "meta": {"special": ["file"]}}],
        relations={"photo": "directus_files"},
    )
    declared = replace(
        ORDERS,
        blueprint=blueprint,
        read_fields=("photo",),
        create_fields=("photo",),
        update_fields=(),
    )

    plan = plan_for(empty, declared)

    folder = ids.DEFAULT.items_folder("orders")
    made = changes_of(plan, "collection")[-1]
    assert made.values["fields"][-1]["meta"]["options"] == {"folder": folder}
    assert [each.values["id"] for each in changes_of(plan, "folder")] == [
        ids.PICTURE_FOLDER,
        folder,
    ]
    files = rights(plan, "directus_files")
    rule = {"folder": {"_in": [ids.PICTURE_FOLDER, folder]}}
    assert files["site", "read"]["permissions"] == rule
    assert files["site", "delete"]["permissions"] == rule
    assert rule in files["site", "create"]["validation"]["_and"]
    assert {owner for owner, _action in files} == {"site"}


def test_fields_that_are_missing_are_added(empty):
    state = replace(empty, shape=without(made(), "orders", "buyer", "title"))

    plan = plan_for(state)

    found = changes_of(plan, "collection", "item field", "relation")
    assert [(each.name, each.path) for each in found] == [
        ("orders.buyer", "/fields/orders"),
        ("orders.title", "/fields/orders"),
        ("orders.buyer → directus_users", "/relations"),
    ]


def test_an_operators_changes_stay_and_are_told(empty):
    shape = changed(made(), "orders", "title", type="text", meta={"note": "Ours"})
    state = replace(empty, shape=shape)

    plan = plan_for(state)

    assert changes_of(plan, "collection", "item field", "relation") == []
    assert plan.differences == [
        "orders.title differs from the blueprint and stays: type, note."
    ]
    assert plan.differences[0] in list(render_plan(plan))


def test_without_a_blueprint_nothing_differs_from_it(empty):
    """Its key may be a number, and its columns may have any note."""
    shape = changed(made(), "orders", "id", type="integer", meta={"note": "Ours"})
    shape = changed(shape, "orders", "buyer", type="string", meta={"interface": "x"})

    plan = plan_for(replace(empty, shape=shape), WITHOUT_BLUEPRINT)

    assert plan.differences == []


def test_a_collection_that_cannot_be_made_is_told_and_gets_no_rights(empty):
    plan = plan_for(empty, WITHOUT_BLUEPRINT)

    assert rights(plan, "orders") == {}
    assert plan.differences == [
        "There is no collection orders: create it in Directus, then repeat this."
    ]


def test_fields_that_cannot_be_made_are_told_and_get_no_rights(empty):
    state = replace(empty, shape=without(made(), "orders", "title", "article"))

    plan = plan_for(state, WITHOUT_BLUEPRINT)

    (text,) = plan.differences
    assert text.startswith("orders has no field title, article, article.name:")
    assert "title" not in rights(plan, "orders")["customer", "read"]["fields"]


def test_an_owner_that_is_no_relation_is_told(empty):
    shape = Shape(made().fields, [])

    plan = plan_for(replace(empty, shape=shape))

    assert "orders.buyer does not point at directus_users: change it in Directus." in (
        plan.differences
    )
    assert changes_of(plan, "relation") == []


# Permissions that are there


@pytest.fixture
def complete(empty):
    """The state after a set-up."""
    state = replace(empty, shape=made())
    rows = [each.values for each in changes_of(plan_for(state), "permission")]
    numbered = [row | {"id": number} for number, row in enumerate(rows)]
    return replace(state, permissions=numbered)


def with_right(state, action, **values):
    """Return a state in which an operator has changed a right of customers."""
    rows = [
        row | values
        if (row["policy"], row["collection"], row["action"])
        == (ids.CUSTOMER_POLICY, "orders", action)
        else row
        for row in state.permissions
    ]
    return replace(state, permissions=rows)


NARROWER = {"_and": [MINE, {"title": {"_nnull": True}}]}


@pytest.mark.parametrize(
    ("action", "values"),
    [
        ("read", {"permissions": NARROWER}),
        ("update", {"permissions": MINE | {"title": {"_nnull": True}}}),
        ("create", {"presets": {"buyer": "$CURRENT_USER", "title": "New"}}),
        ("update", {"fields": ["title", "article"]}),
    ],
)
def test_harmless_changes_of_rights_stay(complete, action, values):
    state = with_right(complete, action, **values)

    assert changes_of(plan_for(state), "permission") == []


@pytest.mark.parametrize(
    ("action", "values"),
    [
        ("read", {"permissions": {}}),
        ("read", {"permissions": {"_or": [MINE, {"title": {"_eq": "x"}}]}}),
        ("delete", {"permissions": None}),
        ("update", {"fields": ["title", "buyer"]}),
        ("update", {"fields": ["*"]}),
        ("create", {"validation": None}),
        ("create", {"presets": None}),
        ("read", {"fields": ["id"]}),
    ],
)
def test_rights_that_are_too_wide_or_lack_something_are_repaired(
    complete, action, values
):
    state = with_right(complete, action, **values)

    (change,) = changes_of(plan_for(state), "permission")

    assert change.verb == "update"
    assert change.values.keys() == values.keys()


def test_rights_of_other_policies_of_the_role_are_shown(complete):
    row = {"collection": "orders", "action": "read", "fields": ["*"], "policy": "p"}
    state = replace(
        complete,
        role_access=[{"role": ROLE, "policy": "p"}],
        other_policies=[{"id": "p", "name": "Sales", "app_access": False}],
        other_permissions=[row | {"id": 99, "permissions": {}, "validation": None}],
    )

    (found,) = plan_for(state).beyond

    assert found.text == "read orders: *; all rows (policy Sales, p)"


@pytest.mark.parametrize(
    ("rule", "wanted", "is_narrow"),
    [
        (MINE, MINE, True),
        ({}, {}, True),
        ({"a": 1}, {}, True),
        (None, MINE, False),
        ({"_and": [{"_and": [MINE]}, {"a": 1}]}, MINE, True),
        ({"_or": [MINE]}, MINE, False),
        (MINE, NARROWER, False),
        ({"_and": [{"a": 1}]}, MINE, False),
    ],
)
def test_a_rule_within_another(rule, wanted, is_narrow):
    assert is_within(rule, wanted) is is_narrow


# What is read


def test_collections_are_read_for_declarations_alone():
    stub = StubDirectus(
        collections=[{"collection": name} for name in ("orders", "articles", "others")],
        relations=made().relations,
        **{
            f"fields/{name}": [{"field": field} for field in fields]
            for name, fields in made().fields.items()
        },
    )

    assert read_state(stub, options()).shape.fields.keys() == {"orders", "articles"}
    found = read_state(stub, options(Declared("others", owner="user")))
    assert found.shape.fields.keys() == {"others"}


def test_a_site_without_declarations_asks_for_no_collection(empty):
    plan = make_plan(empty, replace(options(), collections=()), token_works=True)

    assert changes_of(plan, "collection", "item field", "relation", "texts") == []


# Lists of files

PHOTOS = {
    "field": "photos",
    "type": "alias",
    "meta": {"interface": "files", "special": ["files"]},
}
WITH_PHOTOS = replace(
    ORDERS,
    read_fields=("title", "photos"),
    create_fields=("title", "photos"),
    update_fields=("title", "photos"),
    blueprint=Blueprint([*ORDERS.blueprint.fields[:1], PHOTOS]),
)


def photos_of_operators(**meta):
    """Return a shape in which operators have made the list in their own way."""
    shape = Wanted(options(replace(ORDERS, blueprint=None))).after(made())
    orders = shape.fields["orders"] | {"photos": PHOTOS}
    junction = {key: {"meta": None} for key in ("id", "order", "thing", "place")}
    back = {
        "collection": "links",
        "field": "order",
        "related_collection": "orders",
        "meta": {"one_field": "photos", "junction_field": "thing"} | meta,
    }
    to_file = {"collection": "links", "field": "thing", "meta": None}
    to_file |= {"related_collection": "directus_files"}
    fields = {**shape.fields, "orders": orders, "links": junction}
    return Shape(fields, [*shape.relations, back, to_file])


def test_a_blueprint_makes_the_junction_of_a_list_of_files(empty):
    plan = plan_for(empty, WITH_PHOTOS)

    made = changes_of(plan, "collection", "item field", "relation", "folder")
    assert [(each.kind, each.name) for each in made] == [
        ("collection", "orders"),
        ("collection", "orders_photos"),
        ("relation", "orders.buyer → directus_users"),
        ("relation", "orders_photos.orders_id → orders"),
        ("relation", "orders_photos.directus_files_id → directus_files"),
        ("folder", "Profile pictures"),
        ("folder", "orders: files of customers"),
    ]
    orders, junction = made[0].values, made[1].values
    folder = ids.DEFAULT.items_folder("orders")
    assert orders["fields"][-1]["meta"]["options"] == {"folder": folder}
    types = {row["field"]: row["type"] for row in junction["fields"]}
    expected = {"orders_id": "integer", "directus_files_id": "uuid", "sort": "integer"}
    assert types == {"id": "integer"} | expected
    assert junction["meta"] == {"hidden": True}
    assert made[3].values["meta"]["one_field"] == "photos"
    assert made[3].values["schema"] == {"on_delete": "CASCADE"}
    assert plan.differences == []


def test_a_junction_has_the_type_of_the_present_key(empty):
    shape = changed(
        made(), "orders", "id", type="uuid", schema={"is_primary_key": True}
    )

    plan = plan_for(replace(empty, shape=shape), WITH_PHOTOS)

    (junction,) = changes_of(plan, "collection")
    types = {row["field"]: row["type"] for row in junction.values["fields"]}
    assert types["orders_id"] == "uuid"
    assert [each.name for each in changes_of(plan, "item field")] == ["orders.photos"]


def test_relations_that_went_with_the_collection_come_back(empty):
    shape = Wanted(options(WITH_PHOTOS)).after(Shape())
    fields = {name: shape.fields[name] for name in ("orders_photos",)}
    to_files = [row for row in shape.relations if row["field"] == "directus_files_id"]
    state = replace(empty, shape=Shape(fields, to_files))

    made = changes_of(plan_for(state, WITH_PHOTOS), "collection", "relation")

    assert [each.name for each in made] == [
        "orders",
        "orders.buyer → directus_users",
        "orders_photos.orders_id → orders",
    ]


def test_a_field_that_is_no_list_gets_no_junction(empty):
    shape = Wanted(options(replace(ORDERS, blueprint=None))).after(made())
    orders = shape.fields["orders"] | {"photos": {"type": "json", "meta": None}}
    fields = {**shape.fields, "orders": orders}
    state = replace(empty, shape=Shape(fields, shape.relations))

    plan = plan_for(state, WITH_PHOTOS)

    assert changes_of(plan, "collection", "relation") == []
    assert any("orders.photos differs" in text for text in plan.differences)


def test_a_list_that_operators_made_stays(empty):
    plan = plan_for(replace(empty, shape=photos_of_operators()), WITH_PHOTOS)

    assert changes_of(plan, "collection", "item field", "relation") == []


@pytest.mark.parametrize(
    ("meta", "more"), [({}, []), ({"sort_field": "place"}, ["place"])]
)
def test_customers_read_the_links_of_their_own_rows_and_write_none(empty, meta, more):
    shape = photos_of_operators(**meta)
    plan = plan_for(replace(empty, shape=shape), replace(WITH_PHOTOS, blueprint=None))

    found = rights(plan, "links")
    assert found.keys() == {("customer", "read"), ("site", "read")}
    read = found["customer", "read"]
    assert sorted(read["fields"]) == sorted(["id", "order", "thing", *more])
    assert read["permissions"] == {"order": MINE}
    assert found["site", "read"]["permissions"] == {"id": {"_null": True}}
    orders = rights(plan, "orders")
    assert "photos" in orders["customer", "read"]["fields"]
    assert "photos" not in orders["customer", "create"]["fields"]
    assert orders["customer", "update"]["fields"] == ["title"]
    (relations,) = rights(plan, "directus_relations").values()
    assert relations["action"] == "read"
    about = rights(plan, "directus_fields")["site", "read"]["permissions"]
    assert "links" in about["collection"]["_in"]
    files = rights(plan, "directus_files")["site", "read"]["permissions"]
    assert ids.DEFAULT.items_folder("orders") in files["folder"]["_in"]


def test_without_rows_that_point_back_the_site_reads_no_relations(empty):
    assert rights(plan_for(empty), "directus_relations") == {}


def test_without_a_licence_the_site_alone_reads_the_links(empty):
    state = replace(empty, server=CORE, shape=photos_of_operators())

    found = rights(plan_for(state, replace(WITH_PHOTOS, blueprint=None)), "links")

    assert found.keys() == {("site", "read")}
    assert found["site", "read"]["permissions"] == {}


def test_a_list_without_a_relation_is_told(empty):
    shape = photos_of_operators()
    shape = Shape(shape.fields, shape.relations[:-2])

    plan = plan_for(replace(empty, shape=shape), replace(WITH_PHOTOS, blueprint=None))

    expected = "orders.photos leads to no files: make its relation in Directus."
    assert expected in plan.differences
