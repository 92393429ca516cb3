"""Forms: what the operator demands is enforced, and Directus' refusals are shown."""

import pytest

from items.collection import Choices, Collection

from .attacks import NAMES_OF_VALUES

pytestmark = pytest.mark.django_db

ENGINES = 3
SEARCH = {"search-in": "product"}


@pytest.fixture
def products(directus):
    """A few products to choose from."""
    return [directus.add_item("products", name=f"Engine {n}") for n in range(ENGINES)]


def new(browser, **values):
    return browser.post("/tickets/new/", {"subject": "Help"} | values)


def errors_of(page):
    assert page.status_code == 200, page
    return page.context["form"].errors


def stored(directus):
    return directus.items_of("tickets")


# Rules of the operator


def test_a_required_value_of_a_new_row_is_demanded(signed_in_client, directus):
    page = new(signed_in_client, subject="")

    assert errors_of(page) == {"subject": ["Enter a value."]}
    assert stored(directus) == []


def test_a_required_value_that_was_always_missing_stops_no_other_change(
    signed_in_client, directus, ada
):
    pk = directus.add_item("tickets", owner=ada.id, subject=None)

    signed_in_client.post(
        f"/tickets/{pk}/edit/", {"subject": "", "description": "More"}
    )

    assert stored(directus)[0]["description"] == "More"


def test_a_text_is_as_long_as_its_column(signed_in_client, change):
    change("subject", schema={"max_length": 5})

    assert (
        "at most 5" in errors_of(new(signed_in_client, subject="x" * 6))["subject"][0]
    )


def test_a_new_row_begins_with_the_defaults(signed_in_client, change, directus):
    change("subject", schema={"default_value": "Help me"})

    page = signed_in_client.get("/tickets/new/")

    assert page.context["form"]["subject"].value() == "Help me"


def test_hidden_fields_are_not_asked(signed_in_client, change, directus):
    change("description", hidden=True)

    page = new(signed_in_client, description="x")

    assert page.status_code == 302
    assert stored(directus)[0]["description"] is None


CONDITION = {"rule": {"_and": [{"subject": {"_eq": "Return"}}]}, "required": True}


def test_a_condition_makes_a_field_required(signed_in_client, change):
    change("description", conditions=[CONDITION])

    assert new(signed_in_client, subject="Other").status_code == 302
    page = new(signed_in_client, subject="Return")
    assert errors_of(page) == {"description": ["Enter a value."]}
    assert page.context["form"]["description"].label == "Description"


def test_a_change_that_makes_a_field_required_demands_it(
    signed_in_client, change, directus, ada
):
    change("description", conditions=[CONDITION])
    pk = directus.add_item("tickets", owner=ada.id, subject="Other")

    page = signed_in_client.post(
        f"/tickets/{pk}/edit/", {"subject": "Return", "description": ""}
    )

    assert "description" in errors_of(page)


def test_a_condition_drops_what_it_hides_and_its_errors(
    signed_in_client, change, directus
):
    hides = {"rule": {"subject": {"_neq": "Return"}}, "hidden": True}
    change("description", conditions=[hides], required=True)

    assert new(signed_in_client, description="x").status_code == 302
    assert stored(directus)[0]["description"] is None
    assert "description" in errors_of(new(signed_in_client, subject="Return"))


def test_a_condition_locks_a_field(signed_in_client, change, directus, ada):
    locks = {"rule": {"subject": {"_contains": "closed"}}, "readonly": True}
    change("description", conditions=[locks])
    pk = directus.add_item("tickets", owner=ada.id, subject="closed", description="x")

    page = signed_in_client.post(
        f"/tickets/{pk}/edit/", {"subject": "closed", "description": "y"}
    )

    assert "description" in errors_of(page)


def test_a_condition_on_a_field_outside_the_form_is_decided_at_once(
    signed_in_client, change, directus, ada
):
    locks = {"rule": {"status": {"_eq": "answered"}}, "readonly": True}
    change("description", conditions=[locks])
    pk = directus.add_item(
        "tickets", owner=ada.id, subject="a", status="answered", description="<b>"
    )

    page = signed_in_client.post(
        f"/tickets/{pk}/edit/", {"subject": "b", "description": "y"}
    )

    assert page.status_code == 302
    assert stored(directus)[0]["description"] == "<b>"
    shown = signed_in_client.get(f"/tickets/{pk}/edit/").text
    assert "&lt;b&gt;" in shown
    assert 'name="description"' not in shown


def test_groups_are_fieldsets(signed_in_client, change, tickets):
    tickets.fields["about"] = tickets.fields["subject"] | {
        "field": "about",
        "type": "alias",
        "schema": None,
        "meta": {"interface": "group-detail", "special": ["alias", "no-data", "group"]},
    }
    change("subject", group="about")
    change("description", group="about")

    page = signed_in_client.get("/tickets/new/")

    legends = [each.legend for each in page.context["form"].sections]
    assert legends == ["About", ""]
    assert page.text.count("<legend>") == 1


