"""directus_doctor: each check on a made-up site, and all of them on a real one."""

import pytest

from accounts.directus import DirectusUnavailable, InvalidCredentials
from accounts.doctor import (
    configuration,
    examine,
    licence,
    registry,
    rights,
    server,
    sign_up,
    webhook,
)
from accounts.doctor.findings import Verdict
from accounts.doctor.site import NotReadable, Site
from accounts.provisioning import Server, Webhook, ids, version_10, wanted
from accounts.provisioning import rights as needed
from accounts.throttling import WEBHOOK_MESSAGES, Attempt

ROLE = ids.customer_role_id("Customer")
SECRET = "the secret of the tests, which is long enough"
URL = "https://www.example.com/webhooks/directus/"
POLICY = {"id": "p", "name": "P", "admin_access": False, "app_access": False}


@pytest.fixture
def site(settings):
    """A site on which every check is content; tests spoil one thing."""
    settings.DIRECTUS_SERVICE_TOKEN = "token"
    settings.DIRECTUS_CUSTOMER_ROLE = ROLE
    settings.DIRECTUS_WEBHOOK_SECRET = SECRET
    project = {"public_registration": True, "public_registration_verify_email": True}
    site = Site()
    site.token_error = None
    site.public_info = {"project": project}
    site.info = {"version": "11.17.4"}
    site.settings = {
        "auth_login_attempts": 25,
        "public_registration": True,
        "public_registration_role": ROLE,
    }
    site.global_rights = {"admin_access": False, "app_access": False}
    site.rights = summed_up(needed.service_permissions(ROLE))
    site.roles = [{"id": ROLE, "name": "Customer", "parent": None}]
    site._policies = wanted.policies()
    site._access = wanted.access(ROLE)
    site._permissions = [
        permission.values()
        for permission in needed.customer_permissions()
        if permission.collection == "directus_users"
    ]
    site.webhook_flow = {
        "id": ids.WEBHOOK_FLOW,
        "status": "active",
        "operation": ids.WEBHOOK_SIGN,
        "description": Webhook(URL, SECRET).description,
    }
    return site


def summed_up(permissions):
    """Return rights as Directus tells their owner about them."""
    found = {}
    for each in permissions:
        access = "partial" if each.permissions else "full"
        right = {"access": access, "fields": list(each.fields)}
        found.setdefault(each.collection, {})[each.action] = right
    return found


def add_policy(site, role, **values):
    """Give a role, or the public, one more policy."""
    site._policies = [*site._policies, POLICY | values]
    site._access = [*site._access, {"role": role, "policy": POLICY["id"]}]


CONTENT = [
    server.version,
    server.login_attempts,
    rights.token,
    rights.token_rights,
    rights.public,
    rights.customer_role,
    rights.customer,
    sign_up.registration,
    sign_up.role,
    sign_up.verification,
    webhook.secret,
    webhook.flow,
    configuration.roles,
]


@pytest.mark.parametrize("function", CONTENT, ids=lambda function: function.__name__)
def test_a_site_that_is_set_up_has_no_finding(site, function):
    assert function(site).verdict is Verdict.OK


@pytest.mark.parametrize(
    ("version", "verdict", "reason"),
    [
        ("11.17.0", "ok", "11.17.0"),
        ("11.16.9", "problem", "older than 11.17.0"),
        ("11.16.9", "problem", "GHSA-6q22-g298-grjh"),
        ("11.14.0", "problem", "CVE-2026-26185"),
        ("11.4.0", "problem", "GHSA-56p6-qw3c-fq2g"),
        ("10.13.4", "warning", "no more corrections. GHSA-56p6-qw3c-fq2g"),
        ("10.13.3", "problem", "older than 10.13.4"),
        ("9.26.0", "problem", "older than 10.13.4"),
        ("12.4.0", "ok", "12.4.0"),
        ("12.3.0", "problem", "older than 12.3.1"),
        ("13.0.0", "warning", "not supported yet"),
        ("", "unknown", "does not tell"),
        ("nonsense", "unknown", "does not tell"),
    ],
)
def test_versions(site, version, verdict, reason):
    site.info = {"version": version}

    answer = server.version(site)

    assert answer.verdict == verdict
    assert reason in answer.reason


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"status": "inactive"}, "switched off"),
        ({"operation": None}, "does nothing"),
        ({"description": Webhook(URL, "x" * 32).description}, "another secret"),
        ({"description": None}, "another secret"),
    ],
)
def test_a_flow_that_does_not_work(site, values, reason):
    site.webhook_flow |= values

    answer = webhook.flow(site)

    assert answer.verdict is Verdict.PROBLEM
    assert reason in answer.reason


def test_a_flow_that_is_missing(site):
    site.webhook_flow = None

    assert webhook.flow(site).verdict is Verdict.PROBLEM


def test_a_site_without_a_webhook(site, settings):
    settings.DIRECTUS_WEBHOOK_SECRET = ""

    assert webhook.secret(site).verdict is Verdict.WARNING
    for check in (webhook.flow, webhook.target):
        with pytest.raises(NotReadable):
            check(site)


@pytest.mark.django_db
def test_a_message_that_came_proves_that_the_flow_gets_through(site):
    assert webhook.target(site).verdict is Verdict.UNKNOWN

    Attempt(WEBHOOK_MESSAGES, "a signature").take()

    answer = webhook.target(site)
    assert answer.verdict is Verdict.OK
    assert URL in answer.reason


@pytest.mark.django_db
def test_a_flow_that_calls_its_own_machine_needs_a_line(site):
    url = "http://localhost:8000/webhooks/directus/"
    site.webhook_flow["description"] = Webhook(url, SECRET).description

    answer = webhook.target(site)

    assert answer.verdict is Verdict.UNKNOWN
    assert "IMPORT_IP_DENY_LIST" in answer.line


