"""Rows of collections: reading, writing and deleting by query, and what is refused."""

import re

import pytest

from accounts.directus import CallFailed, Forbidden, InvalidPayload, NotUnique
from tests.items.on_directus import RealShop

from .fake_world import FakeWorld

WITH_RULES = pytest.mark.directus(10, 11)


@pytest.fixture(scope="module")
def real_shop(directus_server):
    found = RealShop(directus_server)
    yield found
    found.close()


@pytest.fixture
def shop(world, request):
    if isinstance(world, FakeWorld):
        yield world.open_shop()
        return
    found = request.getfixturevalue("real_shop")
    yield found
    found.empty()


@pytest.fixture
def token(world, shop, person, has_rules):
    """The token that reads and writes: the customer's, or without rules the site's."""
    if has_rules:
        return world.sign_in(person).access_token
    return world.service_token


@pytest.fixture
def client(world, person, shop, has_rules):
    """The client with that token."""
    return world.as_owner_of(world.sign_in(person)) if has_rules else world.service()


@pytest.fixture
def ticket(shop, person):
    return shop.add_item("tickets", owner=person.id, subject="Mine", secret="s")


@pytest.fixture
def foreign(shop, other):
    return shop.add_item("tickets", owner=other.id, subject="Theirs", secret="t")


def rule(person, pk, **more):
    """Return the filter for a row of a person."""
    rest = [{name: condition} for name, condition in more.items()]
    return {"_and": [{"id": {"_eq": pk}}, {"owner": {"_eq": person.id}}, *rest]}


def own(person):
    return {"owner": {"_eq": person.id}}


def subjects(shop):
    return sorted(row["subject"] for row in shop.items_of("tickets"))


# Reading


def test_a_page_and_the_number_of_all_rows(client, shop, person, ticket, foreign):
    for subject in ("B", "C", "D"):
        shop.add_item("tickets", owner=person.id, subject=subject)

    page = client.list_items(
        "tickets",
        fields=["id", "subject"],
        rule=own(person),
        sort=["-subject", "id"],
        limit=2,
        offset=1,
        counts=True,
    )

    assert [row["subject"] for row in page.rows] == ["D", "C"]
    assert page.count == 4


def test_a_row_of_another_user_is_not_there(client, person, foreign):
    found = client.list_items(
        "tickets", fields=["id"], rule=rule(person, foreign), limit=1
    )

    assert found.rows == []


@WITH_RULES
def test_rules_keep_users_apart_without_the_filter(client, ticket, foreign):
    rows = client.list_items("tickets", fields=["id"], rule={}, limit=5).rows

    assert [row["id"] for row in rows] == [ticket]


def test_a_related_row_comes_along_or_is_null(client, shop, person):
    product = shop.add_item("products", name="Engine")
    shop.add_item("tickets", owner=person.id, subject="A", product=product)
    shop.add_item("tickets", owner=person.id, subject="B")

    rows = client.list_items(
        "tickets",
        fields=["product.name"],
        rule=own(person),
        sort=["subject"],
        limit=5,
    ).rows

    assert rows == [{"product": {"name": "Engine"}}, {"product": None}]


@pytest.mark.parametrize(
    "fields", [["product", "product.name"], ["product.name", "product"]]
)
def test_a_related_row_takes_the_place_of_its_key(client, shop, person, fields):
    product = shop.add_item("products", name="Engine")
    shop.add_item("tickets", owner=person.id, product=product)
    ask = {"rule": own(person), "limit": 5}

    rows = client.list_items("tickets", fields=fields, **ask).rows
    assert rows == [{"product": {"name": "Engine"}}]
    both = client.list_items("tickets", fields=[*fields, "product.id"], **ask).rows
    assert both == [{"product": {"name": "Engine", "id": product}}]


@WITH_RULES
@pytest.mark.parametrize(
    "asked",
    [
        {"fields": ["secret"]},
        {"fields": ["owner.password"]},
        {"fields": ["product.price"]},
        {"fields": ["id"], "rule": {"secret": {"_eq": "s"}}},
        {"fields": ["id"], "rule": {"owner": {"password": {"_nnull": True}}}},
        {"fields": ["id"], "rule": {"product": {"price": {"_gt": 1}}}},
        {"fields": ["no_such_field"]},
    ],
)
def test_a_hidden_field_is_refused(client, ticket, asked):
    with pytest.raises(Forbidden):
        client.list_items("tickets", **{"rule": {}, "limit": 5} | asked)


@WITH_RULES
def test_version_10_sorts_by_hidden_fields(world, client, ticket):
    """So the order must not come from a visitor."""
    ask = {"fields": ["id"], "sort": ["secret"], "rule": {}, "limit": 5}

    if world.major == 10:
        assert client.list_items("tickets", **ask).rows == [{"id": ticket}]
    else:
        with pytest.raises(Forbidden):
            client.list_items("tickets", **ask)


@WITH_RULES
def test_an_unknown_collection_is_forbidden(client):
    with pytest.raises(Forbidden):
        client.list_items("no_such", fields=["id"], rule={}, limit=1)


