"""The changes that directus_setup plans for a state of Directus."""

from dataclasses import replace

import pytest

from accounts.directus import ids
from accounts.operations.provisioning import (
    Options,
    ProvisioningError,
    Server,
    State,
    Webhook,
    make_plan,
    render_plan,
    rights,
    wanted,
    webhook,
)

PROFILE = "id,email,first_name,last_name,status,language,last_access,provider"
OPTIONS = Options()
ROLE = ids.customer_role_id("Customer")
since_11 = pytest.mark.directus(11, 12)
SINCE_11 = [pytest.param(path, marks=since_11) for path in ("/policies", "/access")]


@pytest.fixture
def complete():
    """The state of a Directus that has been set up."""
    permissions = [
        *rights.customer_permissions(),
        *rights.service_permissions(ROLE),
    ]
    return State(
        customer_role=ROLE,
        new_customer_role="",
        roles=[
            {"id": ROLE, "name": "Customer"},
            {"id": ids.SERVICE_ROLE, "name": "Django site"},
        ],
        policies=wanted.policies(),
        access=wanted.access(ROLE),
        permissions=[
            {"id": number, **permission.values()}
            for number, permission in enumerate(permissions)
        ],
        settings=wanted.settings(OPTIONS, ROLE) | {"auth_login_attempts": 25},
        service_user={"id": "1", "status": "active", "token": "**********"},
        folders=[{"id": ids.PICTURE_FOLDER, "name": "Our pictures"}],
    )


def plan_for(state, options=OPTIONS, *, token_works=True):
    return make_plan(state, options, token_works=token_works)


def changed(state, policy, collection, action, **values):
    """Return the state with one permission changed."""
    key = {"policy": policy, "collection": collection, "action": action}
    rows = [
        row | values if key.items() <= row.items() else row for row in state.permissions
    ]
    return replace(state, permissions=rows)


def test_every_row_of_a_right_is_narrowed(complete):
    """Directus 12 hides a row without a licence, and shows it again with one."""
    whole = CORE.attainable(rights.service_permissions(ROLE))
    again = [{"id": 100 + n, **each.values()} for n, each in enumerate(whole)]
    state = replace(complete, permissions=[*complete.permissions, *again])

    paths = {change.path for change in plan_for(state).changes}

    update = next(row for row in again if row["action"] == "update")
    assert f"/permissions/{update['id']}" in paths


@pytest.mark.parametrize(("value", "change"), [("/^.{8,}$/", 0), (None, 1)])
def test_the_password_policy_is_left_alone_unless_named(complete, value, change):
    state = replace(
        complete, settings=complete.settings | {"auth_password_policy": value}
    )

    assert plan_for(state).changes == []
    wish = Options(password_policy="/^.{8,}$/")
    assert len(plan_for(state, wish).changes) == change


def test_users_get_a_field_of_their_last_change(complete):
    wish = Options(modification_field=True)

    field, right = plan_for(complete, wish).changes

    assert field.path == "/fields/directus_users"
    assert right.values["fields"][-1] == "date_updated"


@pytest.mark.parametrize("special", [None, ["date-created"]])
def test_a_field_of_that_name_that_is_something_else(complete, special):
    row = {"field": "date_updated", "meta": {"special": special}}

    with pytest.raises(ProvisioningError, match="another field"):
        plan_for(replace(complete, user_fields=[row]), Options(modification_field=True))


def test_a_complete_directus_needs_nothing(complete):
    plan = plan_for(complete)

    assert plan.changes == []
    assert "needs no changes" in "\n".join(render_plan(plan))


def test_an_empty_directus_gets_everything_in_an_order_that_works(complete):
    empty = State(ROLE, "Customer", [], [], [], [], {}, None)

    plan = plan_for(empty, token_works=False)

    kinds = list(dict.fromkeys(change.kind for change in plan.changes))
    assert kinds == [
        "role",
        "policy",
        "access",
        "folder",
        "permission",
        "settings",
        "user",
    ]
    assert plan.makes_token


def test_nothing_gives_the_app_or_administration():
    for policy in wanted.policies():
        assert policy["admin_access"] is False
        assert policy["app_access"] is False


