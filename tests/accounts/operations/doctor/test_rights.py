"""directus_doctor: what the site's token, the public and customers may do."""

import pytest

from accounts.directus import InvalidCredentials, ids
from accounts.operations.doctor import rights, sign_up
from accounts.operations.doctor.findings import Verdict
from accounts.operations.provisioning import rights as needed

from .made_up import ROLE, add_policy


def test_a_missing_token_warns_of_sign_ups_by_others(site, settings):
    settings.DIRECTUS_SERVICE_TOKEN = ""

    answer = rights.token(site)

    assert answer.verdict is Verdict.WARNING
    assert "whether the owner of an address" in answer.reason
    assert "directus_setup" in answer.line


def test_a_token_that_does_not_work(site):
    site.token_error = InvalidCredentials(401, "INVALID_CREDENTIALS")

    assert rights.token(site).verdict is Verdict.PROBLEM


def test_an_administrators_token(site):
    site.global_rights["admin_access"] = True

    assert rights.token_rights(site).verdict is Verdict.PROBLEM


def test_a_token_that_may_not_read_enough(site):
    site.rights["directus_users"]["read"]["fields"].remove("status")

    answer = rights.token_rights(site)

    assert answer.verdict is Verdict.PROBLEM
    assert "read status" in answer.reason


@pytest.mark.parametrize(
    ("collection", "action"),
    [("directus_users", "delete"), ("directus_files", "create")],
)
def test_a_token_of_an_earlier_set_up(site, collection, action):
    site.rights[collection][action] = {"access": "none"}

    answer = rights.token_rights(site)

    assert answer.verdict is Verdict.PROBLEM
    assert f"{action} {collection}" in answer.reason


def test_fields_of_the_profile_need_rights(site, settings):
    settings.DIRECTUS_PROFILE_FIELDS = ["company"]

    for check in (rights.token_rights, rights.customer):
        answer = check(site)
        assert answer.verdict is Verdict.PROBLEM
        assert "company" in answer.reason


@pytest.mark.parametrize(
    ("collection", "action", "right", "named"),
    [
        ("directus_users", "update", {"fields": ["role"]}, "update role"),
        ("directus_users", "update", {"access": "full"}, "update all users"),
        ("directus_users", "create", {"fields": ["token"]}, "create token"),
        ("directus_users", "delete", {"access": "full"}, "delete all users"),
        ("directus_files", "read", {"access": "full"}, "read every file"),
        ("directus_files", "delete", {"access": "full"}, "delete every file"),
    ],
)
def test_a_token_that_may_do_too_much(site, collection, action, right, named):
    had = site.rights[collection][action]
    right = right | {"fields": [*had["fields"], *right.get("fields", [])]}
    site.rights[collection][action] = had | right

    answer = rights.token_rights(site)

    assert answer.verdict is Verdict.WARNING
    assert named in answer.reason


def test_rights_of_the_public(site):
    add_policy(site, None)
    row = {"policy": "p", "action": "create", "fields": ["*"], "permissions": {}}
    site._permissions = [*site._permissions, row]

    answer = rights.public(site)

    assert answer.verdict is Verdict.PROBLEM
    assert "create" in answer.reason


@pytest.mark.parametrize("power", ["admin_access", "app_access"])
def test_customers_with_power(site, power):
    add_policy(site, ROLE, **{power: True})

    assert rights.customer_role(site).verdict is Verdict.PROBLEM
    assert sign_up.role(site).verdict is Verdict.PROBLEM


def test_power_that_customers_inherit(site):
    site.roles[0]["parent"] = "above"
    site.roles.append({"id": "above", "name": "Staff", "parent": ROLE})
    add_policy(site, "above", admin_access=True)

    assert rights.customer_role(site).verdict is Verdict.PROBLEM


@pytest.mark.parametrize(
    ("row", "named"),
    [
        ({"action": "update", "fields": ["role"], "permissions": needed.OWN}, "role"),
        ({"action": "update", "fields": ["*"], "permissions": needed.OWN}, "*"),
        ({"action": "read", "fields": ["*"], "permissions": {}}, "read others"),
        ({"action": "create", "fields": ["*"], "permissions": None}, "create"),
    ],
)
def test_customers_who_may_too_much(site, row, named):
    site._permissions.append({"policy": ids.CUSTOMER_POLICY} | row)

    answer = rights.customer(site)

    assert answer.verdict is Verdict.PROBLEM
    assert named in answer.reason


def test_customers_who_cannot_read_their_status(site):
    site._permissions[0]["fields"] = ["id", "email"]

    assert "status" in rights.customer(site).reason


def test_customers_who_cannot_switch_on_a_second_factor(site):
    site._permissions[1]["fields"] = ["first_name", "last_name", "password"]

    assert "tfa_secret" in rights.customer(site).reason


@pytest.mark.parametrize("role", [ROLE, ""])
def test_a_customers_role_that_is_not_there(site, settings, role):
    settings.DIRECTUS_CUSTOMER_ROLE = role
    site.roles = []

    assert rights.customer_role(site).verdict in {Verdict.PROBLEM, Verdict.WARNING}
    assert rights.customer(site).verdict is Verdict.UNKNOWN
