"""The pages of a collection show and change a customer's own rows alone."""

import pytest

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("token")]


def test_the_list_shows_own_rows(signed_in_client, directus, ada, bob):
    directus.add_item("tickets", owner=ada.id, subject="Mine", status="open")
    directus.add_item("tickets", owner=bob.id, subject="Theirs")

    page = signed_in_client.get("/tickets/").content.decode()

    assert "Mine" in page
    assert "Open" in page
    assert "Theirs" not in page


def test_a_page_is_one_call(signed_in_client, directus, ada):
    for number in range(5):
        directus.add_item("tickets", owner=ada.id, subject=f"No {number}")
    signed_in_client.get("/tickets/")
    directus.forget_calls()

    page = signed_in_client.get("/tickets/?page=2")

    assert [call.path for call in directus.calls] == ["/items/tickets"]
    assert page.context["paginator"].count == 5


def test_a_row_of_another_customer_is_not_found(signed_in_client, directus, bob):
    pk = directus.add_item("tickets", owner=bob.id, subject="x")

    for page in ("", "edit/", "delete/"):
        assert signed_in_client.get(f"/tickets/{pk}/{page}").status_code == 404


def test_a_new_row_is_the_customers(signed_in_client, directus, ada):
    answer = signed_in_client.post("/tickets/new/", {"subject": "Help", "secret": "x"})

    (row,) = directus.items_of("tickets")
    assert answer["Location"] == f"/tickets/{row['id']}/"
    assert (row["owner"], row["subject"], row["secret"]) == (ada.id, "Help", None)


def test_a_change_is_written(signed_in_client, directus, ada):
    pk = directus.add_item("tickets", owner=ada.id, subject="Old")

    signed_in_client.post(f"/tickets/{pk}/edit/", {"subject": "New"})

    assert directus.items_of("tickets")[0]["subject"] == "New"


def test_a_row_is_deleted(signed_in_client, directus, ada):
    pk = directus.add_item("tickets", owner=ada.id, subject="Old")

    signed_in_client.post(f"/tickets/{pk}/delete/")

    assert directus.items_of("tickets") == []