def test_added_fields_stay(complete):
    fields = [*rights.OWN_PROFILE, "company"]
    state = changed(
        complete, ids.CUSTOMER_POLICY, "directus_users", "read", fields=fields
    )

    assert plan_for(state).changes == []


@pytest.mark.parametrize(
    "field", ["role", "status", "email", "token", "policies", "avatar", "*"]
)
def test_a_field_that_makes_customers_powerful_is_taken_away(complete, field):
    fields = ["first_name", "last_name", "password", "language", "tfa_secret", field]
    state = changed(
        complete, ids.CUSTOMER_POLICY, "directus_users", "update", fields=fields
    )

    (change,) = plan_for(state).changes

    assert change.values == {"fields": fields[:-1]}
    assert f"- {field}" in "\n".join(render_plan(plan_for(state)))


def test_a_widened_rule_is_narrowed(complete):
    state = changed(
        complete, ids.CUSTOMER_POLICY, "directus_users", "read", permissions={}
    )

    (change,) = plan_for(state).changes

    assert change.values == {"permissions": rights.OWN}


def test_fields_of_the_profile_are_added_to_the_rights(complete):
    options = Options(profile_fields=("company",))

    changes = plan_for(complete, options).changes

    assert [change.name for change in changes] == [
        "Customer: read directus_users",
        "Customer: update directus_users",
        "Django site: read directus_users",
        "Django site: update directus_users",
    ]
    assert all(change.values["fields"][-1] == "company" for change in changes)


def test_the_limit_of_failures_is_left_alone_unless_named(complete):
    assert plan_for(complete, Options(login_attempts=25)).changes == []

    (change,) = plan_for(complete, Options(login_attempts=None)).changes
    assert change.values == {"auth_login_attempts": None}


def test_a_site_without_registration_leaves_the_settings_alone(complete):
    closed = replace(complete, settings={"public_registration": False})

    assert plan_for(closed, Options(open_registration=False)).changes == []


def test_a_working_token_stays(complete):
    assert not plan_for(complete, token_works=True).makes_token


def test_a_token_is_made_only_where_it_can_be_handed_over(complete):
    assert plan_for(complete, token_works=False).makes_token

    plan = plan_for(complete, Options(make_token=False), token_works=False)
    assert not plan.makes_token
    assert plan.token_missing


def test_the_plan_says_that_the_former_token_dies(complete):
    text = "\n".join(render_plan(plan_for(complete, token_works=False)))

    assert "The present token becomes invalid." in text
    assert "***" not in text


# The plan, by version and licence

CORE = Server("12.4.0", takes_rules=False)
TEN = Server("10.13.4")


@pytest.fixture
def empty():
    """The state of a Directus that has nothing of ours."""
    return State(ROLE, "Customer", [], [], [], [], {}, None)


def permissions_in(plan):
    return [change.values for change in plan.changes if change.kind == "permission"]


def test_without_a_licence_customers_get_nothing_and_the_site_gets_it_whole(empty):
    plan = plan_for(replace(empty, server=CORE), token_works=False)

    for row in permissions_in(plan):
        assert row["policy"] == ids.SERVICE_POLICY
        assert (row["fields"], row["permissions"]) == (["*"], {})
        assert row["validation"] is row["presets"] is None


def test_what_a_missing_licence_leaves_out_is_told(empty, complete):
    restricted = plan_for(replace(empty, server=CORE), token_works=False)

    text = "\n".join(render_plan(restricted))
    assert "no licence" in text
    assert "Customers get no permission" in text
    assert "like an administrator's password" in text
    assert "licence" not in "\n".join(render_plan(plan_for(complete)))


def test_a_second_run_without_a_licence_changes_nothing(complete):
    whole = CORE.attainable(rights.service_permissions(ROLE))
    rows = [{"id": n, **each.values()} for n, each in enumerate(whole)]

    assert plan_for(replace(complete, server=CORE, permissions=rows)).changes == []


def test_a_licence_that_was_bought_narrows_what_was_whole(complete):
    whole = CORE.attainable(rights.service_permissions(ROLE))
    rows = [{"id": n, **each.values()} for n, each in enumerate(whole)]

    plan = plan_for(replace(complete, permissions=rows))

    update = next(change for change in plan.changes if "site: update" in change.name)
    assert "*" not in update.values["fields"]
    assert update.values["permissions"]["_and"][0] == {"role": {"_eq": ROLE}}