def test_directus_that_is_away_is_a_problem(site, directus):
    directus.is_down()

    assert server.reach(site).verdict is Verdict.PROBLEM


@pytest.mark.parametrize(
    ("apart", "verdict"), [(0, "ok"), (-29, "ok"), (30, "problem"), (-3600, "problem")]
)
def test_clocks(site, monkeypatch, apart, verdict):
    monkeypatch.setattr(server, "seconds_apart", lambda: apart)

    assert server.clock(site).verdict == verdict


@pytest.mark.parametrize(
    ("theirs", "ours", "line"),
    [(None, 25, "DIRECTUS_LOGIN_ATTEMPTS=0"), (3, 25, "DIRECTUS_LOGIN_ATTEMPTS=3")],
)
def test_limits_that_differ(site, settings, theirs, ours, line):
    settings.DIRECTUS_LOGIN_ATTEMPTS = ours
    site.settings["auth_login_attempts"] = theirs

    assert server.login_attempts(site).line == line


def test_no_limit_on_both_sides(site, settings):
    settings.DIRECTUS_LOGIN_ATTEMPTS = 0
    site.settings["auth_login_attempts"] = None

    assert server.login_attempts(site).verdict is Verdict.OK


def test_a_missing_token_warns_of_sign_ups_by_others(site, settings):
    settings.DIRECTUS_SERVICE_TOKEN = ""

    answer = rights.token(site)

    assert answer.verdict is Verdict.WARNING
    assert "signs up with somebody else's address first" in answer.reason
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
        ("directus_users", "update", {"access": "full"}, "update everybody"),
        ("directus_users", "create", {"fields": ["token"]}, "create token"),
        ("directus_users", "delete", {"access": "full"}, "delete everybody"),
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


def test_sign_up_that_directus_does_not_take(site):
    site.public_info["project"]["public_registration"] = False

    answer = sign_up.registration(site)

    assert answer.verdict is Verdict.PROBLEM
    assert "directus_setup" in answer.line


@pytest.mark.parametrize("mode", ["closed", "create"])
def test_sign_up_past_the_site(site, settings, mode):
    settings.DIRECTUS_SIGNUP = mode

    assert sign_up.registration(site).verdict is Verdict.WARNING


def test_sign_up_without_a_role(site):
    site.settings["public_registration_role"] = None

    assert sign_up.role(site).verdict is Verdict.PROBLEM


def test_sign_up_without_confirmation(site):
    site.public_info["project"]["public_registration_verify_email"] = False

    assert sign_up.verification(site).verdict is Verdict.PROBLEM


def test_roles_in_the_settings_that_do_not_exist(site, settings):
    settings.DIRECTUS_STAFF_ROLES = ["Customer", "Redaktion"]
    settings.DIRECTUS_ROLE_GROUPS = {"Django site": ["a policy gives this"]}

    answer = configuration.roles(site)

    assert answer.verdict is Verdict.WARNING
    assert answer.reason.endswith("does not have: Redaktion.")


@pytest.mark.parametrize(
    ("public", "upstream", "verdict"),
    [
        ("https://shop.example.org", "http://directus:8055", "ok"),
        ("http://localhost:8000", "http://127.0.0.1:8055", "ok"),
        ("http://shop.example.org", "http://10.0.0.5:8055", "warning"),
        ("https://shop.example.org", "http://cms.example.org", "warning"),
    ],
)
def test_transport(site, settings, public, upstream, verdict):
    settings.PUBLIC_URL, settings.DIRECTUS_URL = public, upstream

    assert configuration.transport(site).verdict == verdict


# Version 10, and version 12 without a licence


@pytest.fixture
def site_of_10(site, settings):
    """A site on Directus 10, where roles have rights by themselves."""
    old = Site()
    old.public_info, old.info = site.public_info, {"version": "10.13.4"}
    old.token_error, old.settings = None, site.settings
    old.me = {"id": "1", "role": ids.SERVICE_ROLE, "status": "active"}
    power = {"parent": None, "admin_access": False, "app_access": False}
    old.roles = [
        {"id": ROLE, "name": "Customer"} | power,
        {"id": ids.SERVICE_ROLE, "name": "Django site"} | power,
    ]
    wishes = [*needed.customer_permissions(), *needed.service_permissions(ROLE)]
    wishes = Server("10.13.4").attainable(wishes)
    rows = [
        version_10.with_role(permission.values(), ROLE)
        for permission in wishes
        if permission.collection == "directus_users"
    ]
    old.rights = summed_up(each for each in wishes if not each.for_customers)
    old._permissions = [row | {"policy": row["role"]} for row in rows]
    return old


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


@pytest.fixture
def unlicensed(site):
    """A site on a Directus whose licence knows no rules."""
    site.public_info["license"] = {"source": None}
    site._permissions = []
    core = Server("12.4.0", takes_rules=False)
    site.rights = summed_up(core.attainable(needed.service_permissions(ROLE)))
    return site


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


# All of them


@pytest.mark.django_db
def test_every_check_has_a_place_in_the_report():
    found = list(examine())

    assert [finding.id for finding in found] == list(registry.ORDER)
    assert set(registry._checks) == set(registry.ORDER)


def test_a_check_that_cannot_look_says_so_and_stops_nothing(site):
    def away(site):
        raise DirectusUnavailable("GET /users: timed out")

    def hidden(site):
        raise NotReadable("This needs something.")

    for function in (away, hidden):
        assert registry._answer(function, site).verdict is Verdict.UNKNOWN