def test_html_of_an_operator_is_shown_and_not_edited(
    signed_in_client, change, directus, ada
):
    change("description", interface="input-rich-text-html")
    pk = directus.add_item(
        "tickets", owner=ada.id, subject="a", description="<b>x</b><script>y</script>"
    )

    page = signed_in_client.get(f"/tickets/{pk}/edit/").text

    assert "<b>x</b>" in page
    assert "<script>y" not in page
    assert 'name="description"' not in page


# Refusals of Directus


def test_all_refusals_are_shown_at_their_fields(signed_in_client, change):
    change("subject", validation={"_regex": "^T"}, validation_message="Begin with T.")
    change("description", validation={"_regex": "^D"})

    found = errors_of(new(signed_in_client, subject="x", description="y"))

    assert found["subject"] == ["Begin with T."]
    assert found["description"] == ["This value can't be used. Enter a different one."]


@pytest.mark.parametrize(
    ("facts", "field", "text"),
    [
        ({"code": "VALUE_TOO_LONG", "field": "subject"}, "__all__", "too long"),
        ({"code": "VALUE_OUT_OF_RANGE", "field": "subject"}, "subject", "too large"),
        ({"code": "INVALID_FOREIGN_KEY", "field": None}, "__all__", "no longer exists"),
        ({"code": "RECORD_NOT_UNIQUE", "field": "subject"}, "subject", "in use"),
        ({"code": "RECORD_NOT_UNIQUE", "field": "number"}, "__all__", "in use"),
        (
            {"code": "FAILED_VALIDATION", "field": "subject", "type": "required"},
            "subject",
            "can't be used",
        ),
        ({"code": "FAILED_VALIDATION", "field": "owner"}, "__all__", "can't be used"),
    ],
)
def test_a_refusal_is_shown(signed_in_client, directus, facts, field, text):
    signed_in_client.get("/tickets/new/")
    answer = {"errors": [{"message": "secret", "extensions": facts}]}
    directus.answers(400, answer, path="/items/tickets", method="POST")

    found = errors_of(new(signed_in_client))

    assert list(found) == [field]
    assert text in found[field][0]


# Related rows


def test_a_related_row_is_chosen_by_its_name(
    token, signed_in_client, directus, products
):
    page = signed_in_client.get("/tickets/new/")
    assert "Engine 2</option>" in page.text

    new(signed_in_client, product=str(products[1]))

    assert stored(directus)[0]["product"] == products[1]


@pytest.mark.parametrize("meta", [{"hidden": True}, {"special": ["conceal"]}])
def test_rows_are_labelled_by_the_first_text_that_may_be_seen(
    signed_in_client, directus, products, meta
):
    collection = directus.state.collections["products"]
    name = collection.fields.pop("name")
    collection.fields |= {
        "note": name | {"field": "note", "meta": meta},
        "city": name | {"field": "city"},
    }
    collection.rights = {"read": frozenset({"id", "note", "city"})}
    for row in collection.rows:
        row |= {"note": "Hidden", "city": "Rome"}

    page = signed_in_client.get("/tickets/new/").text

    assert "Rome</option>" in page
    assert "Hidden" not in page


def test_the_choices_are_one_call(signed_in_client, directus, products):
    signed_in_client.get("/tickets/new/")
    directus.forget_calls()

    signed_in_client.get("/tickets/new/")
    assert [call.path for call in directus.calls] == ["/items/products"]
    directus.forget_calls()
    new(signed_in_client, product=str(products[1]))
    paths = [call.path for call in directus.calls]
    assert paths == ["/items/products", "/items/tickets"]


@pytest.mark.parametrize(
    "forged", ["999", "abc", "-1", "1 or 1", "99999999999", "\0", "[1]", "1.0"]
)
def test_a_forged_key_is_refused(token, signed_in_client, directus, products, forged):
    found = errors_of(new(signed_in_client, product=forged))

    assert list(found) == ["product"]
    assert stored(directus) == []


@pytest.fixture
def only_the_first(monkeypatch, products):
    rule = {"name": {"_eq": "Engine 0"}}
    choices = {"product": Choices(rule=rule)}
    from tests.items import shop

    monkeypatch.setitem(shop.tickets.__dict__, "choices", choices)


def test_a_key_that_the_declaration_leaves_out_is_refused(
    token, signed_in_client, directus, products, only_the_first
):
    page = signed_in_client.get("/tickets/new/").text
    assert "Engine 0" in page
    assert "Engine 1" not in page

    assert "product" in errors_of(new(signed_in_client, product=str(products[1])))
    assert new(signed_in_client, product=str(products[0])).status_code == 302


