"""directus_doctor: version 10, and version 12 without a licence."""

import pytest

from accounts.directus import ids
from accounts.operations.doctor import licence, registry, rights, server, sign_up
from accounts.operations.doctor.findings import Verdict


@pytest.mark.parametrize(
    "function",
    [
        licence.licence,
        server.login_attempts,
        rights.token_rights,
        rights.public,
        rights.customer_role,
        rights.customer,
        sign_up.role,
    ],
    ids=lambda function: function.__name__,
)
def test_a_site_on_version_10_that_is_set_up_is_well(site_of_10, function):
    assert function(site_of_10).verdict is Verdict.OK


@pytest.mark.parametrize("power", ["admin_access", "app_access"])
def test_powers_of_a_role_of_version_10(site_of_10, power):
    site_of_10.roles[0][power] = True

    assert rights.customer_role(site_of_10).verdict is Verdict.PROBLEM
    assert sign_up.role(site_of_10).verdict is Verdict.PROBLEM


def test_rights_of_the_public_of_version_10(site_of_10):
    row = {"policy": None, "action": "read", "fields": ["*"], "permissions": {}}
    site_of_10._permissions.append(row)

    assert rights.public(site_of_10).verdict is Verdict.PROBLEM


@pytest.mark.parametrize("function", [sign_up.reset_link, server.address])
def test_what_version_10_does_not_tell(site_of_10, function):
    assert registry._answer(function, site_of_10).verdict is Verdict.UNKNOWN


def test_without_a_licence_the_token_cannot_be_narrower(unlicensed):
    answer = rights.token_rights(unlicensed)

    assert answer.verdict is Verdict.OK
    assert "administrator's password" in answer.reason
    assert rights.customer(unlicensed).verdict is Verdict.OK


def test_with_a_licence_such_a_token_is_too_wide(unlicensed):
    unlicensed.public_info["license"]["source"] = "env"

    assert rights.token_rights(unlicensed).verdict is Verdict.WARNING
    assert "licence" in licence.licence(unlicensed).reason


def test_without_a_licence_a_site_needs_its_token(unlicensed, settings):
    settings.DIRECTUS_SERVICE_TOKEN = ""

    assert rights.token(unlicensed).verdict is Verdict.PROBLEM


def test_without_a_licence_customers_may_still_not_read_others(unlicensed):
    row = {"policy": ids.CUSTOMER_POLICY, "action": "read", "fields": ["*"]}
    unlicensed._permissions.append(row | {"permissions": {}})

    assert rights.customer(unlicensed).verdict is Verdict.PROBLEM
