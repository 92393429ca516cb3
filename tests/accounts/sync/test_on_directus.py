"""directus_sync on a real Directus."""

import json
import time
from datetime import timedelta
from urllib.parse import urlencode
from uuid import UUID

import pytest
from django.db import connections
from django.utils import timezone

from accounts.core import clients
from accounts.directus import ids as fixed_ids
from accounts.mirror.users import mirror_user
from accounts.models import User
from accounts.sync import changes, run
from tests.between import Between

from .mirrored import local

pytestmark = [pytest.mark.django_db, pytest.mark.versions]


@pytest.mark.real
def test_a_real_directus_is_mirrored(directus_server, make_customer, settings):
    settings.DIRECTUS_URL = directus_server.directus.url
    settings.DIRECTUS_SERVICE_TOKEN = directus_server.service_token
    people = [make_customer(first_name=f"C{number}") for number in range(3)]
    client = clients.service_client()

    first = run.sync_users(client)
    directus_server.admin.patch_user(people[0].id, status="suspended")
    directus_server.admin.delete_user(people[1].id)
    second = run.sync_users(client, max_deactivate=100)

    assert first.created == first.seen == User.objects.count()
    assert second.deactivated == 2
    active = {str(user.directus_id) for user in User.objects.filter(is_active=True)}
    assert active & {person.id for person in people} == {people[2].id}


@pytest.fixture
def date_updated(directus_server):
    """The field, as an operator or directus_setup adds it, readable for the site."""
    admin = directus_server.admin
    field = {
        "field": "date_updated",
        "type": "timestamp",
        "meta": {"special": ["date-updated"], "readonly": True, "hidden": True},
        "schema": {},
    }
    fields = admin.call("GET", "/fields/directus_users")
    had_it = any(one["field"] == "date_updated" for one in fields)
    if not had_it:
        admin.call("POST", "/fields/directus_users", field)
    rules = {"policy": fixed_ids.SERVICE_POLICY, "collection": "directus_users"} | {
        "action": "read"
    }
    rule = {"_and": [{name: {"_eq": value}} for name, value in rules.items()]}
    query = urlencode({"filter": json.dumps(rule)})
    (right,) = admin.call("GET", f"/permissions?{query}")
    path, before = f"/permissions/{right['id']}", right["fields"]
    admin.call("PATCH", path, {"fields": sorted({*before, "date_updated"})})
    yield
    admin.call("PATCH", path, {"fields": before})
    if not had_it:
        admin.call("DELETE", "/fields/directus_users/date_updated")


@pytest.mark.real
@pytest.mark.directus(11)
def test_a_real_directus_keeps_the_time_of_change(
    directus_server, make_customer, settings, date_updated
):
    settings.DIRECTUS_URL = directus_server.directus.url
    settings.DIRECTUS_SERVICE_TOKEN = directus_server.service_token
    client = clients.service_client()
    people = [make_customer() for _ in range(3)]
    run.sync_users(client)
    time.sleep(1.1)
    since = timezone.now()
    directus_server.admin.patch_user(people[0].id, first_name="New")
    directus_server.admin.patch_user(people[1].id, status="suspended")

    by_field = {str(id_) for id_ in changes._from_field(client, since, 2)}
    changed = changes.changed_since(client, since)
    outcome = run.sync_some(client, changed, max_deactivate=100.0)

    assert by_field == {people[0].id, people[1].id}
    assert (outcome.updated, outcome.deactivated) == (2, 1)
    assert local(people[0]).first_name == "New"


@pytest.mark.real
def test_a_real_directus_lists_the_changed_users(
    directus_server, make_customer, settings
):
    settings.DIRECTUS_URL = directus_server.directus.url
    settings.DIRECTUS_SERVICE_TOKEN = directus_server.service_token
    client = clients.service_client()
    people = [make_customer() for _ in range(4)]
    run.sync_users(client)
    time.sleep(1.1)
    since = timezone.now()
    directus_server.admin.patch_user(people[0].id, first_name="New")
    directus_server.admin.patch_user(people[1].id, status="suspended")
    directus_server.admin.delete_user(people[2].id)

    ids = changes.changed_since(client, since)
    outcome = run.sync_some(client, ids, max_deactivate=100.0)

    assert {str(id_) for id_ in ids} == {person.id for person in people[:3]}
    assert (outcome.updated, outcome.deactivated) == (2, 2)
    assert local(people[0]).first_name == "New"


@pytest.mark.real
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kind", ["all", "user", "since"])
def test_a_page_that_is_late_gives_no_rights_back(
    directus_server, make_customer, settings, kind
):
    settings.DIRECTUS_SERVICE_TOKEN = directus_server.service_token
    settings.DIRECTUS_SUPERUSER_ROLES = [directus_server.customer_role]
    demoted, suspended = make_customer(), make_customer()
    since = timezone.now() - timedelta(minutes=5)
    with Between(directus_server.directus.url) as between:
        settings.DIRECTUS_URL = between.url
        run.sync_users(clients.service_client())
        assert local(demoted).is_superuser
        changed = []

        def change_meanwhile(body):
            if changed or demoted.id not in body or suspended.id not in body:
                return
            changed.append(body)
            directus_server.admin.patch_user(demoted.id, role=None)
            directus_server.admin.patch_user(suspended.id, status="suspended")
            for person in (demoted, suspended):
                mirror_user(clients.service_client().get_user(person.id))
            connections.close_all()

        between.before_answer = change_meanwhile
        client = clients.service_client()
        if kind == "all":
            run.sync_users(client)
        elif kind == "user":
            ids = [UUID(demoted.id), UUID(suspended.id)]
            run.sync_some(client, ids, max_deactivate=100.0)
        else:
            ids = changes.changed_since(client, since)
            run.sync_some(client, ids, max_deactivate=100.0)

    assert changed
    assert not local(demoted).is_superuser
    assert not local(suspended).is_active


@pytest.mark.real
def test_a_real_directus_tells_the_time(directus_server, settings):
    settings.DIRECTUS_URL = directus_server.directus.url

    theirs = clients.anonymous_client().get_time()

    assert abs(timezone.now() - theirs) < timedelta(minutes=1)
