"""directus_doctor: a hint names what mends the finding."""

import pytest

from accounts.directus import ids
from accounts.operations.doctor import leftovers, registry, rights, sign_up, tls
from accounts.operations.doctor.findings import Verdict
from accounts.operations.doctor.site import NotReadable, Site

from .made_up import ROLE, add_policy

SETUP = "python manage.py directus_setup"
ANOTHER_ROLE = f"{SETUP} --env-file .env --customer-role NAME"


@pytest.mark.parametrize("power", ["admin_access", "app_access"])
def test_powers_of_customers_name_their_policy_and_another_role(site, power):
    add_policy(site, ROLE, name="Editors", **{power: True})

    for check in (rights.customer_role, sign_up.role):
        answer = check(site)
        assert "policy Editors" in answer.reason
        assert answer.line == ANOTHER_ROLE


def test_registration_into_a_powerful_role_of_others_is_mended_by_the_set_up(site):
    site.roles.append({"id": "other", "name": "Staff", "parent": None})
    add_policy(site, "other", app_access=True)
    site.settings["public_registration_role"] = "other"

    assert sign_up.role(site).line == SETUP


def test_rights_over_others_name_another_role(site):
    row = {"policy": ids.CUSTOMER_POLICY, "action": "update", "fields": ["status"]}
    site._permissions.append(row | {"permissions": {}})

    assert rights.customer(site).line == ANOTHER_ROLE


def test_a_role_that_is_gone_is_made_by_name(site):
    site.roles = []

    assert rights.customer_role(site).line.endswith("--customer-role Customer")


def test_what_makes_a_token_strong_is_named(site):
    site.global_rights["admin_access"] = True
    add_policy(site, ids.SERVICE_ROLE, name="Strong")
    site.roles.append({"id": ids.SERVICE_ROLE, "name": "Django site", "parent": None})

    answer = rights.token_rights(site)

    assert "policy Strong (p)" in answer.reason
    assert answer.line == f"{SETUP} --env-file .env"


@pytest.mark.parametrize("mode", ["closed", "create"])
def test_registration_without_need_is_closed_by_the_set_up(site, settings, mode):
    settings.DIRECTUS_SIGNUP = mode

    answer = sign_up.registration(site)

    assert answer.verdict is Verdict.WARNING
    assert answer.line == SETUP


def test_registration_that_is_needed_is_said_to_be_open(site):
    assert "open in Directus itself, too" in sign_up.registration(site).reason


@pytest.mark.parametrize("field", ["status", "role", "password"])
@pytest.mark.parametrize("mode", ["register", "create"])
def test_creating_customers_needs_its_fields(site, settings, mode, field):
    settings.DIRECTUS_SIGNUP = mode
    site.rights["directus_users"]["create"]["fields"].remove(field)

    answer = rights.token_rights(site)

    assert answer.verdict is Verdict.PROBLEM
    assert f"create {field}" in answer.reason


def test_the_folder_of_another_site_is_not_ours(site):
    site.has_picture_folder = False

    assert "folder of profile pictures" in rights.token_rights(site).reason


@pytest.mark.parametrize(("number", "line"), [(10, ""), (19, "DIRECTUS_CA_BUNDLE=…")])
def test_another_list_of_authorities_renews_no_certificate(
    site, settings, monkeypatch, number, line
):
    def refuse(host, port):
        error = tls.ssl.SSLCertVerificationError()
        error.verify_code, error.verify_message = number, "why"
        raise error

    settings.DIRECTUS_URL = "https://directus.test"
    monkeypatch.setattr(tls, "days_left", refuse)

    assert tls.tls(site).line == line


def test_lists_that_directus_cuts_off_are_not_believed(monkeypatch):
    site = Site()
    site.info = {"version": "11.17.4", "queryLimit": {"default": 100, "max": 2}}
    site.token_error = None

    class Client:
        def get(self, path, params):
            return [{"id": 1}, {"id": 2}]

    site.service = Client()

    with pytest.raises(NotReadable) as caught:
        site.roles  # noqa: B018
    assert caught.value.line == 'QUERY_LIMIT_MAX="-1"'


# What an upgrade to Directus 11 leaves


@pytest.fixture
def upgraded(site):
    """A site with roles from Directus 10, on which directus_setup has run since."""
    site.roles.append({"id": ids.SERVICE_ROLE, "name": "Django site", "parent": None})
    bare = {"admin_access": False, "app_access": False}
    for role in site.roles:
        row = {"id": role["id"], "name": role["name"]} | bare
        site._policies = [*site._policies, row]
        site._access = [*site._access, {"role": role["id"], "policy": role["id"]}]
    return site


def test_policies_of_directus_10_are_named_with_their_ids(upgraded):
    answer = leftovers.leftovers(upgraded)

    assert answer.verdict is Verdict.WARNING
    for id in (ROLE, ids.SERVICE_ROLE):
        assert id in answer.reason
        assert id in answer.line
    assert answer.line.startswith("curl -X DELETE http://directus.test:8055/policies ")


def test_before_the_set_up_they_are_needed(upgraded):
    ours = {*ids.DEFAULT.policies}
    upgraded._policies = [row for row in upgraded._policies if row["id"] not in ours]

    assert leftovers.leftovers(upgraded).line == f"{SETUP} --env-file .env"


def test_directus_10_has_none(site_of_10):
    assert registry._answer(leftovers.leftovers, site_of_10).verdict is Verdict.OK
