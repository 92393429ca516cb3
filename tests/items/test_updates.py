"""A change overwrites no other change, and loses nothing."""

import pytest

from .pages import inputs, opened

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("token")]
LATER = "2026-12-01T10:00:00.000Z"


@pytest.fixture
def pk(directus, ada):
    """A ticket of Ada."""
    return directus.add_item(
        "tickets", owner=ada.id, subject="Old", description="Text", status="open"
    )


@pytest.fixture
def edit(pk):
    return f"/tickets/{pk}/edit/"


@pytest.fixture
def row(directus, pk):
    """The stored row."""
    return directus.items_of("tickets")[0]


def change_elsewhere(row, **values):
    row.update(date_updated=LATER, **values)


def written(directus):
    return [call.body["data"] for call in directus.calls if call.method == "PATCH"]


def rules(directus):
    (call,) = [call for call in directus.calls if call.method == "PATCH"]
    return call.body["query"]["filter"]["_and"]


def test_a_page_is_one_call_and_a_change_two(signed_in_client, directus, edit):
    signed_in_client.get(edit)
    directus.forget_calls()

    form = opened(signed_in_client, edit, subject="New")
    assert [call.method for call in directus.calls] == ["GET"]
    directus.forget_calls()
    page = signed_in_client.post(edit, form)

    assert page["Location"] == edit.replace("edit/", "")
    assert [call.method for call in directus.calls] == ["GET", "PATCH"]


def test_only_changed_fields_are_sent(signed_in_client, directus, edit):
    signed_in_client.post(edit, opened(signed_in_client, edit, subject="New"))

    assert written(directus) == [{"subject": "New"}]


def test_without_a_change_nothing_is_written(signed_in_client, directus, edit):
    page = signed_in_client.post(edit, opened(signed_in_client, edit))

    assert page.status_code == 302
    assert written(directus) == []


@pytest.mark.parametrize("changed_at", [None, "2026-11-30T09:00:00.123Z"])
def test_the_filter_names_the_owner_the_key_and_the_version(
    signed_in_client, directus, edit, row, ada, pk, changed_at
):
    row["date_updated"] = changed_at

    signed_in_client.post(edit, opened(signed_in_client, edit, subject="New"))

    is_same = {"_null": True} if changed_at is None else {"_eq": changed_at}
    assert rules(directus) == [
        {"owner": {"_eq": ada.id}},
        {"id": {"_eq": pk}},
        {"date_updated": is_same},
    ]


def test_another_change_of_the_same_field_is_shown(
    signed_in_client, directus, edit, row
):
    form = opened(signed_in_client, edit, subject="Mine", description="Mine, too")
    change_elsewhere(row, subject="Theirs")

    page = signed_in_client.post(edit, form)

    assert page.status_code == 409
    text = page.content.decode()
    assert "Theirs" in text
    assert "Mine" in text
    assert "Nothing is lost" in text
    assert (row["subject"], row["description"]) == ("Theirs", "Text")


@pytest.mark.parametrize(("choice", "kept"), [("mine", "Mine"), ("theirs", "Theirs")])
def test_the_person_chooses_and_the_other_changes_are_saved(
    signed_in_client, edit, row, choice, kept
):
    form = opened(signed_in_client, edit, subject="Mine", description="Mine, too")
    change_elsewhere(row, subject="Theirs")
    page = signed_in_client.post(edit, form)

    answer = signed_in_client.post(edit, inputs(page) | {"choose-subject": choice})

    assert answer.status_code == 302
    assert (row["subject"], row["description"]) == (kept, "Mine, too")


def test_without_a_choice_the_page_asks_again(signed_in_client, edit, row):
    form = opened(signed_in_client, edit, subject="Mine")
    change_elsewhere(row, subject="Theirs")
    page = signed_in_client.post(edit, form)

    page = signed_in_client.post(edit, inputs(page))

    assert page.status_code == 409
    assert "Choose an option for each field." in page.content.decode()
    assert row["subject"] == "Theirs"
    signed_in_client.post(edit, inputs(page) | {"choose-subject": "mine"})
    assert row["subject"] == "Mine"


def test_a_third_change_is_asked_about_again(signed_in_client, edit, row):
    form = opened(signed_in_client, edit, subject="Mine")
    change_elsewhere(row, subject="Theirs")
    page = signed_in_client.post(edit, form)
    change_elsewhere(row, subject="Newest")

    page = signed_in_client.post(edit, inputs(page) | {"choose-subject": "mine"})

    assert page.status_code == 409
    assert "Newest" in page.content.decode()


def test_changes_of_different_fields_are_both_kept(signed_in_client, edit, row):
    form = opened(signed_in_client, edit, subject="Mine")
    change_elsewhere(row, description="Theirs", status="answered")

    page = signed_in_client.post(edit, form, follow=True)

    assert (row["subject"], row["description"]) == ("Mine", "Theirs")
    assert "Changes made elsewhere in the meantime were kept." in page.content.decode()


