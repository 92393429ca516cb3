"""The card with the first of a customer's rows."""

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
    assert "Show all 3" in page
    assert "Done" not in page
    assert "Theirs" not in page


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
