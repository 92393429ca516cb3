"""The part of items in the export and the deletion of an account."""

import dataclasses

import pytest

from accounts.models import User
from items import receivers
from items.collection import Collection, all_declared, declared
from tests.accounts.flows.deleting import ask, days_pass, run

from . import shop

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("token")]
ITEMS = "/items/tickets"


@pytest.fixture
def mine(directus, ada):
    """Tickets of Ada."""
    product = directus.add_item("products", name="Engine", price=100)
    values = {"secret": "s", "description": "Long", "product": product}
    return [
        directus.add_item("tickets", owner=ada.id, subject=text, **values)
        for text in ("A", "B", "C")
    ]


@pytest.fixture
def theirs(directus, bob):
    """A ticket of Bob."""
    return directus.add_item("tickets", owner=bob.id, subject="Theirs")


def subjects(directus):
    return [row["subject"] for row in directus.items_of("tickets")]


def account_of(user):
    return User.objects.get(directus_id=user.id)


def keep(monkeypatch):
    kept = dataclasses.replace(shop.tickets, on_delete="keep")
    monkeypatch.setitem(declared, "tickets", kept)


def test_commands_know_all_collections(settings):
    assert all_declared() == [shop.tickets]


def test_only_delete_and_keep_are_known(monkeypatch):
    monkeypatch.setattr("items.collection.declared", {})

    with pytest.raises(ValueError, match="on_delete"):
        Collection("tickets", owner="owner", list_fields=[], on_delete="anonymise")


# Export


def test_the_export_has_the_declared_fields(signed_in_client, mine, theirs):
    held = signed_in_client.post("/account/export/").json()["apps"]["items"]

    assert sorted(row["subject"] for row in held["tickets"]) == ["A", "B", "C"]
    row = held["tickets"][0]
    assert row["description"] == "Long"
    assert row["product"]["name"] == "Engine"
    assert set(row) == {
        *("id", "number", "subject", "status", "date_created", "date_updated"),
        *("description", "product", "reply"),
    }


def test_the_export_has_all_pages(signed_in_client, directus, mine, monkeypatch):
    monkeypatch.setattr(receivers, "PAGE_SIZE", 2)

    held = signed_in_client.post("/account/export/").json()["apps"]["items"]

    assert len(held["tickets"]) == 3
    assert len({row["id"] for row in held["tickets"]}) == 3


def test_the_export_keeps_a_limit_of_directus(signed_in_client, directus, mine):
    directus.state.query_limit_max = 2

    held = signed_in_client.post("/account/export/").json()["apps"]["items"]

    assert len({row["id"] for row in held["tickets"]}) == 3


@pytest.mark.parametrize("status", [403, 500, 200])
def test_no_half_export(signed_in_client, directus, mine, status):
    directus.answers(status, {"data": None}, path=ITEMS)

    page = signed_in_client.post("/account/export/")

    assert page.status_code == 503
    assert "Content-Disposition" not in page


# Deletion


def test_a_deleted_account_leaves_no_rows(signed_in_client, directus, mine, theirs):
    ask(signed_in_client)
    days_pass()

    assert run() == ("Deleted 1 account.\n", 0)

    assert subjects(directus) == ["Theirs"]


def test_an_anonymised_account_leaves_no_rows(
    signed_in_client, directus, mine, theirs, settings
):
    settings.ACCOUNT_DELETION = "anonymise"
    ask(signed_in_client)
    days_pass()

    assert run()[1] == 0

    assert subjects(directus) == ["Theirs"]


def test_rows_to_keep_are_kept(signed_in_client, directus, mine, monkeypatch):
    keep(monkeypatch)
    ask(signed_in_client)
    days_pass()

    assert run()[1] == 0

    assert subjects(directus) == ["A", "B", "C"]


def test_many_rows_are_deleted(signed_in_client, directus, ada):
    for number in range(250):
        directus.add_item("tickets", owner=ada.id, subject=str(number))
    ask(signed_in_client)
    days_pass()

    assert run()[1] == 0

    assert subjects(directus) == []


def test_a_limit_of_directus_is_kept_by_the_deletion(
    signed_in_client, directus, ada, mine
):
    directus.state.query_limit_max = 2
    ask(signed_in_client)
    days_pass()

    assert run()[1] == 0

    assert subjects(directus) == []


def test_after_an_outage_the_deletion_goes_on(signed_in_client, directus, ada, mine):
    ask(signed_in_client)
    days_pass()
    directus.is_down()

    printed, code = run()

    assert code == 1
    assert "Run it again" in printed
    row = account_of(ada)
    assert (row.is_active, row.deleted_at) == (True, None)
    directus.is_up()
    assert run()[1] == 0
    assert subjects(directus) == []
    assert ada.id not in directus.state.users


@pytest.mark.parametrize("status", [502, 503])
def test_an_outage_in_between_keeps_the_user(
    signed_in_client, directus, ada, mine, status
):
    ask(signed_in_client)
    days_pass()
    directus.answers(status, path=ITEMS, method="DELETE")

    assert run()[1] == 1

    assert ada.id in directus.state.users
    assert len(subjects(directus)) == 3
    assert run()[1] == 0
    assert subjects(directus) == []


def test_a_refusal_keeps_the_user_until_it_is_mended(
    signed_in_client, directus, ada, mine, caplog
):
    ask(signed_in_client)
    days_pass()
    error = {"message": "x", "extensions": {"code": "FORBIDDEN"}}
    directus.answers(403, {"errors": [error]}, path=ITEMS, method="DELETE")

    printed, code = run()

    assert code == 3
    assert "403 FORBIDDEN" in printed
    assert f"Directus keeps data of user {ada.id}" in caplog.text
    # Otherwise the rows would lose their owner.
    assert ada.id in directus.state.users
    assert run()[1] == 0
    assert subjects(directus) == []
    assert ada.id not in directus.state.users


def test_rows_that_come_back_stop_the_deletion(signed_in_client, directus, ada, mine):
    ask(signed_in_client)
    days_pass()
    directus.answers(204, path=ITEMS, method="DELETE", times=9)

    assert run()[1] == 1

    assert ada.id in directus.state.users


def test_a_receiver_with_a_mistake_stops_the_deletion(
    signed_in_client, directus, ada, mine, monkeypatch
):
    ask(signed_in_client)
    days_pass()
    monkeypatch.setattr(receivers, "all_declared", lambda: 1 / 0)

    assert run()[1] == 1

    assert account_of(ada).is_active
    assert ada.id in directus.state.users


def test_a_refused_token_is_an_outage(signed_in_client, directus, ada, mine):
    ask(signed_in_client)
    days_pass()
    error = {"message": "x", "extensions": {"code": "INVALID_CREDENTIALS"}}
    directus.answers(401, {"errors": [error]}, path=ITEMS, method="DELETE")

    assert run()[1] == 1

    assert account_of(ada).is_active


def test_at_once_in_the_browser_too(signed_in_client, directus, mine, settings):
    settings.ACCOUNT_DELETION_DAYS = 0

    ask(signed_in_client)

    assert subjects(directus) == []
