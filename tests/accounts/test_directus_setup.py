"""directus_setup: what it would do, what it does, and what it never does."""

import json
import secrets
from dataclasses import replace
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from accounts.directus import (
    BearerAuth,
    DirectusAPIError,
    DirectusClient,
    Forbidden,
    InvalidPayload,
    Transport,
)
from accounts.provisioning import (
    Options,
    ProvisioningError,
    Server,
    State,
    Webhook,
    directus_environment,
    ids,
    make_plan,
    read_state,
    render_plan,
    wanted,
    webhook,
)
from accounts.provisioning.env_file import read_value, write_values

PROFILE = "id,email,first_name,last_name,status,language,last_access,provider"
OPTIONS = Options()
ROLE = ids.customer_role_id("Customer")
since_11 = pytest.mark.directus(11, 12)
SINCE_11 = [pytest.param(path, marks=since_11) for path in ("/policies", "/access")]


# The plan


@pytest.fixture
def complete():
    """The state of a Directus that has been set up."""
    permissions = [
        *wanted.customer_permissions(),
        *wanted.service_permissions(ROLE),
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


def test_a_complete_directus_needs_nothing(complete):
    plan = plan_for(complete)

    assert plan.changes == []
    assert "Nothing to change" in "\n".join(render_plan(plan))


def test_an_empty_directus_gets_everything_in_an_order_that_works(complete):
    empty = State(ROLE, "Customer", [], [], [], [], {}, None)

    plan = plan_for(empty, token_works=False)

    kinds = list(dict.fromkeys(change.kind for change in plan.changes))
    assert kinds == ["role", "policy", "access", "permission", "settings", "user"]
    assert plan.makes_token


def test_nothing_gives_the_app_or_administration():
    for policy in wanted.policies():
        assert policy["admin_access"] is False
        assert policy["app_access"] is False


def test_fields_that_somebody_added_stay(complete):
    fields = [*wanted.PROFILE, "avatar", "company"]
    state = changed(
        complete, ids.CUSTOMER_POLICY, "directus_users", "read", fields=fields
    )

    assert plan_for(state).changes == []


@pytest.mark.parametrize("field", ["role", "status", "email", "token", "policies", "*"])
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

    assert change.values == {"permissions": wanted.OWN}


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

    assert "The token it has now stops working." in text
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
    assert "as you keep an administrator's password" in text
    assert "licence" not in "\n".join(render_plan(plan_for(complete)))


def test_a_second_run_without_a_licence_changes_nothing(complete):
    whole = CORE.attainable(wanted.service_permissions(ROLE))
    rows = [{"id": n, **each.values()} for n, each in enumerate(whole)]

    assert plan_for(replace(complete, server=CORE, permissions=rows)).changes == []


def test_a_licence_that_was_bought_narrows_what_was_whole(complete):
    whole = CORE.attainable(wanted.service_permissions(ROLE))
    rows = [{"id": n, **each.values()} for n, each in enumerate(whole)]

    plan = plan_for(replace(complete, permissions=rows))

    update = next(change for change in plan.changes if "site: update" in change.name)
    assert "*" not in update.values["fields"]
    assert update.values["permissions"]["_and"][0] == {"role": {"_eq": ROLE}}


def test_version_10_gets_roles_with_rights_and_no_policies(empty):
    plan = plan_for(replace(empty, server=TEN), token_works=False)

    kinds = {change.kind for change in plan.changes}
    assert kinds == {"role", "permission", "settings", "user"}
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
        with pytest.raises(ProvisioningError, match="not an administrator's"):
            read_state(stub, OPTIONS)


def test_an_administrators_role_of_version_10_is_refused():
    role = {"id": OTHER, "name": "Customer", "admin_access": True}
    me = {"users/me": {"role": {"admin_access": True}}}

    with pytest.raises(ProvisioningError, match="administrator rights"):
        read_state(StubDirectus(version="10.13.4", roles=[role], **me), OPTIONS)


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


# What is there


class StubDirectus:
    """Answers `get` from a table of paths."""

    def __init__(self, **tables):
        self.tables = {
            "policies/me/globals": {"admin_access": True},
            "settings": {},
        } | tables

    def get_server_info(self):
        return {"version": self.tables.get("version", "11.17.4")}

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
        return _fits_value(value[operator], operand)
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
    roles = [change.name for change in plan_for(state).changes if change.kind == "role"]
    assert roles == ["Django site"]


def test_our_role_is_known_under_another_name():
    stub = StubDirectus(roles=[{"id": ROLE, "name": "Clients", "parent": None}])

    assert read_state(stub, OPTIONS).customer_role == ROLE


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


# The environment file


def test_an_environment_file_keeps_its_other_lines(tmp_path):
    path = tmp_path / ".env"
    path.write_text("# kept\nA=1\nexport TOKEN=old\nB=2\n")

    write_values(path, {"TOKEN": "new", "ROLE": "r"})

    assert path.read_text() == "# kept\nA=1\nTOKEN=new\nB=2\nROLE=r\n"
    assert read_value(path, "TOKEN") == "new"


def test_a_new_environment_file_belongs_to_its_owner_alone(tmp_path):
    path = tmp_path / "new.env"

    write_values(path, {"TOKEN": "x"})

    assert path.stat().st_mode & 0o777 == 0o600


def test_a_linked_environment_file_stays_a_link(tmp_path):
    (tmp_path / "real").write_text("A=1\n")
    link = tmp_path / ".env"
    link.symlink_to(tmp_path / "real")

    write_values(link, {"A": "2"})

    assert link.is_symlink()
    assert (tmp_path / "real").read_text() == "A=2\n"


def test_the_environment_of_directus_names_the_exact_links():
    lines = directus_environment(
        reset_url="https://a.example/reset-password/",
        verify_url="https://a.example/verify-email/",
    )

    assert lines["PASSWORD_RESET_URL_ALLOW_LIST"] == "https://a.example/reset-password/"
    assert lines["IP_TRUST_PROXY"] == "127.0.0.1"


@pytest.mark.parametrize(
    ("url", "is_named"),
    [
        ("", False),
        ("https://www.example.com/webhooks/directus/", False),
        ("http://localhost:8000/webhooks/directus/", True),
        ("http://[::1]:8000/webhooks/directus/", True),
    ],
)
def test_directus_must_be_allowed_to_call_its_own_machine(url, is_named):
    lines = directus_environment(reset_url="", verify_url="", webhook_url=url)

    assert ("IMPORT_IP_DENY_LIST" in lines) is is_named


# The command, on a real Directus


@pytest.fixture
def setup(directus_server, settings):
    """Run directus_setup against the real Directus; returns what it prints."""
    settings.DIRECTUS_URL = directus_server.directus.url
    token = directus_server.state.secrets()["admin_token"]
    usual = {"admin_token": token, "env_file": directus_server.state.site_env}

    def run(**options):
        output = StringIO()
        call_command(
            "directus_setup", stdout=output, no_color=True, **(usual | options)
        )
        return output.getvalue()

    return run


def client_of(stack, token):
    return DirectusClient(Transport(stack.directus.url), auth=BearerAuth(token))


@pytest.fixture
def service(directus_server):
    """A client with the site's own token."""
    return client_of(directus_server, directus_server.service_token)


@pytest.fixture
def customer(directus_server, make_customer):
    """A customer, as (the row, a client with the own access token)."""
    row = make_customer(first_name="Ada")
    anonymous = DirectusClient(Transport(directus_server.directus.url))
    tokens = anonymous.login(email=row.email, password=row.password)
    return row, client_of(directus_server, tokens.access_token)


@pytest.mark.real
def test_a_second_run_changes_nothing_and_says_so(setup, directus_server):
    before = directus_server.state.site_env.read_text()

    assert "Nothing to change" in setup(yes=True)
    setup(check=True)
    assert directus_server.state.site_env.read_text() == before


@pytest.mark.real
def test_a_difference_is_shown_checked_and_repaired(setup, directus_server):
    directus_server.admin.patch_settings(public_registration=False)
    try:
        with pytest.raises(CommandError) as caught:
            setup(check=True)
        shown = setup(dry_run=True)
        after_dry_run = directus_server.admin.get_settings()["public_registration"]
    finally:
        setup(yes=True)

    assert caught.value.returncode == 3
    assert "public_registration: false → true" in shown
    assert after_dry_run is False
    assert directus_server.admin.get_settings()["public_registration"] is True


@pytest.mark.real
def test_the_flow_is_compared_with_this_sites_secret(setup, directus_server, settings):
    url = f"{directus_server.site_url}/webhooks/directus/"
    settings.DIRECTUS_WEBHOOK_SECRET = directus_server.state.secrets()["webhook_secret"]
    printed = setup(yes=True, webhook_url=url)
    settings.DIRECTUS_WEBHOOK_SECRET = "Canary-7f3a9 " * 3

    with pytest.raises(CommandError) as caught:
        setup(check=True, webhook_url=url)
    shown = setup(dry_run=True, webhook_url=url)

    assert "Nothing to change" in printed
    assert 'IMPORT_IP_DENY_LIST="169.254.169.254"' in printed
    assert caught.value.returncode == 3
    assert "~ operation of a flow Sign" in shown
    assert "Canary" not in shown


@pytest.mark.real
def test_nobody_to_ask_means_nothing_is_done(setup, directus_server, monkeypatch):
    monkeypatch.setattr("sys.stdin", StringIO())

    with pytest.raises(CommandError) as caught:
        setup(login_attempts=77)

    assert caught.value.returncode == 2
    assert directus_server.admin.get_settings()["auth_login_attempts"] != 77


@pytest.mark.real
def test_a_new_token_goes_to_the_file_and_never_to_the_screen(setup, tmp_path):
    path = tmp_path / "other.env"

    printed = setup(
        env_file=path,
        yes=True,
        service_email=f"site-{secrets.token_hex(4)}@example.com",
    )

    token = read_value(path, "DIRECTUS_SERVICE_TOKEN")
    assert len(token) > 40
    assert token not in printed
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.real
def test_a_password_works_as_well_as_a_token(setup, directus_server):
    credentials = directus_server.credentials()

    printed = setup(
        admin_token="",
        admin_email=credentials["admin_email"],
        admin_password=credentials["admin_password"],
        check=True,
    )

    assert "Nothing to change" in printed


@pytest.mark.real
def test_wrong_credentials_are_one_plain_sentence(setup):
    with pytest.raises(CommandError, match="does not accept the credentials") as caught:
        setup(admin_token="wrong")

    assert caught.value.returncode == 1


@pytest.mark.directus(10, 11)
@pytest.mark.real
def test_a_customer_reads_the_whole_own_profile(customer):
    row, client = customer

    profile = client.get("/users/me", params={"fields": f"{PROFILE},role.id,role.name"})

    assert profile.keys() == {*PROFILE.split(","), "role"}
    assert profile["email"] == row.email
    assert profile["role"]["name"] == "Customer"


@pytest.mark.real
@pytest.mark.parametrize("field", ["role", "status", "email", "token", "policies"])
def test_a_customer_cannot_change_who_they_are(customer, directus_server, field):
    row, client = customer
    values = {
        "role": directus_server.admin.role_id("Administrator"),
        "policies": [{"policy": ids.SERVICE_POLICY}],
    }

    for path in ("/users/me", f"/users/{row.id}"):
        with pytest.raises(Forbidden):
            client.patch(path, {field: values.get(field, "active")})

    assert directus_server.admin.get_user(row.id)["role"] == ids.customer_role_id(
        "Customer"
    )


def listed(client, path):
    """Return what a client sees; a refusal is nothing."""
    try:
        return client.get(path, params={"limit": "-1"})
    except Forbidden:
        return []


@pytest.mark.real
def test_a_customer_sees_and_changes_nobody_else(customer, make_customer):
    row, client = customer
    other = make_customer()

    assert {user["id"] for user in listed(client, "/users")} <= {row.id}
    assert {role["name"] for role in listed(client, "/roles")} <= {"Customer"}
    with pytest.raises(Forbidden):
        client.get(f"/users/{other.id}")
    with pytest.raises(Forbidden):
        client.patch(f"/users/{other.id}", {"first_name": "Eve"})


@pytest.mark.real
@pytest.mark.parametrize("path", ["/settings", "/activity", *SINCE_11])
def test_a_customer_reads_nothing_of_directus_itself(customer, path):
    with pytest.raises(Forbidden):
        customer[1].get(path)


@pytest.mark.directus(10, 11)
@pytest.mark.real
@pytest.mark.parametrize(
    "extra",
    [
        {"role": None},
        {"role": "Administrator"},
        {"role": {"name": "New"}},
        {"status": "bogus"},
        {"token": "a-token-of-ones-own"},
        {"policies": [{"policy": ids.SERVICE_POLICY}]},
    ],
)
def test_the_service_token_creates_nothing_but_customers(
    service, directus_server, extra
):
    email = f"new-{secrets.token_hex(6)}@example.com"
    if extra.get("role") == "Administrator":
        extra = {"role": directus_server.admin.role_id("Administrator")}

    with pytest.raises((Forbidden, InvalidPayload)):
        service.post("/users", {"email": email, "password": "x" * 20} | extra)

    assert directus_server.admin.find_user(email) is None


@pytest.mark.directus(10, 11)
@pytest.mark.real
def test_whom_the_service_token_creates_is_a_customer(service, directus_server):
    email = f"new-{secrets.token_hex(6)}@example.com"

    service.post("/users", {"email": email, "password": "x" * 20})

    user = directus_server.admin.find_user(email)
    assert user["role"] == directus_server.customer_role
    assert user["status"] == "active"


@pytest.mark.directus(10, 11)
@pytest.mark.real
def test_the_service_token_cannot_touch_administrators(service, directus_server):
    admin = directus_server.admin.find_user(
        directus_server.credentials()["admin_email"]
    )
    me = service.get("/users/me")

    for user_id in (admin["id"], me["id"]):
        for changes in ({"password": "x" * 20}, {"status": "suspended"}):
            with pytest.raises(Forbidden):
                service.patch(f"/users/{user_id}", changes)


@pytest.mark.directus(11)
@pytest.mark.real
def test_an_administrator_in_the_customers_role_is_out_of_reach(
    service, directus_server, make_customer
):
    row = make_customer()
    (policy,) = directus_server.admin.call(
        "GET", "/policies?fields=id&filter[admin_access][_eq]=true"
    )
    access = directus_server.admin.call(
        "POST", "/access", {"user": row.id, "policy": policy["id"]}
    )
    try:
        with pytest.raises(Forbidden):
            service.patch(f"/users/{row.id}", {"password": "x" * 20})
    finally:
        directus_server.admin.call("DELETE", f"/access/{access['id']}")

    service.patch(f"/users/{row.id}", {"password": "x" * 20})


@pytest.mark.real
@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PATCH", "/settings", {"public_registration": False}),
        ("POST", "/roles", {"name": "New"}),
        pytest.param(
            *("POST", "/policies", {"name": "New", "admin_access": True}),
            marks=since_11,
        ),
        pytest.param(
            *("POST", "/access", {"policy": ids.SERVICE_POLICY}), marks=since_11
        ),
        ("POST", "/permissions", {"policy": ids.SERVICE_POLICY}),
    ],
)
def test_the_service_token_cannot_widen_its_rights(service, method, path, body):
    with pytest.raises(DirectusAPIError) as caught:
        service.patch(path, body) if method == "PATCH" else service.post(path, body)

    assert caught.value.status == 403