def test_numbers_are_not_searched_as_text(client, person):
    asked = {"_and": [own(person), {"number": {"_icontains": "1"}}]}

    with pytest.raises(InvalidPayload) as refused:
        client.list_items("tickets", fields=["id"], rule=asked, limit=1)

    assert refused.value.code == "INVALID_QUERY"


def test_text_is_searched_in_any_case(client, person, ticket):
    asked = {"_and": [own(person), {"subject": {"_icontains": "mINE"}}]}

    rows = client.list_items("tickets", fields=["id"], rule=asked, limit=5).rows

    assert rows == [{"id": ticket}]


def test_a_malformed_key_must_not_be_sent(world, client, person):
    """PostgreSQL answers it with 500."""
    ask = {"fields": ["id"], "rule": rule(person, "no-uuid"), "limit": 1}

    if world.is_on_postgresql:
        with pytest.raises(CallFailed):
            client.list_items("tickets", **ask)
    else:
        assert client.list_items("tickets", **ask).rows == []


# Writing


def test_a_new_row_belongs_to_its_owner(client, shop, person):
    pk = client.create_item("tickets", {"subject": "New", "owner": person.id})

    (row,) = shop.items_of("tickets")
    assert (row["id"], row["owner"], row["subject"]) == (pk, person.id, "New")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:]{8}\.\d{3}Z", row["date_created"])
    assert row["date_updated"] is None


@WITH_RULES
def test_the_owner_is_filled_in(client, shop, person):
    client.create_item("tickets", {"subject": "New"})

    assert shop.items_of("tickets")[0]["owner"] == person.id


@WITH_RULES
def test_a_row_for_another_user_is_refused(client, shop, other):
    with pytest.raises(InvalidPayload) as refused:
        client.create_item("tickets", {"subject": "New", "owner": other.id})

    assert (refused.value.field, refused.value.kind) == ("owner", "eq")
    assert shop.items_of("tickets") == []


@WITH_RULES
@pytest.mark.parametrize("name", ["secret", "number", "date_created", "id"])
def test_a_field_that_is_not_allowed_is_refused(client, shop, name):
    with pytest.raises(Forbidden):
        client.create_item("tickets", {"subject": "New", name: None})

    assert shop.items_of("tickets") == []


@WITH_RULES
def test_the_owner_is_not_changed(client, person, other, shop, ticket):
    with pytest.raises(Forbidden):
        client.update_items("tickets", rule(person, ticket), {"owner": other.id})

    assert shop.items_of("tickets")[0]["owner"] == person.id


def test_the_own_row_is_changed(client, shop, person, ticket):
    keys = client.update_items("tickets", rule(person, ticket), {"subject": "New"})

    assert keys == [ticket]
    assert subjects(shop) == ["New"]


def test_a_row_of_another_user_is_not_changed(client, shop, person, ticket, foreign):
    keys = client.update_items("tickets", rule(person, foreign), {"subject": "New"})

    assert keys == []
    assert subjects(shop) == ["Mine", "Theirs"]


def test_only_the_owner_in_the_filter_keeps_the_site_from_it(
    client, shop, foreign, has_rules
):
    """Rules refuse it; the site's token writes it."""
    by_key = {"id": {"_eq": foreign}}

    if has_rules:
        with pytest.raises(Forbidden):
            client.update_items("tickets", by_key, {"subject": "New"})
        assert subjects(shop) == ["Theirs"]
    else:
        client.update_items("tickets", by_key, {"subject": "New"})
        assert subjects(shop) == ["New"]


@WITH_RULES
def test_a_filter_of_a_write_may_name_hidden_fields(client, shop, person, ticket):
    """So it must not come from a visitor."""
    for guess, keys in (("x", []), ("s", [ticket])):
        asked = rule(person, ticket, secret={"_eq": guess})
        assert client.update_items("tickets", asked, {"subject": "New"}) == keys


def test_the_time_of_the_last_change_guards_a_write(client, person, ticket):
    def change(condition):
        asked = rule(person, ticket, date_updated=condition)
        return client.update_items("tickets", asked, {"subject": "New"})

    def changed_at():
        names, mine = ["date_updated"], rule(person, ticket)
        page = client.list_items("tickets", fields=names, rule=mine, limit=1)
        return page.rows[0]["date_updated"]

    assert changed_at() is None
    assert change({"_null": True}) == [ticket]
    assert change({"_null": True}) == []
    seen = changed_at()
    assert change({"_eq": seen}) == [ticket]
    assert change({"_eq": "2020-01-01T00:00:00.000Z"}) == []


def test_own_rows_are_deleted_others_stay(client, shop, person, ticket, foreign):
    client.delete_items("tickets", rule(person, foreign))
    assert subjects(shop) == ["Mine", "Theirs"]

    client.delete_items("tickets", rule(person, ticket))
    client.delete_items("tickets", rule(person, ticket))
    assert subjects(shop) == ["Theirs"]