def test_the_same_change_elsewhere_is_no_conflict(signed_in_client, edit, row):
    form = opened(signed_in_client, edit, subject="Same")
    change_elsewhere(row, subject="Same")

    assert signed_in_client.post(edit, form).status_code == 302


def test_a_change_between_reading_and_writing_is_shown(
    signed_in_client, directus, edit, row
):
    form = opened(signed_in_client, edit, subject="Mine")
    directus.is_late(
        "/items/tickets", "Old", lambda: change_elsewhere(row, subject="Theirs")
    )

    page = signed_in_client.post(edit, form)

    assert page.status_code == 409
    assert "Theirs" in page.content.decode()
    signed_in_client.post(edit, inputs(page) | {"choose-subject": "mine"})
    assert row["subject"] == "Mine"


def test_a_change_of_another_field_just_then_is_said(
    signed_in_client, directus, edit, row
):
    form = opened(signed_in_client, edit, subject="Mine")
    directus.is_late(
        "/items/tickets", "Old", lambda: change_elsewhere(row, description="Theirs")
    )

    page = signed_in_client.post(edit, form)

    assert page.status_code == 409
    assert "save again to add your changes" in page.content.decode()
    signed_in_client.post(edit, inputs(page))
    assert (row["subject"], row["description"]) == ("Mine", "Theirs")


def test_a_row_that_vanishes_meanwhile_is_not_found(signed_in_client, directus, edit):
    form = opened(signed_in_client, edit, subject="Mine")
    directus.is_late("/items/tickets", "Old", directus.items_of("tickets").clear)

    assert signed_in_client.post(edit, form).status_code == 404


def test_a_version_of_another_row_differs(signed_in_client, directus, edit, row, ada):
    other = directus.add_item("tickets", owner=ada.id, subject="Other")
    version = inputs(signed_in_client.get(f"/tickets/{other}/edit/"))["row-version"]
    form = opened(signed_in_client, edit, subject="Mine") | {"row-version": version}

    assert signed_in_client.post(edit, form).status_code == 409
    assert row["subject"] == "Old"


def test_in_an_outage_what_was_typed_is_kept(signed_in_client, directus, edit, row):
    form = opened(signed_in_client, edit, subject="Mine")
    directus.is_down()

    page = signed_in_client.post(edit, form)

    assert page.status_code == 503
    assert inputs(page)["subject"] == ["Mine"]
    directus.is_up()
    change_elsewhere(row, subject="Theirs")
    assert signed_in_client.post(edit, inputs(page)).status_code == 409


def test_an_outage_after_the_choice_forgets_no_value(
    signed_in_client, directus, edit, row
):
    form = opened(signed_in_client, edit, subject="Mine", description="Mine, too")
    change_elsewhere(row, subject="Theirs")
    page = signed_in_client.post(edit, form)
    directus.is_down()

    page = signed_in_client.post(edit, inputs(page) | {"choose-subject": "theirs"})

    assert page.status_code == 503
    directus.is_up()
    page = signed_in_client.post(edit, inputs(page))
    assert page.status_code == 409
    signed_in_client.post(edit, inputs(page) | {"choose-subject": "theirs"})
    assert (row["subject"], row["description"]) == ("Theirs", "Mine, too")


def test_a_refusal_after_the_choice_shows_the_form(
    signed_in_client, edit, row, tickets
):
    form = opened(signed_in_client, edit, subject="Mine", description="Bad")
    change_elsewhere(row, subject="Theirs")
    page = signed_in_client.post(edit, form)
    tickets.fields["description"]["meta"]["validation"] = {"_regex": "^Good"}

    page = signed_in_client.post(edit, inputs(page) | {"choose-subject": "theirs"})

    assert page.status_code == 200
    assert inputs(page)["subject"] == ["Theirs"]
    signed_in_client.post(edit, inputs(page) | {"description": "Good"})
    assert (row["subject"], row["description"]) == ("Theirs", "Good")


def test_after_a_lost_answer_the_same_form_is_fine(
    signed_in_client, directus, edit, row
):
    form = opened(signed_in_client, edit, subject="Mine")
    directus.loses_answer("/items/tickets", method="PATCH")
    page = signed_in_client.post(edit, form)
    assert page.status_code == 503

    assert signed_in_client.post(edit, inputs(page)).status_code == 302
    assert row["subject"] == "Mine"


def test_a_row_of_another_customer_is_not_changed(signed_in_client, directus, bob):
    pk = directus.add_item("tickets", owner=bob.id, subject="Theirs")

    page = signed_in_client.post(f"/tickets/{pk}/edit/", {"subject": "Mine"})

    assert page.status_code == 404
    assert directus.items_of("tickets")[0]["subject"] == "Theirs"
