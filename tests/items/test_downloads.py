"""The CSV file: the customer's own rows, as filtered, harmless to spreadsheets."""

import csv
import io
import logging

import pytest

from accounts.directus import DirectusUnavailable
from items import downloads
from tests.fake_directus.collections import described

from . import shop

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("token")]


def lines(response, delimiter=","):
    """Return the cells of a download."""
    text = b"".join(response.streaming_content).decode()
    assert text.startswith("\ufeff")
    return list(csv.reader(io.StringIO(text[1:], newline=""), delimiter=delimiter))


def test_own_rows_are_downloaded_in_words(signed_in_client, directus, ada, bob):
    directus.add_item(
        "tickets",
        owner=ada.id,
        number=-7,
        subject="Mine, and\nhere",
        status="open",
        date_created="2026-11-30T10:00:00.123Z",
    )
    directus.add_item("tickets", owner=bob.id, subject="Theirs")

    answer = signed_in_client.get("/tickets/csv/")

    assert lines(answer) == [
        ["Number", "Subject", "Status", "Date created (UTC)"],
        ["-7", "Mine, and\nhere", "Open", "2026-11-30 10:00:00"],
    ]
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"].startswith('attachment; filename="Tickets-20')
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "no-store" in answer["Cache-Control"]


def test_it_has_the_filters_and_the_order_of_the_page(signed_in_client, directus, ada):
    for number in range(5):
        state = "open" if number % 2 else "answered"
        directus.add_item("tickets", owner=ada.id, number=number, status=state)
    page = signed_in_client.get("/tickets/?status=answered&sort=-number")

    answer = signed_in_client.get(page.context["csv_link"])

    assert [line[0] for line in lines(answer)[1:]] == ["4", "2", "0"]


def test_languages_have_their_separators_and_labels(signed_in_client, directus, ada):
    directus.state.collections["tickets"].fields["number"]["type"] = "decimal"
    directus.add_item("tickets", owner=ada.id, number=1.5, subject="a")
    user = signed_in_client.get("/tickets/").context["user"]
    user.language = "de-DE"
    user.save()

    answer = signed_in_client.get("/tickets/csv/")

    assert lines(answer, ";")[1][:2] == ["1,5", "a"]


PRODUCT = {
    "size": {
        "type": "string",
        "interface": "select-dropdown",
        "options": {"choices": [{"text": "=Large", "value": "l"}]},
    },
    "since": "timestamp",
    "weight": "decimal",
    "is_sold": "boolean",
    "tags": "json",
    "secret": {"type": "string", "special": ["conceal"]},
}


@pytest.fixture
def described_product(directus, tickets, ada, monkeypatch):
    """Show fields of a product, which has all kinds, and return it."""
    products = directus.state.collections["products"]
    for name, shape in PRODUCT.items():
        shape = {"type": shape} if isinstance(shape, str) else shape
        products.fields[name] = described("products", name, **shape)
    if products.rights:
        products.rights = {"read": frozenset({"id", "name", *PRODUCT})}
    paths = ["subject", "product", *(f"product.{name}" for name in PRODUCT)]
    monkeypatch.setitem(vars(shop.tickets), "list_fields", paths)
    pk = directus.add_item("products", name="+Boat", size="l", since=NIGHT, weight=1.5)
    for subject, product, created in (("a", pk, NIGHT), ("b", None, None)):
        values = {"subject": subject, "product": product, "date_created": created}
        directus.add_item("tickets", owner=ada.id, **values)
    found = directus.state.collections["products"].rows[0]
    found |= {"is_sold": False, "tags": ["-x", "y"], "secret": "**********"}
    return found


NIGHT = "2026-11-30T23:30:00Z"


def test_fields_of_related_rows_are_as_on_the_page(
    signed_in_client, directus, described_product
):
    user = signed_in_client.get("/tickets/").context["user"]
    user.language, user.time_zone = "de-DE", "Asia/Tokyo"
    user.save()

    head, cells, without = lines(signed_in_client.get("/tickets/csv/"), ";")

    page = signed_in_client.get("/tickets/")
    labels = [column.label for column in page.context["columns"]]
    assert labels[1:3] == ["Product", "Product: Size"]
    labels[3] += " (Asia/Tokyo)"
    assert head == labels
    assert cells[1:3] == ["'+Boat", "'=Large"]
    assert cells[3:] == ["2026-12-01 08:30:00", "1,5", "Nein", "'-x, y", ""]
    assert without == ["b", *[""] * 7]


def test_a_template_labels_related_rows(
    signed_in_client, tickets, described_product, change
):
    change("product", options={"template": "{{name}} ({{size}})"})

    _head, cells, _without = lines(signed_in_client.get("/tickets/csv/"))

    assert cells[1] == "'+Boat (l)"