def test_a_deletion_reaches_a_hundred_rows(client, shop, person):
    for number in range(103):
        shop.add_item("tickets", owner=person.id, subject=str(number))

    client.delete_items("tickets", own(person))

    assert len(shop.items_of("tickets")) == 3


@WITH_RULES
def test_the_site_reads_and_deletes_rows_of_customers(world, shop, ticket, person):
    site = world.service()
    shop.add_item("tickets", subject="Without owner")
    shop.add_item("products", name="Engine")

    rows = site.list_items("tickets", fields=["subject"], rule={}, limit=5).rows
    assert rows == [{"subject": "Mine"}]
    assert site.list_items("products", fields=["id"], rule={}, limit=5).rows == []
    with pytest.raises(Forbidden):
        site.update_items("tickets", own(person), {"subject": "New"})
    with pytest.raises(Forbidden):
        site.create_item("tickets", {"subject": "New", "owner": person.id})
    site.delete_items("tickets", own(person))
    assert subjects(shop) == ["Without owner"]


# Refused values


def test_all_refusals_come_at_once(client, shop, person):
    values = {"owner": person.id, "phone": "030", "code": "a1"}

    with pytest.raises(InvalidPayload) as refused:
        client.create_item("tickets", values)

    errors = [refused.value, *refused.value.others]
    found = {(error.code, error.field, error.kind) for error in errors}
    code = "FAILED_VALIDATION"
    assert found == {(code, "phone", "regex"), (code, "code", "regex")}
    assert shop.items_of("tickets") == []


def test_a_value_that_is_taken(client, shop, person, other):
    shop.add_item("tickets", owner=other.id, code="A1")

    with pytest.raises(NotUnique) as refused:
        client.create_item("tickets", {"owner": person.id, "code": "A1"})

    assert refused.value.field == "code"


def test_a_related_row_that_is_not_there(world, client, person):
    with pytest.raises(InvalidPayload) as refused:
        client.create_item("tickets", {"owner": person.id, "product": 4711})

    assert refused.value.code == "INVALID_FOREIGN_KEY"
    assert refused.value.field == ("product" if world.is_on_postgresql else None)


def test_a_demanded_value_is_not_demanded(client, shop, person):
    client.create_item("tickets", {"owner": person.id})

    assert shop.items_of("tickets")[0]["subject"] is None


def test_a_long_value(world, client, shop, person):
    values = {"owner": person.id, "phone": "+" + "1" * 40}

    if world.is_on_postgresql:
        with pytest.raises(InvalidPayload) as refused:
            client.create_item("tickets", values)
        assert refused.value.code == "VALUE_TOO_LONG"
    else:
        client.create_item("tickets", values)
        assert shop.items_of("tickets")[0]["phone"] == values["phone"]


def test_an_object_in_a_relation(world, client, token, shop, person, has_rules):
    """Rules refuse it; with the site's token it rewrites the related row."""
    product = shop.add_item("products", name="Engine")
    nested = {"owner": person.id, "product": {"id": product, "name": "Cheap"}}

    reply = world.ask("POST", "/items/tickets", nested, token=token)

    assert reply.status == (403 if has_rules else 200)
    name = "Engine" if has_rules else "Cheap"
    assert shop.items_of("products")[0]["name"] == name
    with pytest.raises(ValueError, match="an object"):
        client.create_item("tickets", nested)


# Descriptions and rights


def test_the_site_reads_descriptions(world, shop):
    found = {row["field"]: row for row in world.service().describe_fields("tickets")}

    assert found["id"]["type"] == "uuid"
    assert found["subject"]["meta"]["required"] is True
    assert found["product"]["schema"]["foreign_key_table"] == "products"
    assert "date-updated" in found["date_updated"]["meta"]["special"]
    # No row of it may be read.
    names = {row["field"] for row in world.service().describe_fields("products")}
    assert {"id", "name"} <= names


def test_customers_read_no_descriptions(world, shop, person):
    with pytest.raises(Forbidden):
        world.as_owner_of(world.sign_in(person)).describe_fields("tickets")


@WITH_RULES
def test_the_site_reads_the_rules_of_a_collection(world, shop):
    rules = world.service().rules_of("tickets")

    own = {"owner": {"_eq": "$CURRENT_USER"}}
    assert {action for action, rule in rules if rule == own} >= {"read", "update"}


@pytest.mark.directus(11)
def test_what_a_customer_may_do_with_a_row(world, shop, person, other):
    client = world.as_owner_of(world.sign_in(person))
    keys = [
        shop.add_item("tickets", owner=each.id, subject="x") for each in (person, other)
    ]

    rights = [client.rights_on_item("tickets", key) for key in keys]

    assert rights == [{"update", "delete"}, set()]


def test_what_a_customer_may_do(world, shop, person):
    rights = world.as_owner_of(world.sign_in(person)).own_rights()

    if world.major == 10:
        assert rights is None
    elif world.major == 11:
        assert rights["tickets"].keys() == {"create", "read", "update", "delete"}
        assert rights["products"] == {"read": {"id", "name"}}
    else:
        assert "tickets" not in rights
