"""What names a row is plain text, whatever its field holds."""

import html
import re

import pytest

from . import shop

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("token")]
MOMENT = "1 November 2026, 22:30"
TITLES = [
    ("date_created", "2026-11-01T22:30:00.000Z", MOMENT),
    ("reply", "**Bold** & [a link](https://example.com/)", "Bold & a link"),
    ("description", 'One "two"\n\n<b>three</b>', 'One "two" <b>three</b>'),
    ("status", "open", "Open"),
    ("product", 1, "Boat"),
    ("product.name", 1, "Boat"),
]


@pytest.fixture(params=TITLES, ids=[name for name, _value, _text in TITLES])
def titled(request, directus, ada, monkeypatch):
    """The key of a row that a field names, and its name."""
    name, value, title = request.param
    monkeypatch.setitem(vars(shop.tickets), "title_field", name)
    names = [*shop.tickets.read_fields, name]
    monkeypatch.setitem(vars(shop.tickets), "read_fields", names)
    directus.add_item("products", name="Boat")
    values = {name.partition(".")[0]: value}
    return directus.add_item("tickets", owner=ada.id, **values), title


def heading(page):
    return words(re.search(r"<h1>(.*?)</h1>", page.text, re.DOTALL)[1])


def words(markup):
    """Return a text without elements as a browser shows it."""
    assert "<" not in markup
    return " ".join(html.unescape(markup).split())


def test_pages_of_the_row_have_it_as_heading_and_title(signed_in_client, titled):
    pk, title = titled

    detail = signed_in_client.get(f"/tickets/{pk}/")
    question = signed_in_client.get(f"/tickets/{pk}/delete/")

    assert heading(detail) == title
    assert heading(question) == f"Delete {title}?"
    for page in (detail, question):
        in_tab = re.search(r"<title>(.*?)</title>", page.text, re.DOTALL)[1]
        assert title in words(in_tab)


def test_the_message_after_a_deletion_has_it(signed_in_client, titled):
    pk, title = titled

    page = signed_in_client.post(f"/tickets/{pk}/delete/", follow=True)

    (message,) = re.findall(r"(Deleted: [^<]*)</div>", page.text)
    assert words(message) == f"Deleted: {title}"


def test_the_checkbox_in_the_list_is_called_by_it(signed_in_client, titled):
    page = signed_in_client.get("/tickets/").text

    (label,) = re.findall(r'aria-label="(Select [^"]*)">', page)
    assert words(label) == f"Select {titled[1]}"


def test_a_download_has_the_columns_of_the_list_alone(signed_in_client, titled):
    lines = signed_in_client.get("/tickets/csv/").getvalue().decode().splitlines()

    assert lines[0].count(",") == len(shop.tickets.list_fields) - 1
