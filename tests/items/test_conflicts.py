"""The answer to the page about a conflict, while operators and staff go on."""

import re

import pytest

from . import shop
from .pages import inputs, opened
from .test_updates import change_elsewhere, edit, pk, row  # noqa: F401 (fixtures)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("token")]
CLOSED = {"status": {"_eq": "closed"}}
ANSWERS = [
    {"choose-description": "theirs"},
    {"choose-description": "mine"},
    {"choose-description": "both"},
    {},
]


@pytest.fixture(params=["hidden", "readonly"])
def _closed_for_changes(request, change):
    """Let a condition take the description out of the form of a closed ticket."""
    change("description", conditions=[{"rule": CLOSED, request.param: True}])


@pytest.fixture
def conflict(signed_in_client, edit, row):  # noqa: F811
    """The inputs of a page that asks about the description."""
    form = opened(signed_in_client, edit, subject="Mine", description="Mine, too")
    change_elsewhere(row, description="Theirs")
    page = signed_in_client.post(edit, form)
    assert page.status_code == 409
    return inputs(page)


@pytest.mark.usefixtures("_closed_for_changes")
@pytest.mark.parametrize("answer", ANSWERS)
def test_a_field_that_has_left_the_form_is_asked_about_no_more(
    signed_in_client,
    conflict,
    edit,  # noqa: F811
    row,  # noqa: F811
    answer,
):
    row["status"] = "closed"

    page = signed_in_client.post(edit, conflict | answer)

    assert page.status_code == 302
    assert (row["subject"], row["description"]) == ("Mine", "Theirs")


@pytest.mark.parametrize("answer", ANSWERS)
def test_a_field_that_is_declared_no_more_is_asked_about_no_more(
    signed_in_client,
    conflict,
    edit,  # noqa: F811
    row,  # noqa: F811
    answer,
    monkeypatch,
):
    for attribute in ("read_fields", "update_fields"):
        names = [n for n in getattr(shop.tickets, attribute) if n != "description"]
        monkeypatch.setitem(vars(shop.tickets), attribute, names)

    page = signed_in_client.post(edit, conflict | answer)

    assert page.status_code == 302
    assert (row["subject"], row["description"]) == ("Mine", "Theirs")


@pytest.mark.usefixtures("_closed_for_changes")
def test_the_other_fields_are_asked_about_again(
    signed_in_client,
    edit,  # noqa: F811
    row,  # noqa: F811
):
    form = opened(signed_in_client, edit, subject="Mine", description="Mine, too")
    change_elsewhere(row, subject="Theirs", description="Theirs, too")
    page = signed_in_client.post(edit, form)
    row["status"] = "closed"

    page = signed_in_client.post(edit, inputs(page))
    assert page.status_code == 409
    assert "choose-description" not in page.text
    signed_in_client.post(edit, inputs(page) | {"choose-subject": "mine"})

    assert (row["subject"], row["description"]) == ("Mine", "Theirs, too")


def test_related_rows_are_told_apart_by_their_labels(
    signed_in_client,
    directus,
    edit,  # noqa: F811
    row,  # noqa: F811
    tickets,
    monkeypatch,
):
    monkeypatch.setitem(vars(shop.tickets), "update_fields", ["subject", "product"])
    monkeypatch.setitem(
        vars(shop.tickets), "read_fields", [*shop.tickets.read_fields, "product"]
    )
    boat, ship = (directus.add_item("products", name=n) for n in ("Boat", "Ship"))
    form = opened(signed_in_client, edit, product=boat)
    change_elsewhere(row, product=ship)

    page = signed_in_client.post(edit, form)

    assert page.status_code == 409
    assert re.findall(r'"conflict-value">(.*?)</', page.text) == ["Boat", "Ship"]