@pytest.fixture
def declared_products(monkeypatch, directus):
    """Let products be a collection of customers, too."""
    from items import collection

    monkeypatch.setattr(collection, "declared", dict(collection.declared))
    monkeypatch.setattr("items.relations.declared", collection.declared)
    collection.declared["products"] = Collection("products", "maker", ["name"])
    found = directus.state.collections["products"]
    found.fields["maker"] = found.fields["name"] | {"field": "maker"}
    found.rights = {"read": frozenset({"id", "name", "maker"})}


def test_rows_of_other_customers_cannot_be_chosen(
    token, signed_in_client, directus, ada, bob, declared_products
):
    own = directus.add_item("products", name="Own", maker=ada.id)
    other = directus.add_item("products", name="Other", maker=bob.id)

    page = signed_in_client.get("/tickets/new/").text

    assert "Own</option>" in page
    assert "Other</option>" not in page
    assert "product" in errors_of(new(signed_in_client, product=str(other)))
    assert new(signed_in_client, product=str(own)).status_code == 302


@pytest.fixture
def many(directus):
    return [directus.add_item("products", name=f"Part {n:03}") for n in range(103)]


def test_many_rows_are_searched_and_what_was_typed_is_kept(
    signed_in_client, directus, many
):
    page = signed_in_client.get("/tickets/new/").text
    assert 'name="product-search"' in page
    assert "Part 102" not in page
    typed = {"subject": "", "description": "Kept", "product-search": "102"}

    page = new(signed_in_client, **typed, **SEARCH)

    assert page.context["form"].errors == {}
    assert "Part 102</option>" in page.text
    assert "Part 001" not in page.text
    assert "Kept" in page.text
    assert stored(directus) == []
    chosen = {"product": str(many[102]), "product-search": "102"}
    assert new(signed_in_client, **chosen, **{"product-searched": "102"})["Location"]
    assert stored(directus)[0]["product"] == many[102]


def test_a_limit_of_directus_cuts_the_choices(signed_in_client, directus, many):
    directus.state.query_limit_max = 50

    page = signed_in_client.get("/tickets/new/").text

    assert "Part 048" in page
    assert "Part 049" not in page
    assert 'name="product-search"' in page


def test_enter_in_the_search_searches(signed_in_client, directus, many):
    page = new(signed_in_client, **{"product-search": "50", "product-searched": ""})

    assert "Part 050" in page.text
    assert stored(directus) == []


def test_a_search_without_result_says_so(signed_in_client, many):
    page = new(signed_in_client, **{"product-search": "\0%_'\""}, **SEARCH)

    assert "Nothing found." in page.text


@pytest.mark.parametrize("text", NAMES_OF_VALUES)
def test_a_search_for_the_name_of_a_value_is_one_for_the_text(
    signed_in_client, directus, many, text
):
    directus.add_item("products", name=f"Part {text}")

    page = new(signed_in_client, search="product", **{"product-search": text})

    assert f"Part {text}</option>" in page.text
    assert "Part 001" not in page.text


def test_an_outage_keeps_the_choice(signed_in_client, directus, products):
    signed_in_client.get("/tickets/new/")
    directus.is_down()

    page = new(signed_in_client, product=str(products[1]))

    assert page.status_code == 503
    assert f'value="{products[1]}" selected' in page.text


def test_the_present_row_is_offered_and_kept_although_it_is_left_out(
    signed_in_client, directus, ada, products, tickets, monkeypatch, only_the_first
):
    from tests.items import shop

    monkeypatch.setitem(shop.tickets.__dict__, "update_fields", ["subject", "product"])
    monkeypatch.delitem(shop.tickets.__dict__, "read_fields", raising=False)
    tickets.rights["update"] |= {"product"}
    pk = directus.add_item("tickets", owner=ada.id, subject="a", product=products[2])

    page = signed_in_client.get(f"/tickets/{pk}/edit/").text
    assert f'value="{products[2]}" selected' in page
    assert "Engine 2" in page
    answer = signed_in_client.post(
        f"/tickets/{pk}/edit/", {"subject": "b", "product": str(products[2])}
    )

    assert answer.status_code == 302
    assert stored(directus)[0]["product"] == products[2]
    signed_in_client.post(f"/tickets/{pk}/edit/", {"subject": "b", "product": ""})
    assert stored(directus)[0]["product"] is None
    monkeypatch.delitem(shop.tickets.__dict__, "read_fields", raising=False)


def test_a_related_row_is_shown_by_its_label(signed_in_client, directus, ada, products):
    pk = directus.add_item("tickets", owner=ada.id, subject="a", product=products[2])

    page = signed_in_client.get(f"/tickets/{pk}/").text

    assert "Engine 2" in page
    assert "<dt>Product</dt>" in " ".join(page.split())
