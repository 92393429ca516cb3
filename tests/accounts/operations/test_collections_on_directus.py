"""The collections and rights that directus_setup makes, tried on a real Directus."""

import json
import secrets
from io import StringIO

import pytest
from django.core.management import call_command

from accounts.core import clients
from accounts.directus import (
    BearerAuth,
    DirectusClient,
    Forbidden,
    InvalidPayload,
    Transport,
    ids,
)
from accounts.operations.doctor import items
from accounts.operations.doctor.findings import Verdict
from accounts.operations.doctor.site import Site

pytestmark = [pytest.mark.real, pytest.mark.versions]

with_rules = pytest.mark.directus(10, 11)
without_rules = pytest.mark.directus(12)
ALL = {"number": {"_nnull": True}}


@pytest.fixture
def setup(directus_server, settings):
    """Run directus_setup; returns its JSON document."""
    settings.DIRECTUS_URL = directus_server.directus.url
    settings.PUBLIC_URL = directus_server.site_url
    token = directus_server.state.secrets()["admin_token"]
    usual = {"admin_token": token, "env_file": directus_server.state.site_env}

    def run():
        output = StringIO()
        call_command("directus_setup", stdout=output, yes=True, format="json", **usual)
        return json.loads(output.getvalue())

    return run


@pytest.fixture
def admin(directus_server, setup):
    """An administrator; the collections are made again after the test."""
    yield directus_server.admin
    setup()


@pytest.fixture
def doctor(directus_server, settings):
    """The site, for the checks of the doctor."""
    settings.DIRECTUS_URL = directus_server.directus.url
    settings.DIRECTUS_SERVICE_TOKEN = directus_server.service_token
    settings.DIRECTUS_CUSTOMER_ROLE = directus_server.customer_role
    clients._transport.cache_clear()
    return Site


def client_of(stack, token):
    return DirectusClient(Transport(stack.directus.url), auth=BearerAuth(token))


@pytest.fixture
def service(directus_server):
    """A client with the site's own token."""
    return client_of(directus_server, directus_server.service_token)


@pytest.fixture
def customers(directus_server, make_customer):
    """Two customers: the id and a client with the own token of each."""

    def sign_in():
        row = make_customer()
        token = directus_server.admin.sign_in(row.email, row.password)
        return row.id, client_of(directus_server, token)

    return sign_in(), sign_in()


def ticket(client, owner, **values):
    """Create a ticket with a client."""
    values = {"subject": f"Ticket {secrets.token_hex(4)}", "owner": owner} | values
    return client.create_item("tickets", values, key="number")


def listed(client, rule=ALL, fields=("number", "subject")):
    return client.list_items("tickets", fields=fields, rule=rule, limit=-1).rows


def right_path(stack, action):
    """Return the address of a right of customers, and the right."""
    is_old = stack.directus.version.major == 10
    owner = ("role", stack.customer_role) if is_old else ("policy", ids.CUSTOMER_POLICY)
    rows = stack.admin.call("GET", "/permissions?limit=-1")
    (row,) = [
        row
        for row in rows
        if (row["collection"], row["action"]) == ("tickets", action)
        and row[owner[0]] == owner[1]
    ]
    return f"/permissions/{row['id']}", row


# The set-up


def test_everything_is_made_from_nothing_and_once(admin, setup):
    for name in ("tickets", "products"):
        admin.call("DELETE", f"/collections/{name}")

    first, second = setup(), setup()

    made = [each["name"] for each in first["changes"] if each["kind"] == "collection"]
    assert made == ["products", "tickets"]
    assert all(each["made"] for each in first["changes"])
    assert second["changes"] == []
    assert first["own_collections"] == second["own_collections"] == []
    fields = admin.call("GET", "/fields/tickets")
    targets = {row["field"]: row["schema"]["foreign_key_table"] for row in fields}
    assert targets["owner"] == "directus_users"
    assert targets["product"] == "products"
    assert targets["attachment"] == "directus_files"


def test_the_row_stays_when_its_owner_is_deleted(admin, make_customer):
    row = make_customer()
    pk = admin.call("POST", "/items/tickets", {"owner": row.id, "subject": "Lasting"})

    admin.delete_user(row.id)

    assert admin.call("GET", f"/items/tickets/{pk['number']}")["owner"] is None
    admin.call("DELETE", f"/items/tickets/{pk['number']}")


def test_an_operators_changes_stay_and_missing_fields_come_back(admin, setup):
    admin.call("PATCH", "/fields/tickets/subject", {"meta": {"note": "Ours"}})
    admin.call("PATCH", "/fields/tickets/reply", {"meta": {"interface": "input"}})
    admin.call("DELETE", "/fields/tickets/description")

    done = setup()

    # Directus takes a deleted field out of permissions, too.
    made = [each["name"] for each in done["changes"] if each["kind"] != "permission"]
    assert made == ["tickets.description"]
    assert done["own_collections"] == [
        "tickets.reply differs from the blueprint and stays: interface."
    ]
    assert setup()["changes"] == []
    subject = admin.call("GET", "/fields/tickets/subject")
    assert subject["meta"]["note"] == "Ours"
    reply = {"meta": {"interface": "input-rich-text-md"}}
    admin.call("PATCH", "/fields/tickets/reply", reply)


def test_texts_of_operators_stay(admin, setup):
    rule = json.dumps({"key": {"_eq": "tickets_reply"}, "language": {"_eq": "de-DE"}})
    (row,) = admin.call("GET", f"/translations?filter={rule}".replace(" ", ""))
    admin.call("PATCH", f"/translations/{row['id']}", {"value": "Unsere Antwort"})

    assert setup()["changes"] == []

    admin.call("PATCH", f"/translations/{row['id']}", {"value": row["value"]})