def test_version_10_gets_roles_with_rights_and_no_policies(empty):
    plan = plan_for(replace(empty, server=TEN), token_works=False)

    kinds = {change.kind for change in plan.changes}
    assert kinds == {"role", "folder", "permission", "settings", "user"}
    for change in plan.changes:
        if change.kind == "role":
            assert change.values["admin_access"] is False
            assert change.values["app_access"] is False
    roles = {row["role"] for row in permissions_in(plan)}
    assert roles == {ROLE, ids.SERVICE_ROLE}
    assert not any("policy" in row for row in permissions_in(plan))


@pytest.mark.parametrize(
    ("role", "name"), [(ids.SERVICE_ROLE, "Django site"), (ROLE, "Customer")]
)
def test_a_role_of_ours_in_version_10_loses_power(complete, role, name):
    harmless = {"admin_access": False, "app_access": False}
    roles = [row | harmless for row in complete.roles]
    powerful = [row | {"app_access": row["id"] == role} for row in roles]
    state = replace(complete, server=TEN, roles=powerful)

    changes = [change for change in plan_for(state).changes if change.kind == "role"]

    assert [(change.name, change.values) for change in changes] == [
        (name, {"app_access": False})
    ]


# The Flow that tells the site of users that changed

URL = "https://www.example.com/webhooks/directus/"
WEBHOOK = Options(webhook=Webhook(URL, "a secret that nobody sees, 7f3a9"))


@pytest.fixture
def with_flow(complete):
    """The state of a Directus that has the Flow, too."""
    begin = {"operation": ids.WEBHOOK_SIGN, "icon": "bolt", "name": "Our own name"}
    return replace(
        complete,
        flows=[webhook.flow(WEBHOOK.webhook) | begin],
        operations=webhook.operations(WEBHOOK.webhook),
    )


def test_the_flow_comes_before_its_operations_and_begins_with_the_last(complete):
    plan = plan_for(complete, WEBHOOK)

    assert [(change.verb, change.kind) for change in plan.changes] == [
        ("create", "flow"),
        ("create", "operation"),
        ("create", "operation"),
        ("update", "flow"),
    ]
    assert plan.changes[-1].values == {"operation": ids.WEBHOOK_SIGN}


def test_a_flow_that_is_there_needs_nothing(with_flow):
    assert plan_for(with_flow, WEBHOOK).changes == []


def test_without_a_secret_a_flow_is_left_alone(complete, with_flow):
    assert plan_for(complete).changes == []
    assert plan_for(with_flow).changes == []


def test_a_new_secret_goes_into_the_flow_and_not_onto_the_screen(complete, with_flow):
    options = Options(webhook=Webhook(URL, "another secret for all, 8b2c4"))

    plan = plan_for(with_flow, options)

    assert [change.kind for change in plan.changes] == ["flow", "operation"]
    for shown in (plan, plan_for(complete, WEBHOOK)):
        text = "\n".join([*render_plan(shown), repr(options)])
        assert "7f3a9" not in text
        assert "8b2c4" not in text
        assert "options: not shown here" in text


def test_the_flow_knows_its_address(complete, with_flow):
    assert with_flow.webhook_url == URL
    assert complete.webhook_url == ""


def test_another_address_goes_into_the_flow(with_flow):
    options = Options(webhook=Webhook("http://site:8000/", WEBHOOK.webhook.secret))

    plan = plan_for(with_flow, options)

    assert [change.name for change in plan.changes] == ["Our own name", "Send"]


@pytest.mark.parametrize(
    "values",
    [
        {"status": "inactive"},
        {"accountability": "all"},
        {"operation": None},
        {"options": {"type": "filter"}},
    ],
)
def test_a_flow_that_was_changed_is_repaired(with_flow, values):
    state = replace(with_flow, flows=[with_flow.flows[0] | values])

    (change,) = plan_for(state, WEBHOOK).changes

    assert change.path == f"/flows/{ids.WEBHOOK_FLOW}"
    assert change.values.keys() == values.keys()
