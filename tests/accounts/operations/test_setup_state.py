"""The state that directus_setup reads from Directus, and states that it refuses."""

import json

import pytest

from accounts.directus import ids
from accounts.operations.provisioning import (
    Options,
    ProvisioningError,
    make_plan,
    read_state,
)

OPTIONS = Options()
ROLE = ids.customer_role_id("Customer")


class StubDirectus:
    """Answers `get` from a table of paths."""

    def __init__(self, **tables):
        self.tables = {
            "policies/me/globals": {"admin_access": True},
            "settings": {},
        } | tables

    def get_server_info(self):
        limit = {"default": 100, "max": self.tables.get("most", -1)}
        return {"version": self.tables.get("version", "11.17.4"), "queryLimit": limit}

    def get(self, path, params=None):
        found = self.tables.get(path.lstrip("/"), [])
        rule = json.loads((params or {}).get("filter", "{}"))
        return [row for row in found if _fits(row, rule)] if rule else found


def _fits(row, rule):
    if "_or" in rule:
        return any(_fits(row, part) for part in rule["_or"])
    return all(_fits_value(row.get(name), test) for name, test in rule.items())


def _fits_value(value, test):
    ((operator, operand),) = test.items()
    if isinstance(operand, dict):
        nested = value if isinstance(value, dict) else {}
        return _fits_value(nested.get(operator), operand)
    matches = {
        "_eq": lambda: value == operand,
        "_in": lambda: value in operand,
        "_icontains": lambda: operand.lower() in value.lower(),
    }
    return matches[operator]()


OTHER = "00000000-0000-4000-8000-000000000001"
ABOVE = "00000000-0000-4000-8000-000000000002"


def test_an_existing_role_of_that_name_is_used():
    stub = StubDirectus(roles=[{"id": OTHER, "name": "Customer", "parent": None}])

    state = read_state(stub, OPTIONS)

    assert state.customer_role == OTHER
    roles = [
        change.name
        for change in make_plan(state, OPTIONS, token_works=True).changes
        if change.kind == "role"
    ]
    assert roles == ["Django site"]


def test_our_role_is_known_under_another_name():
    stub = StubDirectus(roles=[{"id": ROLE, "name": "Clients", "parent": None}])

    assert read_state(stub, OPTIONS).customer_role == ROLE


def test_fields_of_the_profile_must_be_there():
    stub = StubDirectus(**{"fields/directus_users": [{"field": "company"}]})

    assert read_state(stub, Options(profile_fields=("company",)))
    with pytest.raises(ProvisioningError, match="no field phone in Directus"):
        read_state(stub, Options(profile_fields=("company", "phone")))


def test_two_roles_of_one_name_are_not_guessed_at():
    roles = [{"id": number, "name": "Customer"} for number in (OTHER, ABOVE)]

    with pytest.raises(ProvisioningError, match="several roles"):
        read_state(StubDirectus(roles=roles), OPTIONS)


@pytest.mark.parametrize("powerful", [OTHER, ABOVE])
def test_an_administrators_role_is_refused_even_when_inherited(powerful):
    stub = StubDirectus(
        roles=[
            {"id": OTHER, "name": "Customer", "parent": ABOVE},
            {"id": ABOVE, "name": "Staff", "parent": None},
        ],
        access=[{"id": 1, "role": powerful, "policy": {"admin_access": True}}],
    )

    with pytest.raises(ProvisioningError, match="administrator rights"):
        read_state(stub, OPTIONS)


def test_a_user_with_the_service_address_who_is_not_ours_is_refused():
    user = {"id": "1", "email": "Django-Site@example.com", "role": OTHER}

    with pytest.raises(ProvisioningError, match="--service-email"):
        read_state(StubDirectus(users=[user]), OPTIONS)


def test_credentials_of_a_customer_are_refused():
    stub = StubDirectus(**{"policies/me/globals": {"admin_access": False}})

    with pytest.raises(ProvisioningError, match="administrator"):
        read_state(stub, OPTIONS)


@pytest.mark.parametrize("version", ["9.26.0", "13.0.0", ""])
def test_a_directus_that_is_not_supported_is_left_alone(version):
    with pytest.raises(ProvisioningError, match="not supported"):
        read_state(StubDirectus(version=version), OPTIONS)


def test_the_licence_is_asked_of_version_12():
    def state_with(rules):
        licence = {"entitlements": {"custom_permission_rules_enabled": rules}}
        return read_state(StubDirectus(version="12.4.0", license=licence), OPTIONS)

    assert not state_with({"default": False}).server.takes_rules
    assert not state_with(None).server.takes_rules
    assert state_with({"default": True}).server.takes_rules


@pytest.mark.parametrize("is_admin", [True, False])
def test_version_10_tells_administrators_by_their_role(is_admin):
    stub = StubDirectus(
        version="10.13.4", **{"users/me": {"role": {"admin_access": is_admin}}}
    )

    if is_admin:
        assert not read_state(stub, OPTIONS).server.has_policies
    else:
        with pytest.raises(ProvisioningError, match="no administrator rights"):
            read_state(stub, OPTIONS)


def test_an_administrators_role_of_version_10_is_refused():
    role = {"id": OTHER, "name": "Customer", "admin_access": True}
    me = {"users/me": {"role": {"admin_access": True}}}

    with pytest.raises(ProvisioningError, match="administrator rights"):
        read_state(StubDirectus(version="10.13.4", roles=[role], **me), OPTIONS)


@pytest.mark.parametrize(("most", "is_whole"), [(2, False), (3, True), (-1, True)])
def test_lists_that_are_cut_off_are_not_built_upon(most, is_whole):
    rows = [{"id": n, "policy": ids.SERVICE_POLICY} for n in range(2)]
    stub = StubDirectus(permissions=rows, most=most)

    if is_whole:
        assert len(read_state(stub, OPTIONS).permissions) == 2
    else:
        with pytest.raises(ProvisioningError, match="QUERY_LIMIT_MAX"):
            read_state(stub, OPTIONS)
