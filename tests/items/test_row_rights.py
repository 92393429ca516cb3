"""Rows that a customer may read, and not change: buttons, and forged forms."""

import pytest

from accounts.core import memory
from items.actions import Action

from . import shop

pytestmark = pytest.mark.django_db
NOT_CLOSED = {"status": {"_neq": "closed"}}


@pytest.fixture
def closed(directus, ada):
    """The key of a closed ticket."""
    values = {"subject": "Mine", "status": "closed"}
    return directus.add_item("tickets", owner=ada.id, **values)


@pytest.fixture
def narrowed(tickets):
    """Let customers change and delete no closed ticket."""
    tickets.only = {"update": NOT_CLOSED, "delete": NOT_CLOSED}


def test_a_row_shows_only_what_may_be_done(signed_in_client, closed, tickets):
    tickets.only = {"update": NOT_CLOSED}

    page = signed_in_client.get(f"/tickets/{closed}/").text

    assert f"/tickets/{closed}/edit/" not in page
    assert f"/tickets/{closed}/delete/" in page


@pytest.mark.usefixtures("narrowed")
def test_another_row_has_all_buttons(signed_in_client, directus, ada):
    pk = directus.add_item("tickets", owner=ada.id, subject="Mine", status="open")

    page = signed_in_client.get(f"/tickets/{pk}/").text

    assert f"/tickets/{pk}/edit/" in page
    assert f"/tickets/{pk}/delete/" in page


def test_a_row_without_the_right_has_no_actions(
    signed_in_client, closed, tickets, monkeypatch
):
    reopen = Action("reopen", field="status", value="open", label="Reopen")
    monkeypatch.setitem(vars(shop.tickets), "actions", [reopen])
    assert "Reopen" in signed_in_client.get(f"/tickets/{closed}/").text

    memory.clear()
    tickets.only = {"update": NOT_CLOSED}
    signed_in_client.get("/tickets/")
    # What is known of the rules is a minute old at most.
    monkeypatch.setattr("accounts.profile.cached.FRESH_SECONDS", 0)
    assert "Reopen" not in signed_in_client.get(f"/tickets/{closed}/").text
    path = f"/tickets/{closed}/actions/reopen/"
    assert signed_in_client.post(path).status_code == 403


@pytest.mark.usefixtures("narrowed")
@pytest.mark.parametrize("end", ["edit", "delete"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_forged_call_is_refused(signed_in_client, directus, closed, end, method):
    send = getattr(signed_in_client, method)

    answer = send(f"/tickets/{closed}/{end}/", {"subject": "Forged"})

    assert answer.status_code == 403
    assert "have access to this page" in answer.text
    assert [row["subject"] for row in directus.items_of("tickets")] == ["Mine"]


@pytest.mark.usefixtures("narrowed")
@pytest.mark.parametrize("end", ["edit", "delete"])
def test_version_10_says_nothing_before_and_refuses(
    signed_in_client, directus, closed, end
):
    directus.state.has_policies = False
    assert f"/{end}/" in signed_in_client.get(f"/tickets/{closed}/").text

    answer = signed_in_client.post(f"/tickets/{closed}/{end}/", {"subject": "New"})

    assert answer.status_code == 403
    assert [row["subject"] for row in directus.items_of("tickets")] == ["Mine"]


@pytest.mark.usefixtures("narrowed")
def test_a_selection_with_such_a_row_deletes_none(
    signed_in_client, directus, ada, closed
):
    other = directus.add_item("tickets", owner=ada.id, subject="x", status="open")
    sent = {"key": [closed, other], "confirmed": "1"}

    page = signed_in_client.post("/tickets/delete/", sent, follow=True)

    assert "2 entries could not be deleted." in page.text
    assert len(directus.items_of("tickets")) == 2


@pytest.mark.usefixtures("narrowed")
@pytest.mark.parametrize("end", ["", "edit/", "delete/"])
def test_a_row_of_another_customer_is_not_found(signed_in_client, directus, bob, end):
    theirs = directus.add_item("tickets", owner=bob.id, subject="x", status="closed")

    assert signed_in_client.get(f"/tickets/{theirs}/{end}").status_code == 404


def calls_for(client, directus, path):
    client.get(path)
    directus.forget_calls()
    client.get(path)
    return [call.path for call in directus.calls]


def test_only_rules_that_differ_cost_a_call(
    signed_in_client, directus, tickets, closed, monkeypatch
):
    path = f"/tickets/{closed}/"
    rows = "/items/tickets"
    assert calls_for(signed_in_client, directus, path) == [rows]

    tickets.only = {"delete": NOT_CLOSED}
    monkeypatch.setattr("accounts.profile.cached.FRESH_SECONDS", 0)
    signed_in_client.get(path)
    monkeypatch.undo()
    asked = [rows, f"/permissions/me/tickets/{closed}"]
    assert sorted(calls_for(signed_in_client, directus, path)) == asked


def test_the_sites_token_leaves_it_to_the_declaration(
    signed_in_client, directus, tickets, closed
):
    directus.state.takes_rules = False
    tickets.rights = {}

    page = signed_in_client.get(f"/tickets/{closed}/").text

    assert f"/tickets/{closed}/edit/" in page
    assert not [call for call in directus.calls if "permissions" in call.path]


@pytest.mark.usefixtures("narrowed")
def test_during_an_outage_of_the_question_the_declaration_decides(
    signed_in_client, directus, closed
):
    directus.answers(503, {}, path=f"/permissions/me/tickets/{closed}", times=9)

    page = signed_in_client.get(f"/tickets/{closed}/")

    assert page.status_code == 200
    assert f"/tickets/{closed}/edit/" in page.text


def test_a_refusal_for_all_rows_is_wrong_set_up(
    signed_in_client, directus, closed, caplog
):
    directus.answers(403, FORBIDDEN, path="/items/tickets", method="PATCH")

    answer = signed_in_client.post(f"/tickets/{closed}/edit/", {"subject": "New"})

    assert answer.status_code == 503
    assert "Directus does not do what a form is for" in caplog.text


FORBIDDEN = {"errors": [{"message": "", "extensions": {"code": "FORBIDDEN"}}]}
