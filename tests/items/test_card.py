"""The card with the first of a customer's rows."""

import re

import pytest

from dashboard.cards import ItemsCard

from .shop import tickets

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("token")]


class OpenTickets(ItemsCard):
    title = "Open tickets"
    collection = tickets
    title_field = "subject"
    note_fields = ("status", "date_created")
    rules = ({"status": {"_eq": "open"}},)
    ordering = ("-date_created",)
    size = 2
    empty_text = "No open tickets."


@pytest.fixture(autouse=True)
def _one_card(settings):
    settings.DASHBOARD_CARDS = [f"{__name__}.OpenTickets"]


def test_it_shows_own_open_rows_with_one_call(signed_in_client, directus, ada, bob):
    for number in range(3):
        directus.add_item(
            "tickets", owner=ada.id, subject=f"Mine {number}", status="open"
        )
    directus.add_item("tickets", owner=ada.id, subject="Done", status="answered")
    directus.add_item("tickets", owner=bob.id, subject="Theirs", status="open")
    signed_in_client.get("/")
    directus.forget_calls()

    page = signed_in_client.get("/").text

    assert [call.path for call in directus.calls] == ["/items/tickets"]
    assert page.count("Mine ") == OpenTickets.size
    # The list has others, too.
    assert "Show all" in page
    assert "Show all 3" not in page
    assert "Done" not in page
    assert "Theirs" not in page


def test_the_number_is_that_of_the_list(signed_in_client, directus, ada, monkeypatch):
    for status in ("open", "answered", "open"):
        directus.add_item("tickets", owner=ada.id, subject="Mine", status=status)
    monkeypatch.setattr(OpenTickets, "rules", ())
    assert "Show all 3" in signed_in_client.get("/").text

    def choose(card, items):
        return items[:1]

    monkeypatch.setattr(OpenTickets, "choose", choose)
    assert not re.search(r"Show all \d", signed_in_client.get("/").text)


def test_without_rows_it_says_so(signed_in_client):
    assert "No open tickets." in signed_in_client.get("/").text


def test_a_row_leads_to_its_page(signed_in_client, directus, ada):
    pk = directus.add_item("tickets", owner=ada.id, subject="<b>Me</b>", status="open")

    page = signed_in_client.get("/").text

    assert f'href="/tickets/{pk}/"' in page
    assert "&lt;b&gt;Me&lt;/b&gt;" in page


def test_a_link_to_a_row_has_no_markup_in_it(
    signed_in_client, directus, ada, monkeypatch
):
    monkeypatch.setattr(OpenTickets, "title_field", "reply")
    reply = "**See** [this](https://example.com/)"
    pk = directus.add_item("tickets", owner=ada.id, reply=reply, status="open")

    page = signed_in_client.get("/").text

    assert f'<a href="/tickets/{pk}/">See this</a>' in page
