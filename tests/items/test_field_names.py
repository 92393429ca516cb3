"""Fields may be called as the site's own inputs are, or were."""

import pytest

from . import shop
from .pages import inputs, opened

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("token")]
NEW = "/tickets/new/"
# Values that would mean something if the site took them for its own inputs.
VALUES = {
    "version": "a",
    "row_version": "a",
    "sent_form": "a",
    "save_as": "draft",
    "search": "product",
    "searched": "product",
    "list": "status=open",
    "next": "/account/",
    "key": "1",
    "confirmed": "1",
    "draft": "draft",
    "choose": "theirs",
    "language": "de",
    "page": "2",
    "q": "a",
    "sort": "subject",
}


@pytest.fixture(params=VALUES)
def name(request, tickets, monkeypatch):
    """The name of a field of tickets that customers write."""
    name = request.param
    tickets.fields[name] = {**tickets.fields["code"], "field": name}
    tickets.fields[name] = tickets.fields[name] | {
        "meta": tickets.fields["code"]["meta"] | {"validation": None},
        "schema": tickets.fields["code"]["schema"] | {"is_unique": False},
    }
    rights = tickets.rights.items()
    tickets.rights = {action: fields | {name} for action, fields in rights}
    for attribute in ("create_fields", "update_fields", "read_fields"):
        names = [*getattr(shop.tickets, attribute), name]
        monkeypatch.setitem(vars(shop.tickets), attribute, names)
    states = {"status_field": "status", "draft_value": "draft", "ready_value": "open"}
    for attribute, value in states.items():
        monkeypatch.setitem(vars(shop.tickets), attribute, value)
    return name


@pytest.fixture
def row(directus, ada, name):
    """A ticket of Ada, with a value in the field."""
    values = {"subject": "Old", "status": "open", name: "before"}
    directus.add_item("tickets", owner=ada.id, **values)
    return directus.items_of("tickets")[0]


def test_a_new_row_gets_the_value(signed_in_client, directus, name):
    form = opened(signed_in_client, NEW)
    assert form[name] == [""]

    answer = signed_in_client.post(NEW, form | {"subject": "x", name: VALUES[name]})

    (row,) = directus.items_of("tickets")
    assert answer["Location"] == f"/tickets/{row['id']}/"
    assert (row[name], row["status"]) == (VALUES[name], "open")


def test_a_form_that_is_sent_again_makes_no_second_row(
    signed_in_client, directus, name
):
    form = opened(signed_in_client, NEW, subject="x") | {name: VALUES[name]}

    for _ in range(2):
        signed_in_client.post(NEW, form)

    assert len(directus.items_of("tickets")) == 1


def test_a_refused_form_keeps_the_value_and_the_way_back(signed_in_client, name):
    form = opened(signed_in_client, NEW, subject="") | {name: VALUES[name]}

    page = signed_in_client.post(NEW, form)

    assert page.context["form"].errors.keys() == {"subject"}
    assert inputs(page)[name] == [VALUES[name]]
    assert page.context["addresses"]["list"] == "/tickets/"


def test_a_change_is_saved(signed_in_client, name, row):
    path = f"/tickets/{row['id']}/edit/"
    form = opened(signed_in_client, path)
    assert form[name] == ["before"]

    answer = signed_in_client.post(path, form | {name: VALUES[name]})

    assert answer["Location"] == f"/tickets/{row['id']}/"
    assert row[name] == VALUES[name]


@pytest.mark.parametrize("choice", ["mine", "theirs"])
def test_a_conflict_is_decided(signed_in_client, name, row, choice):
    path = f"/tickets/{row['id']}/edit/"
    form = opened(signed_in_client, path, subject="New") | {name: VALUES[name]}
    row |= {name: "newer", "date_updated": "2026-12-01T10:00:00.000Z"}

    page = signed_in_client.post(path, form)
    assert page.status_code == 409
    sent = inputs(page)
    assert sent[name] == [VALUES[name]]
    answer = signed_in_client.post(path, sent | {f"choose-{name}": choice})

    assert answer.status_code == 302
    kept = VALUES[name] if choice == "mine" else "newer"
    assert (row["subject"], row[name]) == ("New", kept)


def test_the_row_is_deleted(signed_in_client, directus, name, row):
    signed_in_client.post(f"/tickets/{row['id']}/delete/")

    assert directus.items_of("tickets") == []
