"""Filters for fields that point at rows of another collection."""

import pytest

from items.collection import Choices

from . import shop
from .attacks import NAMES_OF_VALUES

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("token", "by_product")]


@pytest.fixture
def by_product(monkeypatch):
    """Let the list have filters for the product and its price."""
    monkeypatch.setattr(shop.TicketList, "filter_fields", ("product", "product.price"))


@pytest.fixture
def add(directus, tickets, ada):
    """Return a function that adds a product, and a ticket of Ada about it."""
    products = directus.state.collections["products"]
    if products.rights:
        products.rights = {"read": frozenset({"id", "name", "price"})}

    def add(name, **values):
        pk = directus.add_item("products", name=name, **values)
        directus.add_item("tickets", owner=ada.id, subject=f"On {name}", product=pk)
        return pk

    return add


@pytest.fixture
def lots(directus):
    """More products than a select holds."""
    for number in range(120):
        directus.add_item("products", name=f"Part {number:03}")


def subjects(page):
    return {row["subject"] for row in page.context["object_list"]}


def select(page):
    return page.context["filter_form"].fields["product"]


def test_related_rows_are_choices(signed_in_client, add):
    boat, sail = add("Boat"), add("Sail")

    page = signed_in_client.get(f"/tickets/?product={boat}")

    assert subjects(page) == {"On Boat"}
    offered = [("", "All"), (str(boat), "Boat"), (str(sail), "Sail")]
    assert select(page).choices == offered
    assert "Filters\n        (1)" in page.text


def test_it_costs_one_call(signed_in_client, add, directus):
    boat = add("Boat")
    signed_in_client.get("/tickets/")
    for query in ("", f"?product={boat}", f"?product={boat}&product-search=x"):
        directus.forget_calls()

        signed_in_client.get(f"/tickets/{query}")

        paths = sorted(call.path for call in directus.calls)
        assert paths == ["/items/products", "/items/tickets"]


@pytest.mark.parametrize(
    "value", ["999", "x", "-1", "1 or 1=1", "$CURRENT_USER", "{}", "9" * 40, "\0", "٣"]
)
def test_a_wrong_value_is_said_at_the_filter(signed_in_client, add, value):
    add("Boat")

    page = signed_in_client.get("/tickets/", {"product": value})

    assert page.status_code == 200
    assert page.context["filter_form"].errors["product"]
    assert subjects(page) == {"On Boat"}


@pytest.mark.parametrize(
    "query", ["product__name=Boat", "product.name=Boat", "product[name]=Boat"]
)
def test_names_come_from_the_view_alone(signed_in_client, add, directus, query):
    add("Boat")
    add("Sail")

    page = signed_in_client.get(f"/tickets/?{query}")

    assert subjects(page) == {"On Boat", "On Sail"}


def test_more_rows_are_searched(signed_in_client, add, lots):
    add("Boat")
    page = signed_in_client.get("/tickets/")
    assert len(select(page).choices) == 101
    assert "There are more than these. Search for others." in page.text

    page = signed_in_client.get("/tickets/?product-search=part 11")
    offered = [text for _key, text in select(page).choices]
    assert offered == ["All", *(f"Part {number}" for number in range(110, 120))]


def test_a_limit_of_directus_cuts_the_choices(signed_in_client, add, lots, directus):
    directus.state.query_limit_max = 50
    add("Boat")

    page = signed_in_client.get("/tickets/")
    assert len(select(page).choices) == 50
    assert "There are more than these. Search for others." in page.text

    page = signed_in_client.get("/tickets/?product-search=part 11")
    assert len(select(page).choices) == 11
    assert "There are more than these" not in page.text


def test_a_choice_of_a_search_stays_on_other_pages(signed_in_client, add, lots):
    rudder = add("Rudder")
    query = f"product={rudder}&product-search=rud"

    page = signed_in_client.get(f"/tickets/?{query}")

    assert subjects(page) == {"On Rudder"}
    assert query in page.context["view"].link(page=2)


def test_a_new_search_keeps_what_is_chosen(signed_in_client, add, lots):
    rudder = add("Rudder")

    page = signed_in_client.get(f"/tickets/?product={rudder}&product-search=Part 00")

    assert subjects(page) == {"On Rudder"}
    assert len(select(page).choices) == 12


def test_a_search_without_result_says_so(signed_in_client, add, lots):
    page = signed_in_client.get("/tickets/?product-search=xyz")

    assert "Nothing found." in page.text


@pytest.mark.parametrize("text", NAMES_OF_VALUES)
def test_a_search_for_the_name_of_a_value_is_one_for_the_text(
    signed_in_client, add, directus, text
):
    add(f"Part {text}")

    page = signed_in_client.get("/tickets/", {"product-search": text})

    assert [label for _key, label in select(page).choices] == ["All", f"Part {text}"]


def test_the_rule_of_the_declaration_holds(signed_in_client, add, monkeypatch):
    boat, _sail = add("Boat", price=5), add("Sail", price=0)
    costly = Choices(rule={"price": {"_gt": 0}})
    monkeypatch.setitem(shop.tickets.choices, "product", costly)

    page = signed_in_client.get("/tickets/?product=2")

    assert select(page).choices == [("", "All"), (str(boat), "Boat")]
    assert page.context["filter_form"].errors["product"]


def test_the_download_has_the_same_rows(signed_in_client, add):
    boat = add("Boat")
    add("Sail")

    answer = signed_in_client.get(f"/tickets/csv/?product={boat}")

    text = b"".join(answer.streaming_content).decode()
    assert "On Boat" in text
    assert "On Sail" not in text


def test_a_field_of_the_related_row_has_a_filter(signed_in_client, add):
    add("Boat", price=5)
    add("Sail", price=9)

    page = signed_in_client.get("/tickets/?product.price__max=6")

    assert subjects(page) == {"On Boat"}
    assert "Product: Price" in page.text


@pytest.mark.parametrize(
    "name", ["owner", "owner.email", "product.name", "nothing", "product.x", "a.b.c"]
)
def test_other_names_have_no_filter(signed_in_client, add, monkeypatch, name):
    monkeypatch.setattr(shop.TicketList, "filter_fields", (name,))
    add("Boat")

    page = signed_in_client.get(f"/tickets/?{name}=1")

    assert subjects(page) == {"On Boat"}
    assert page.context["filter_form"].filters == []


def test_rows_that_may_not_be_read_are_no_choices(
    signed_in_client, add, directus, token, caplog, monkeypatch
):
    monkeypatch.setattr(shop.TicketList, "filter_fields", ("product",))
    add("Boat")
    directus.state.collections["products"].rights = {}

    page = signed_in_client.get("/tickets/")

    # The site's token reads all rows.
    is_site = token == "site"
    assert bool(page.context["filter_form"].filters) == is_site
    assert ("There is no filter for product" in caplog.text) != is_site


def test_an_outage_of_the_choices_is_one_of_the_page(signed_in_client, add, directus):
    add("Boat")
    signed_in_client.get("/tickets/")
    directus.answers(503, {}, path="/items/products", times=9)

    assert signed_in_client.get("/tickets/").status_code == 503