def test_json_is_json(signed_in_client, described_product):
    described_product["tags"] = {"=a": ["x", {"b": None}]}

    _head, cells, _without = lines(signed_in_client.get("/tickets/csv/"))

    assert cells[6] == '{"=a": ["x", {"b": null}]}'


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+1", "-1+1", "@x", "\t=1", "\r=1", "\n=1", "\uff1d1", '=HYPERLINK("x")'],
)
def test_formulas_are_texts(signed_in_client, directus, ada, text):
    directus.add_item("tickets", owner=ada.id, subject=text, number="-1+1")

    (_head, cells) = lines(signed_in_client.get("/tickets/csv/"))

    assert cells[:2] == ["'-1+1", f"'{text}"]


def test_it_is_read_page_by_page(signed_in_client, directus, ada, monkeypatch):
    monkeypatch.setattr(downloads, "ROWS_AT_ONCE", 2)
    monkeypatch.setattr(downloads, "MOST_ROWS", 5)
    for number in range(9):
        directus.add_item("tickets", owner=ada.id, number=number)
    signed_in_client.get("/tickets/")
    directus.forget_calls()

    answer = signed_in_client.get("/tickets/csv/")
    assert limits_in(directus) == [("2", "0")]
    assert len(lines(answer)) == 6
    assert limits_in(directus) == [("2", "0"), ("2", "2"), ("1", "4")]


def limits_in(directus):
    calls = [call for call in directus.calls if call.path == "/items/tickets"]
    return [(call.query["limit"], call.query["offset"]) for call in calls]


def test_a_limit_of_directus_is_kept(signed_in_client, directus, ada, monkeypatch):
    limit = lambda client: 3  # noqa: E731
    monkeypatch.setattr("accounts.core.clients.page_size", limit)
    for number in range(4):
        directus.add_item("tickets", owner=ada.id, number=number)
    signed_in_client.get("/tickets/")
    directus.forget_calls()

    assert len(lines(signed_in_client.get("/tickets/csv/"))) == 5
    assert limits_in(directus) == [("3", "0"), ("3", "3"), ("3", "4")]


def test_the_page_says_the_limit(signed_in_client, directus, ada, monkeypatch):
    monkeypatch.setattr("items.listing.MOST_ROWS", 1)
    for number in range(2):
        directus.add_item("tickets", owner=ada.id, number=number)

    page = signed_in_client.get("/tickets/").content.decode()

    assert "Only the first 1 entries" in page


def test_a_row_that_moves_to_the_next_page_is_not_repeated(
    signed_in_client, directus, ada, monkeypatch
):
    monkeypatch.setattr(downloads, "ROWS_AT_ONCE", 2)
    for day in (1, 2, 3):
        created = f"2026-11-0{day}T00:00:00Z"
        directus.add_item("tickets", owner=ada.id, number=day, date_created=created)

    answer = signed_in_client.get("/tickets/csv/")
    new = "2026-11-09T00:00:00Z"
    directus.add_item("tickets", owner=ada.id, number=9, date_created=new)

    assert [line[0] for line in lines(answer)[1:]] == ["3", "2", "1"]


def test_an_outage_at_the_beginning_is_a_page(signed_in_client, directus):
    signed_in_client.get("/tickets/")
    directus.is_down()

    assert signed_in_client.get("/tickets/csv/").status_code == 503


def test_a_later_outage_breaks_it_off(
    signed_in_client, directus, ada, monkeypatch, caplog
):
    monkeypatch.setattr(downloads, "ROWS_AT_ONCE", 2)
    for number in range(5):
        directus.add_item("tickets", owner=ada.id, number=number)
    answer = signed_in_client.get("/tickets/csv/")
    directus.is_down()

    with pytest.raises(DirectusUnavailable):
        lines(answer)

    assert "The download of tickets stopped after 2 rows" in caplog.text


def test_a_slow_one_ends(signed_in_client, directus, ada, monkeypatch):
    monkeypatch.setattr(downloads, "ROWS_AT_ONCE", 2)
    clock = iter([0, 0, *[500] * 9])
    monkeypatch.setattr(downloads, "monotonic", lambda: next(clock))
    for number in range(5):
        directus.add_item("tickets", owner=ada.id, number=number)

    answer = signed_in_client.get("/tickets/csv/")

    with pytest.raises(DirectusUnavailable):
        lines(answer)


def test_it_is_in_the_log_without_values(signed_in_client, caplog):
    with caplog.at_level(logging.INFO, "accounts.audit"):
        signed_in_client.get("/tickets/csv/?q=secret")

    (line,) = [r for r in caplog.records if r.getMessage() == "items.downloaded"]
    assert line.collection == "tickets"
    assert "secret" not in str(vars(line))


def test_a_visitor_signs_in_first(client):
    assert client.get("/tickets/csv/").url == "/login/?next=/tickets/csv/"


def test_a_list_without_it_has_no_address(rf):
    from items.urls import item_paths

    class Plain(shop.TicketList):
        has_csv = False

    names = {path.name for path in item_paths("tickets", shop.tickets, Plain)}
    assert "tickets_list" in names
    assert "tickets_csv" not in names
