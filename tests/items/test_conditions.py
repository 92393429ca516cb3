"""Conditions that change options, or look at a field that no page shows."""

import pytest

from items import conditions

from .test_forms import errors_of, new, stored

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("token")]
LOCKED = {"rule": {"code": {"_eq": "A1"}}, "readonly": True}


def choices(*values):
    return {"choices": [{"text": value.upper(), "value": value} for value in values]}


@pytest.fixture
def by_subject(change):
    """Let the description be one of other choices for returns."""
    returns = {"rule": {"subject": {"_eq": "Return"}}, "options": choices("b", "c")}
    usual = {"interface": "select-dropdown", "options": choices("a", "b")}
    change("description", conditions=[returns], **usual)


@pytest.mark.usefixtures("by_subject")
def test_a_form_offers_the_choices_of_all_conditions(signed_in_client):
    page = signed_in_client.get("/tickets/new/")

    field = page.context["form"].fields["description"]
    assert [value for value, _text in field.choices] == ["", "a", "b", "c"]


@pytest.mark.usefixtures("by_subject")
@pytest.mark.parametrize(
    ("subject", "value", "is_right"),
    [
        ("Other", "a", True),
        ("Other", "c", False),
        ("Return", "c", True),
        ("Return", "a", False),
        ("Return", "", True),
        ("Return", "x", False),
    ],
)
def test_a_choice_fits_the_other_entries(
    signed_in_client, directus, subject, value, is_right
):
    page = new(signed_in_client, subject=subject, description=value)

    assert (page.status_code == 302) == is_right
    assert len(stored(directus)) == is_right
    if not is_right:
        assert "valid choice" in errors_of(page)["description"][0]


@pytest.mark.usefixtures("by_subject")
def test_a_stored_choice_does_not_stop_other_changes(signed_in_client, directus, ada):
    values = {"subject": "Other", "description": "a"}
    pk = directus.add_item("tickets", owner=ada.id, **values)

    form = {"subject": "Return", "description": "a"}
    answer = signed_in_client.post(f"/tickets/{pk}/edit/", form)

    assert answer.status_code == 302
    assert stored(directus)[0]["subject"] == "Return"


def test_limits_of_a_number_follow_too(signed_in_client, change, tickets):
    tickets.fields["description"]["type"] = "integer"
    more = {"rule": {"subject": {"_eq": "Lots"}}, "options": {"max": 100}}
    change("description", options={"max": 5}, conditions=[more])

    assert new(signed_in_client, subject="Lots", description="50").status_code == 302
    page = new(signed_in_client, subject="Few", description="50")
    assert "5" in errors_of(page)["description"][0]


def test_choices_of_a_condition_on_the_row_are_those_of_the_form(
    signed_in_client,
    change,
    directus,
    ada,
):
    done = {"rule": {"status": {"_eq": "answered"}}, "options": choices("c")}
    usual = {"interface": "select-dropdown", "options": choices("a")}
    change("description", conditions=[done], **usual)
    pk = directus.add_item("tickets", owner=ada.id, subject="x", status="answered")

    page = signed_in_client.get(f"/tickets/{pk}/edit/")

    field = page.context["form"].fields["description"]
    assert [value for value, _text in field.choices] == ["", "c"]


@pytest.fixture
def locked(change, directus, ada):
    """The edit page of a ticket that a field locks which no page shows."""
    change("description", conditions=[LOCKED])
    values = {"subject": "x", "description": "old", "code": "A1"}
    return f"/tickets/{directus.add_item('tickets', owner=ada.id, **values)}/edit/"


def test_a_field_that_may_be_read_is_looked_at(signed_in_client, directus, locked):
    answer = signed_in_client.post(locked, {"subject": "y", "description": "new"})

    assert answer.status_code == 302
    (row,) = stored(directus)
    assert (row["subject"], row["description"]) == ("y", "old")


@pytest.mark.parametrize("reason", ["right", "version"])
def test_another_field_is_not_read(
    signed_in_client, directus, tickets, locked, token, reason
):
    if reason == "version":
        directus.state.has_policies = False
    elif tickets.rights:
        tickets.rights["read"] -= {"code"}

    page = signed_in_client.get(locked)

    assert page.status_code == 200
    # The site's token reads all fields.
    is_locked = page.context["form"].fields["description"].disabled
    assert is_locked == (token == "site")


def test_it_costs_no_further_call(signed_in_client, directus, locked):
    signed_in_client.get(locked)
    directus.forget_calls()

    signed_in_client.get(locked)

    assert [call.path for call in directus.calls] == ["/items/tickets"]


def test_an_unknown_field_of_a_condition_is_not_asked_for(
    signed_in_client,
    change,
    directus,
    ada,
):
    rule = {"_or": [{"nothing": {"_eq": 1}}, {"product": {"name": {"_eq": "x"}}}]}
    change("description", conditions=[{"rule": rule, "readonly": True}])
    pk = directus.add_item("tickets", owner=ada.id, subject="x")

    assert signed_in_client.get(f"/tickets/{pk}/edit/").status_code == 200


def test_a_number_beyond_all_limits_matches_nothing():
    assert not conditions.matches({"field": {"_lt": 0}}, {"field": 10**400})