# The rights


@with_rules
def test_a_customer_reads_and_writes_own_tickets_alone(customers, directus_server):
    (ada_id, ada), (_bob_id, bob) = customers
    pk = ticket(ada, ada_id)
    rule = {"number": {"_eq": pk}}

    assert [row["number"] for row in listed(ada)] == [pk]
    assert listed(bob) == []
    with pytest.raises(Forbidden):
        bob.update_items("tickets", rule, {"subject": "Mine now"}, key="number")
    with pytest.raises(Forbidden):
        bob.delete_items("tickets", rule)
    assert ada.update_items("tickets", rule, {"subject": "Changed"}, key="number")
    ada.delete_items("tickets", rule)
    assert listed(ada) == []


@with_rules
def test_a_forged_owner_is_refused(customers):
    (ada_id, ada), (bob_id, bob) = customers

    for owner in (bob_id, None):
        with pytest.raises((Forbidden, InvalidPayload)):
            ticket(ada, owner)
    assert listed(bob) == []
    pk = ticket(ada, ada_id)
    for values in ({"owner": bob_id}, {"owner": None}, {"reply": "Yes"}):
        with pytest.raises((Forbidden, InvalidPayload)):
            ada.update_items("tickets", {"number": {"_eq": pk}}, values, key="number")


@with_rules
@pytest.mark.parametrize("values", [{"status": "answered"}, {"reply": "Yes"}])
def test_staff_alone_answer(customers, values):
    (ada_id, ada), _bob = customers

    with pytest.raises((Forbidden, InvalidPayload)):
        ticket(ada, ada_id, **values)


@with_rules
def test_the_owner_is_preset(customers):
    (ada_id, ada), _bob = customers

    ada.create_item("tickets", {"subject": "Without owner"}, key="number")

    assert listed(ada, fields=["owner"]) == [{"owner": ada_id}]


@with_rules
def test_products_are_shown_and_not_written(customers, admin):
    (_ada_id, ada), _bob = customers
    row = admin.call("POST", "/items/products", {"name": "Lamp"})
    rule = {"id": {"_eq": row["id"]}}

    found = ada.list_items("products", fields=["id", "name"], rule=rule, limit=1)

    assert found.rows == [{"id": row["id"], "name": "Lamp"}]
    with pytest.raises(Forbidden):
        ada.update_items("products", rule, {"name": "Mine"})
    admin.call("DELETE", f"/items/products/{row['id']}")


@with_rules
def test_the_site_sees_rows_of_customers_and_writes_none(service, customers, admin):
    (ada_id, ada), _bob = customers
    pk = ticket(ada, ada_id)
    ours = admin.call("POST", "/items/tickets", {"subject": "Without an owner"})
    rule = {"number": {"_in": [pk, ours["number"]]}}

    assert [row["number"] for row in listed(service, rule)] == [pk]
    with pytest.raises(Forbidden):
        service.update_items("tickets", rule, {"subject": "Changed"}, key="number")
    with pytest.raises(Forbidden):
        ticket(service, ada_id)
    service.delete_items("tickets", {"owner": {"_eq": ada_id}})
    assert listed(ada) == []
    products = service.list_items("products", fields=["id"], rule={}, limit=-1)
    assert products.rows == []
    admin.call("DELETE", f"/items/tickets/{ours['number']}")


def test_the_site_learns_the_columns(service, customers):
    assert {"owner", "subject", "product"} <= {
        row["field"] for row in service.describe_fields("tickets")
    }
    assert {"id", "name"} <= {
        row["field"] for row in service.describe_fields("products")
    }
    with pytest.raises(Forbidden):
        customers[0][1].describe_fields("tickets")


@without_rules
def test_without_a_licence_the_site_does_everything(service, customers):
    (ada_id, ada), _bob = customers
    pk = ticket(service, ada_id)
    rule = {"number": {"_eq": pk}}

    with pytest.raises(Forbidden):
        listed(ada)
    assert service.update_items("tickets", rule, {"subject": "Changed"}, key="number")
    assert [row["subject"] for row in listed(service, rule)] == ["Changed"]
    service.delete_items("tickets", rule)
    assert listed(service, rule) == []


# The doctor


def test_the_doctor_is_content(doctor):
    for check in (items.collections, items.customers, items.token):
        answer = check(doctor())
        assert answer.verdict is Verdict.OK, answer.reason


@with_rules
@pytest.mark.parametrize("action", ["read", "update", "delete"])
def test_the_doctor_finds_a_wider_rule_and_the_set_up_narrows_it(
    doctor, directus_server, setup, action
):
    path, row = right_path(directus_server, action)
    directus_server.admin.call("PATCH", path, {"permissions": {}})

    answer = items.customers(doctor())
    setup()

    assert answer.verdict is Verdict.PROBLEM
    assert f"{action} tickets" in answer.reason
    assert right_path(directus_server, action)[1]["permissions"] == row["permissions"]


@with_rules
def test_the_doctor_finds_an_owner_that_is_not_checked(doctor, directus_server, setup):
    path, _row = right_path(directus_server, "create")
    directus_server.admin.call("PATCH", path, {"validation": None})

    answer = items.customers(doctor())
    setup()

    assert "create tickets" in answer.reason
    assert items.customers(doctor()).verdict is Verdict.OK


def test_the_doctor_finds_a_field_that_is_gone(doctor, admin):
    admin.call("DELETE", "/fields/tickets/date_updated")

    answer = items.collections(doctor())

    assert answer.verdict is Verdict.PROBLEM
    assert "date_updated" in answer.reason
