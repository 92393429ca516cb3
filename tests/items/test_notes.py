"""Drafts, buttons, and changes of a collection without the time of changes."""

import pytest

from . import notes
from .pages import inputs, opened

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("token", "table")]

DRAFT = {"save-as": "draft"}


@pytest.fixture
def table(directus, settings, token):
    """The collection in the fake."""
    settings.ROOT_URLCONF = "tests.items.notes"
    written = {"title", "pinned", "tags", "status"}
    rights = {
        "read": set(notes.FIELDS) | {"id"},
        "create": written | {"owner"},
        "update": written,
        "delete": set(),
    }
    return directus.add_collection(
        "notes",
        notes.FIELDS,
        owner="owner",
        key_type="integer",
        rights={} if token == "site" else rights,
    )


@pytest.fixture
def row(directus, ada, table):
    """A note of Ada."""
    values = {"title": "Old", "pinned": True, "tags": ["red"], "status": "open"}
    directus.add_item("notes", owner=ada.id, **values)
    return table.rows[0]


def path(row, page=""):
    return f"/notes/{row['id']}/{page}"


def test_rights_have_the_fields_that_the_site_writes():
    declared = notes.notes
    fields = {"title", "pinned", "tags", "status"}
    assert declared.written_at_creation == fields | {"owner"}
    assert declared.written_at_update == fields


# Drafts


@pytest.mark.parametrize(("button", "state"), [({}, "open"), ("draft", "draft")])
def test_a_button_saves_a_draft(signed_in_client, table, button, state):
    form = opened(signed_in_client, "/notes/new/", title="New", status="closed")

    signed_in_client.post("/notes/new/", form | ({"save-as": button} if button else {}))

    assert table.rows[0]["status"] == state


def test_a_draft_stays_one_or_becomes_ready(signed_in_client, row):
    row["status"] = "draft"
    form = opened(signed_in_client, path(row, "edit/"), title="New") | DRAFT
    signed_in_client.post(path(row, "edit/"), form)
    assert (row["title"], row["status"]) == ("New", "draft")

    signed_in_client.post(
        path(row, "edit/"), opened(signed_in_client, path(row, "edit/"))
    )
    assert row["status"] == "open"


def test_what_is_no_draft_does_not_become_one(signed_in_client, row):
    page = signed_in_client.get(path(row, "edit/"))
    assert "Save as draft" not in page.content.decode()

    signed_in_client.post(path(row, "edit/"), inputs(page) | DRAFT)

    assert row["status"] == "open"


# Buttons


def test_a_button_sets_the_declared_value(signed_in_client, row):
    page = signed_in_client.get(path(row))
    assert "Close" in page.content.decode()

    answer = signed_in_client.post(path(row, "actions/close/"), {"status": "deleted"})

    assert answer["Location"] == path(row)
    assert row["status"] == "closed"
    assert "actions/close" not in signed_in_client.get(path(row)).content.decode()


def test_a_button_that_does_not_fit_does_nothing(signed_in_client, row):
    row["status"] = "spam"

    page = signed_in_client.post(path(row, "actions/close/"), follow=True)

    assert row["status"] == "spam"
    assert "nothing was done" in page.content.decode()


def test_a_get_presses_no_button(signed_in_client, row):
    answer = signed_in_client.get(path(row, "actions/close/"))

    assert answer["Location"] == path(row)
    assert row["status"] == "open"


def test_unknown_buttons_and_other_rows_are_not_found(signed_in_client, directus, bob):
    pk = directus.add_item("notes", owner=bob.id, title="Theirs", status="open")

    for page in (f"/notes/{pk}/actions/close/", f"/notes/{pk}/actions/open/"):
        assert signed_in_client.post(page).status_code == 404
    assert directus.items_of("notes")[0]["status"] == "open"


# Changes


def test_another_change_is_noticed_by_what_was_shown(signed_in_client, row):
    edit = path(row, "edit/")
    form = opened(signed_in_client, edit, title="Mine", tags=["red", "blue"])
    del form["pinned"]
    row.update(title="Theirs", pinned=False, tags=[])

    page = signed_in_client.post(edit, form)

    assert page.status_code == 409
    choices = {"choose-title": "theirs", "choose-tags": "mine"}
    assert "choose-pinned" not in page.content.decode()
    assert signed_in_client.post(edit, inputs(page) | choices).status_code == 302
    assert (row["title"], row["pinned"]) == ("Theirs", False)
    assert row["tags"] == ["red", "blue"]


def test_an_untouched_field_keeps_the_newer_value(signed_in_client, row):
    edit = path(row, "edit/")
    form = opened(signed_in_client, edit, title="Mine")
    row.update(pinned=False, tags=["blue"])

    assert signed_in_client.post(edit, form).status_code == 302

    assert (row["title"], row["pinned"], row["tags"]) == ("Mine", False, ["blue"])


def test_taking_the_newer_values_writes_nothing(signed_in_client, directus, row):
    edit = path(row, "edit/")
    form = opened(signed_in_client, edit, tags=["blue"])
    del form["pinned"]
    row.update(pinned=None, tags=["red", "blue"])
    page = signed_in_client.post(edit, form)
    directus.forget_calls()

    signed_in_client.post(edit, inputs(page) | {"choose-tags": "theirs"})

    assert [call.method for call in directus.calls] == ["GET"]
    assert row["tags"] == ["red", "blue"]


# Deletion


def test_a_narrower_query_holds_for_selected_rows_too(signed_in_client, row, table):
    row["status"] = "closed"

    signed_in_client.post("/notes/delete/", {"key": [row["id"]], "confirmed": "1"})

    assert table.rows == [row]


def test_a_hidden_row_stays_that_is_sent_with_a_shown_one(
    signed_in_client, directus, row, table, ada
):
    shown = directus.add_item("notes", owner=ada.id, title="Shown", status="open")
    row["status"] = "closed"
    sent = {"key": [row["id"], shown], "confirmed": "1"}

    page = signed_in_client.post("/notes/delete/", sent, follow=True)

    assert table.rows == [row]
    assert "1 entry deleted." in page.content.decode()


@pytest.mark.parametrize("title", [None, "A note"])
def test_a_narrower_query_holds_for_one_row_too(
    signed_in_client, row, table, title, monkeypatch
):
    if title:
        # A title of the view's own reads no row.
        monkeypatch.setattr(notes.NoteDelete, "title", title)
    row["status"] = "closed"

    page = signed_in_client.post(path(row, "delete/"), follow=True)

    assert table.rows == [row]
    assert "This was already deleted." in page.content.decode()
