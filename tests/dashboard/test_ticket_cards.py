"""The cards about tickets on the home page."""

import re
from itertools import count

import pytest

from dashboard import tickets

pytestmark = pytest.mark.django_db
ANSWERS = 'aria-labelledby="card-2"'
TYPES = {
    "subject": "string",
    "status": "string",
    "reply": "text",
    "date_created": {"type": "timestamp", "special": ["date-created"]},
}


@pytest.fixture
def add(directus, add_declared, ada):
    """Return a function that adds a ticket of Ada, a minute after the last one."""
    add_declared(tickets.tickets, key_type="integer", **TYPES)
    minutes = count()

    def add(subject, status="open", **values):
        values |= {"owner": ada.id, "subject": subject, "status": status}
        created = f"2026-11-01T00:{next(minutes):02}:00.000Z"
        return directus.add_item("tickets", date_created=created, **values)

    return add


@pytest.fixture
def cards(signed_in_client):
    """Return a function that gives the texts of both cards."""

    def cards():
        page = signed_in_client.get("/").text
        before, after = page.split(ANSWERS)
        return before.partition('aria-labelledby="card-1"')[2], after

    return cards


def subjects(text):
    return re.findall(r"#[\w-]+", text)


def test_one_call_brings_both(signed_in_client, add, directus):
    add("#1")
    signed_in_client.get("/")
    directus.forget_calls()

    signed_in_client.get("/")

    assert [call.path for call in directus.calls] == ["/items/tickets"]


def test_each_ticket_is_where_it_belongs(cards, add):
    add("#open")
    add("#answered", "answered", reply="Yes.")
    add("#done", "closed", reply="No.")
    add("#given-up", "closed")

    opened, answers = cards()

    assert subjects(opened) == ["#answered", "#open"]
    assert set(subjects(answers)) == {"#done", "#answered"}


def test_the_last_answer_is_the_first(cards, add, directus):
    add("#old", "answered", reply="x")
    add("#young", "answered", reply="x", date_updated="2026-11-02T00:00:00.000Z")
    assert subjects(cards()[1]) == ["#young", "#old"]

    directus.items_of("tickets")[0]["date_updated"] = "2026-11-03T00:00:00.000Z"

    assert subjects(cards()[1]) == ["#old", "#young"]


def test_an_answer_leads_to_its_ticket(cards, add):
    pk = add("#1", "answered", reply="Yes.")

    assert f'href="/tickets/{pk}/"' in cards()[1]


def test_without_tickets_both_say_so(cards, add):
    opened, answers = cards()

    assert "No open tickets." in opened
    assert "No answers yet." in answers


def test_no_number_is_shown_that_the_list_does_not_have(cards, add):
    for number in range(5):
        add(f"#{number}")
    add("#given-up", "closed")

    assert "Show all" in cards()[0]
    assert not re.search(r"Show all \d", cards()[0])


def test_an_outage_is_waited_for_once(signed_in_client, add, directus):
    add("#1")
    signed_in_client.get("/")
    directus.forget_calls()
    directus.answers(500, {}, path="/items/tickets")

    page = signed_in_client.get("/").text

    assert page.count("This can't be shown right now.") == 2
    assert len(directus.calls_to("/items/tickets")) == 1
