"""Rows are deleted after a question: one of them, or those selected in the list."""

import pytest

from tests.accounts.admin.paths import LOCAL
from tests.accounts.steps import log_in

from . import shop
from .pages import inputs

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("token")]
MANY = "/tickets/delete/"


@pytest.fixture
def add(directus, ada):
    def add(subject, owner=ada):
        return directus.add_item("tickets", owner=owner.id, subject=subject)

    return add


def left(directus):
    return [row["subject"] for row in directus.items_of("tickets")]


def text_of(page):
    return page.content.decode()


def test_the_question_names_the_row(signed_in_client, directus, add):
    pk = add("Old")
    directus.items_of("tickets")[0]["number"] = 18

    page = signed_in_client.get(f"/tickets/{pk}/delete/")

    assert "Delete 18?" in text_of(page)
    assert left(directus) == ["Old"]


def test_a_deleted_row_is_named_in_the_list(signed_in_client, directus, add):
    pk = add("Old")

    page = signed_in_client.post(f"/tickets/{pk}/delete/", follow=True)

    assert page.redirect_chain == [("/tickets/", 302)]
    assert "Deleted: " in text_of(page)
    assert left(directus) == []


def test_a_row_that_is_gone_is_no_error(signed_in_client, directus, add):
    pk = add("Old")
    signed_in_client.post(f"/tickets/{pk}/delete/")

    page = signed_in_client.post(f"/tickets/{pk}/delete/", follow=True)

    assert page.redirect_chain == [("/tickets/", 302)]
    assert "This was already deleted." in text_of(page)


def test_a_row_of_another_customer_stays(signed_in_client, directus, add, bob):
    pk = add("Theirs", bob)

    signed_in_client.post(f"/tickets/{pk}/delete/")
    signed_in_client.post(MANY, {"key": [pk], "confirmed": "1"})

    assert left(directus) == ["Theirs"]


def test_the_call_names_the_owner(signed_in_client, directus, add, ada):
    first, second = add("One"), add("Two")

    signed_in_client.post(f"/tickets/{first}/delete/")
    signed_in_client.post(MANY, {"key": [second], "confirmed": "1"})

    rules = [c.body["query"]["filter"] for c in directus.calls if c.method == "DELETE"]
    owner = {"owner": {"_eq": ada.id}}
    assert rules == [
        {"_and": [owner, {"id": {"_eq": first}}]},
        {"_and": [owner, {"id": {"_in": [second]}}]},
    ]


def test_selected_rows_are_listed_and_deleted(signed_in_client, directus, add, bob):
    keys = [add("One"), add("Two"), add("Theirs", bob)]
    add("Three")

    question = signed_in_client.post(MANY, {"key": keys, "list-query": "page=1"})
    assert question.status_code == 200
    assert set(inputs(question)["key"]) == set(keys[:2])
    assert len(left(directus)) == 4
    page = signed_in_client.post(MANY, inputs(question), follow=True)

    assert page.redirect_chain == [("/tickets/?page=1", 302)]
    assert "2 entries deleted." in text_of(page)
    assert left(directus) == ["Theirs", "Three"]


def test_rows_that_vanish_meanwhile_are_not_counted(signed_in_client, directus, add):
    keys = [add("One"), add("Two")]
    question = signed_in_client.post(MANY, {"key": keys})
    directus.items_of("tickets").pop()

    page = signed_in_client.post(MANY, inputs(question), follow=True)

    assert "1 entry deleted." in text_of(page)


@pytest.mark.parametrize(
    ("keys", "text"),
    [
        ([], "Select at least one entry."),
        (["no-key", "'; --"], "Select at least one entry."),
        (["7b0f2b9e-58e5-4a4c-9d0b-1d6a0b6a4a0e"], "This was already deleted."),
    ],
)
def test_without_a_row_the_list_says_so(signed_in_client, keys, text):
    page = signed_in_client.post(MANY, {"key": keys, "confirmed": "1"}, follow=True)

    assert page.redirect_chain == [("/tickets/", 302)]
    assert text in text_of(page)


def test_a_hundred_rows_are_the_most(signed_in_client, directus, add):
    keys = [add(str(number)) for number in range(101)]

    page = signed_in_client.post(MANY, {"key": keys, "confirmed": "1"}, follow=True)
    assert "Select at most 100 entries." in text_of(page)
    signed_in_client.post(MANY, {"key": keys[:100], "confirmed": "1"})

    assert left(directus) == ["100"]


def test_a_get_of_the_question_leads_to_the_list(signed_in_client):
    assert signed_in_client.get(MANY)["Location"] == "/tickets/"


def test_the_list_has_a_checkbox_for_each_row(signed_in_client, add):
    pk = add("One")

    page = text_of(signed_in_client.get("/tickets/?page=1"))

    assert f'value="{pk}"' in page
    assert 'form="bulk-delete"' in page
    assert 'name="list-query" value="page=1"' in page


def test_the_way_back_leads_to_the_list_alone(signed_in_client, add):
    pk = add("One")

    page = signed_in_client.get(
        f"/tickets/{pk}/", {"list-query": 'https://evil.example/?a="><b>&status=open'}
    )

    assert 'href="/tickets/?https' in text_of(page)
    assert '"><b>' not in text_of(page)


def test_in_an_outage_nothing_is_lost_but_the_click(signed_in_client, directus, add):
    pk = add("One")
    directus.is_down()

    assert signed_in_client.post(f"/tickets/{pk}/delete/").status_code == 503
    assert left(directus) == ["One"]


def test_a_collection_may_forbid_deletion(signed_in_client, directus, add, monkeypatch):
    pk = add("One")
    monkeypatch.setitem(shop.tickets.__dict__, "can_delete", False)

    for path in (f"/tickets/{pk}/delete/", MANY):
        data = {"key": [pk], "confirmed": "1"}
        assert signed_in_client.post(path, data).status_code == 404
    assert "delete" not in text_of(signed_in_client.get("/tickets/")).lower()
    assert left(directus) == ["One"]


def test_a_local_administrator_has_no_entries(
    client, directus, django_user_model, settings
):
    settings.BREAK_GLASS_ADDRESSES = ["127.0.0.1"]
    settings.AUTHENTICATION_BACKENDS = [
        "accounts.backends.BreakGlassBackend",
        *settings.AUTHENTICATION_BACKENDS,
    ]
    django_user_model.objects.create_superuser(*LOCAL)
    log_in(client, *LOCAL)

    for path in ("/tickets/", "/tickets/new/", "/tickets/1/edit/", MANY):
        assert client.get(path)["Location"] == "/"
        assert client.post(path, {"subject": "x"})["Location"] == "/"
    assert directus.items_of("tickets") == []
