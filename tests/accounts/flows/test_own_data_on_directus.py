"""Sessions, export and deletion by their owner, on a real Directus."""

import json
import re
import time

import pytest
import requests

from local.problem import Problem
from tests.on_wire.site import Browser

pytestmark = [pytest.mark.real, pytest.mark.versions]
DAYS_PASS = (
    "from datetime import timedelta; from django.db.models import F; "
    "from accounts.models import User; User.objects.exclude(delete_at=None)"
    ".update(delete_at=F('delete_at') - timedelta(days=15))"
)
# Other tests of this run may have left accounts that are due, too.
SUMMARY = re.compile(r"^Deleted [1-9]\d* accounts?\.$", re.MULTILINE)


@pytest.fixture
def ada(make_customer):
    return make_customer(first_name="Ada", last_name="Lovelace", language="de-DE")


def signed_in(site, user):
    browser = Browser(site.ports.site)
    browser.sign_in(user)
    return browser


def ask(browser, user):
    page = browser.post("/account/delete/", current_password=user.password)
    assert (page.status, page.location) == (302, "/account/delete/")


def delete_due(site, **settings):
    site.site.manage("shell", "-c", DAYS_PASS)
    return site.site.manage("delete_accounts", **settings)


def record_of(site, user):
    return site.admin.call("GET", f"/users/{user.id}?fields=*")


def can_sign_in(site, user):
    url = f"{site.directus.url}/auth/login"
    answer = {"email": user.email, "password": user.password}
    return requests.post(url, json=answer, timeout=20).status_code == 200


def test_ended_by_another_browser_a_session_ends_at_directus_too(live_site, ada):
    first, second = signed_in(live_site, ada), signed_in(live_site, ada)
    before = live_site.mark()

    assert first.post("/account/sessions/", others="1").status == 302

    assert second.get("/").location == "/login/?next=/"
    assert first.get("/").status == 200
    assert wait_for_calls(live_site, before, "/auth/logout") == [204]


def wait_for_calls(site, since, path):
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        found = [call.status for call in site.calls(since, path)]
        if found:
            return found
    return []


def test_the_export_has_the_profile_and_no_secret(live_site, ada):
    browser = signed_in(live_site, ada)

    page = browser.post("/account/export/")

    held = json.loads(page.text)
    assert held["directus"]["id"] == ada.id
    assert held["directus"]["first_name"] == "Ada"
    assert held["directus"]["language"] == "de-DE"
    assert held["directus_activity"][-1]["action"] == "login"
    assert held["directus_activity"][-1]["ip"] == browser.address
    assert held["site"]["user"]["email"] == ada.email
    assert len(held["site"]["sessions"]) == 1
    assert not {"password", "token", "tfa_secret", "auth_data"} & set(held["directus"])
    # A choice of the visitor is a cookie of one letter.
    cookies = [value for value in browser.cookies.values() if len(value) > 1]
    for secret in ("***", "eyJ", "$argon2", ada.password, *cookies):
        assert secret not in page.text


def test_a_user_who_is_due_is_deleted_at_directus(live_site, ada, mailbox):
    browser = signed_in(live_site, ada)
    ask(browser, ada)
    mailbox.wait_for(ada.email)

    assert SUMMARY.search(delete_due(live_site))

    assert live_site.admin.find_user(ada.email) is None
    assert browser.get("/").location == "/login/?next=/"
    assert not can_sign_in(live_site, ada)
    # The address is free again.
    live_site.admin.create_user(ada.email, ada.password, role=live_site.customer_role)
    signed_in(live_site, ada)


def test_anonymised_a_user_stays_at_directus_without_a_name(live_site, ada):
    browser = signed_in(live_site, ada)
    ask(browser, ada)

    assert SUMMARY.search(delete_due(live_site, ACCOUNT_DELETION="anonymise"))

    record = record_of(live_site, ada)
    assert record["email"].startswith("deleted-")
    assert record["status"] == "suspended"
    for name in ("first_name", "last_name", "language", "avatar"):
        assert record[name] is None, name
    assert not can_sign_in(live_site, ada)
    live_site.site.manage("directus_sync", "--user", ada.id)
    assert browser.get("/").location == "/login/?next=/"


def test_a_user_missing_in_directus_is_deleted_here(live_site, ada, without_flow):
    browser = signed_in(live_site, ada)
    ask(browser, ada)
    live_site.admin.delete_user(ada.id)

    assert SUMMARY.search(delete_due(live_site))

    kept = f"User.objects.filter(email='{ada.email}').exists()"
    command = f"from accounts.models import User; print({kept})"
    assert live_site.site.manage("shell", "-c", command).endswith("False\n")


@pytest.fixture
def held_by_a_note(live_site, ada):
    """A row in Directus that must not lose its owner."""
    admin = live_site.admin
    fields = [
        {"field": "id", "type": "integer", "schema": {"is_primary_key": True}},
        {"field": "owner", "type": "uuid", "schema": {}},
    ]
    collection = {"collection": "kept", "schema": {}, "meta": {}, "fields": fields}
    admin.call("POST", "/collections", collection)
    relation = {
        "collection": "kept",
        "field": "owner",
        "related_collection": "directus_users",
        "schema": {"on_delete": "NO ACTION"},
    }
    admin.call("POST", "/relations", relation)
    admin.call("POST", "/items/kept", {"id": 1, "owner": ada.id})
    yield
    admin.call("DELETE", "/collections/kept")


def test_a_user_held_by_a_row_in_directus_can_be_anonymised(
    live_site, ada, held_by_a_note
):
    ask(signed_in(live_site, ada), ada)

    with pytest.raises(Problem):
        delete_due(live_site)

    log = live_site.site.log.read_text()
    assert f"Directus keeps {ada.id}" in log
    output = live_site.site.manage("delete_accounts", ACCOUNT_DELETION="anonymise")
    assert "Asked Directus again about 1 deleted before." in output
    assert record_of(live_site, ada)["email"].startswith("deleted-")
