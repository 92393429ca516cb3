"""directus_doctor on a real Directus, well and spoilt."""

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command

from accounts.core import clients
from accounts.directus import ids
from accounts.operations.doctor import registry, webhook
from accounts.operations.doctor.site import Site
from accounts.throttling.once import WEBHOOK_MESSAGES, Once
from local.provider import PROVIDER
from tests.stack import is_on_postgresql

pytestmark = pytest.mark.versions


@pytest.fixture
def doctor(directus_server, settings, db):
    """Run directus_doctor against the real Directus; returns (exit code, findings)."""
    own = directus_server.site_settings()
    settings.DIRECTUS_URL = directus_server.directus.url
    settings.DIRECTUS_PUBLIC_URL = own["DIRECTUS_PUBLIC_URL"]
    settings.PUBLIC_URL = directus_server.site_url
    settings.DIRECTUS_SERVICE_TOKEN = own["DIRECTUS_SERVICE_TOKEN"]
    settings.DIRECTUS_CUSTOMER_ROLE = own["DIRECTUS_CUSTOMER_ROLE"]
    settings.DIRECTUS_WEBHOOK_SECRET = own["DIRECTUS_WEBHOOK_SECRET"]
    settings.ACCOUNT_MAILS = "site"
    limit = directus_server.admin.get_settings()["auth_login_attempts"]
    settings.DIRECTUS_LOGIN_ATTEMPTS = limit or 0

    def run():
        # A restart of Directus is an outage to the connections in use.
        clients._transport.cache_clear()
        output, code = StringIO(), 0
        try:
            call_command("directus_doctor", format="json", stdout=output)
        except SystemExit as end:
            code = end.code
        found = {row["id"]: row for row in json.loads(output.getvalue())}
        return code, found

    return run


# Always found: version 10 is old, and shows less of itself to the doctor.
BY_VERSION = {
    10: {
        "directus.version": "warning",
        "directus.address": "unknown",
    }
}


@pytest.mark.real
def test_the_local_stack_is_well(doctor, directus_server):
    assert Once(WEBHOOK_MESSAGES, "a signature").is_first()

    code, found = doctor()

    expected = BY_VERSION.get(directus_server.directus.version.major, {})
    # A reminder, as long as there is a provider.
    assert found.pop("sso.unseen")["verdict"] in {"ok", "unknown"}
    assert {
        id: row["verdict"] for id, row in found.items() if row["verdict"] != "ok"
    } == expected
    assert code == (3 if "warning" in expected.values() else 0)


@pytest.mark.real
@pytest.mark.directus(12)
def test_what_a_missing_licence_means_is_told(doctor, settings):
    _code, found = doctor()
    settings.DIRECTUS_SERVICE_TOKEN = ""
    code, without_token = doctor()

    assert "no licence" in found["directus.licence"]["reason"]
    assert "administrator's password" in found["token.rights"]["reason"]
    assert (code, without_token["token.present"]["verdict"]) == (3, "problem")


@pytest.mark.real
def test_the_doctor_creates_nothing(doctor, directus_server, mailbox):
    def look():
        counts = directus_server.admin.call("GET", "/users?aggregate[count]=id")
        rows = directus_server.admin.call("GET", "/activity?aggregate[count]=id")
        return counts, rows

    before = look()
    doctor()

    assert look() == before
    assert mailbox.count("") == 0


@pytest.mark.directus(11, 12)
@pytest.mark.real
def test_what_only_the_environment_of_directus_holds(doctor, directus_server, settings):
    settings.ACCOUNT_MAILS = "directus"
    directus_server.restart_directus(
        PASSWORD_RESET_URL_ALLOW_LIST="http://elsewhere.example.com/reset-password/",
        USER_REGISTER_URL_ALLOW_LIST="http://elsewhere.example.com/verify-email/",
        IP_TRUST_PROXY="false",
        EMAIL_SMTP_PORT="1",
    )

    code, found = doctor()

    assert code == 3
    reset, register = found["links.reset"], found["links.register"]
    url = directus_server.site_url
    assert reset["line"] == f'PASSWORD_RESET_URL_ALLOW_LIST="{url}/reset-password/"'
    assert register["line"] == f'USER_REGISTER_URL_ALLOW_LIST="{url}/verify-email/"'
    assert found["directus.address"]["verdict"] == "problem"
    assert found["directus.health"]["verdict"] == "problem"


@pytest.mark.real
def test_registration_that_mails_of_directus_need(doctor, directus_server, settings):
    settings.ACCOUNT_MAILS = "directus"

    _code, found = doctor()

    assert found["signup.registration"]["verdict"] == "problem"


@pytest.mark.real
def test_registration_that_is_open_without_need(doctor, directus_server):
    directus_server.admin.patch_settings(public_registration=True)
    try:
        _code, found = doctor()
    finally:
        directus_server.admin.patch_settings(public_registration=False)

    assert found["signup.registration"]["verdict"] == "warning"


@pytest.mark.directus(10)
@pytest.mark.real
def test_mail_that_does_not_work(doctor, directus_server):
    directus_server.restart_directus(EMAIL_SMTP_PORT="1")

    _code, found = doctor()

    assert found["directus.health"]["verdict"] == "problem"


@pytest.mark.directus(11, 12)
@pytest.mark.real
def test_addresses_that_any_client_may_claim(doctor, directus_server):
    directus_server.restart_directus(IP_TRUST_PROXY="true")

    _code, found = doctor()

    assert found["directus.address"]["verdict"] == "warning"


@pytest.mark.real
def test_a_wrong_token_is_found_and_never_shown(doctor, settings, capsys):
    settings.DIRECTUS_SERVICE_TOKEN = "a-token-that-is-wrong"

    code, found = doctor()

    assert code == 3
    assert found["token.present"]["verdict"] == "problem"
    assert settings.DIRECTUS_SERVICE_TOKEN not in json.dumps(found)


@pytest.mark.real
def test_the_text_has_one_line_for_each_check(doctor, settings):
    settings.DIRECTUS_SERVICE_TOKEN = ""
    output = StringIO()

    with pytest.raises(SystemExit) as caught:
        call_command("directus_doctor", stdout=output, no_color=True)

    lines = output.getvalue().splitlines()
    assert caught.value.code == 3
    assert [line.split()[1] for line in lines] == list(registry.CHECKS)


@pytest.fixture
def seen(make_customer, directus_server):
    """Let a user sign in to Directus now."""
    customer = make_customer()

    def sign_in():
        directus_server.admin.sign_in(customer.email, customer.password)

    return sign_in


@pytest.mark.real
@pytest.mark.skipif(is_on_postgresql(), reason="PostgreSQL keeps the time zone")
@pytest.mark.parametrize("zone", ["Asia/Kolkata", "America/New_York"])
def test_times_of_another_zone(doctor, directus_server, settings, seen, zone):
    """The Flow tells it, or without one the user who was seen last."""
    site, other = settings.DIRECTUS_SITE, "Has no Flow"

    def findings():
        for settings.DIRECTUS_SITE in (site, other):
            code, found = doctor()
            yield code, found["directus.time_zone"]

    seen()
    usual = list(findings())
    directus_server.restart_directus(TZ=zone)
    in_other_zone = list(findings())
    seen()
    after_sign_in = list(findings())

    assert [finding["verdict"] for _code, finding in usual] == ["ok"] * 2
    assert [code for code, _finding in in_other_zone] == [3] * 2
    assert [finding["line"] for _code, finding in in_other_zone] == ['TZ="UTC"'] * 2
    assert [finding["verdict"] for _code, finding in after_sign_in] == ["warning"] * 2


@pytest.mark.real
def test_a_change_that_the_flow_did_not_tell_of(
    doctor, directus_server, make_customer, monkeypatch
):
    """Because the site does not run."""
    directus_server.stop_site()
    customer = make_customer()
    directus_server.admin.patch_user(customer.id, first_name="Changed")
    monkeypatch.setattr(webhook, "SLACK", timedelta(seconds=-1))
    monkeypatch.setattr(Site, "had_flow", lambda site, seconds: True)

    _code, found = doctor()

    assert found["webhook.target"]["verdict"] == "warning"
    assert "the Flow sent no message" in found["webhook.target"]["reason"]


@pytest.mark.real
def test_how_old_the_flow_is(doctor, directus_server):
    doctor()

    assert Site().had_flow(0)
    assert not Site().had_flow(24 * 3600)


@pytest.mark.real
def test_a_flow_that_calls_where_the_site_was(doctor, directus_server, settings):
    directus_server.stop_site()
    assert Once(WEBHOOK_MESSAGES, "a signature").is_first()
    settings.PUBLIC_URL = "http://elsewhere.example.com"

    code, found = doctor()

    assert code == 3
    assert found["webhook.target"]["verdict"] == "warning"
    assert "elsewhere.example.com" in found["webhook.target"]["line"]


@pytest.mark.directus(12)
@pytest.mark.real
def test_seats_that_are_all_taken(doctor, make_customer, directus_server):
    role = directus_server.admin.role_id("Administrator")
    _code, before = doctor()
    others = [make_customer(role=role) for _ in range(2)]
    try:
        _code, found = doctor()
    finally:
        for row in others:
            directus_server.admin.delete_user(row.id)

    assert "1 of 3 seats" in before["directus.seats"]["reason"]
    assert "3 of 3 seats" in found["directus.seats"]["reason"]
    assert found["directus.seats"]["verdict"] == "warning"


@pytest.mark.directus(11, 12)
@pytest.mark.real
def test_a_service_token_that_lost_its_rights(doctor, directus_server):
    """As after an upgrade to 12, which applies none of the permissions of 11."""
    rows = directus_server.admin.call(
        "GET", f"/permissions?filter[policy][_eq]={ids.SERVICE_POLICY}&limit=-1"
    )
    rows = [row for row in rows if row.get("id")]
    number = [row.pop("id") for row in rows]
    directus_server.admin.call("DELETE", "/permissions", number)
    try:
        code, found = doctor()
    finally:
        directus_server.admin.call("POST", "/permissions", rows)

    assert code == 3
    assert "lacks: read avatar" in found["token.rights"]["reason"]
    assert found["rights.customer"]["verdict"] == "warning"


# Single sign-on


@pytest.mark.directus(11)
@pytest.mark.real
def test_providers_are_tried_with_the_first_hop(doctor):
    _code, found = doctor()

    assert PROVIDER in found["sso.providers"]["reason"]
    for check in ("start", "redirect", "request", "reauthentication", "identifiers"):
        assert found[f"sso.{check}"]["verdict"] == "ok", found[f"sso.{check}"]
    assert f"Soft: {PROVIDER}" in found["sso.reauthentication"]["reason"]
    assert "DEFAULT_ROLE_ID" in found["sso.unseen"]["reason"]


@pytest.mark.directus(11)
@pytest.mark.real
def test_providers_that_are_set_up_unsafely(doctor, directus_server, make_customer):
    name = PROVIDER.upper()
    directus_server.restart_directus(
        **{
            "AUTH_PROVIDERS": f"{PROVIDER},away",
            "AUTH_ALLOWED_PUBLIC_URLS": "http://elsewhere.example.com/sso",
            f"AUTH_{name}_SCOPE": "openid email offline_access",
            f"AUTH_{name}_PLAIN_CODE_CHALLENGE": "true",
            f"AUTH_{name}_PARAMS": 'json:{"max_age":"300"}',
            "AUTH_AWAY_DRIVER": "openid",
            "AUTH_AWAY_CLIENT_ID": "x",
            "AUTH_AWAY_CLIENT_SECRET": "x",
            "AUTH_AWAY_ISSUER_URL": "http://127.0.0.1:9/",
            "AUTH_AWAY_ISSUER_DISCOVERY_MUST_SUCCEED": "false",
        }
    )
    customer = make_customer()
    directus_server.admin.patch_user(
        customer.id, provider=PROVIDER, external_identifier=customer.email.upper()
    )

    code, found = doctor()

    # The doctor of other tests would find it, too.
    directus_server.admin.delete_user(customer.id)
    assert code == 3
    assert found["sso.start"]["line"] == "AUTH_AWAY_ISSUER_URL=…"
    assert "AUTH_ALLOWED_PUBLIC_URLS" in found["sso.redirect"]["line"]
    assert "not S256" in found["sso.request"]["reason"]
    assert "offline_access" in found["sso.request"]["reason"]
    assert f"Hard, by max_age: {PROVIDER}" in found["sso.reauthentication"]["reason"]
    assert found["sso.identifiers"]["line"] == f'AUTH_{name}_IDENTIFIER_KEY="sub"'
    problems = {id for id, row in found.items() if row["verdict"] == "problem"}
    assert {id for id in problems if id.startswith("sso.")} == {
        "sso.start",
        "sso.redirect",
        "sso.request",
        "sso.identifiers",
    }


@pytest.mark.directus(12)
@pytest.mark.real
def test_why_there_are_no_buttons_without_a_licence(doctor):
    _code, found = doctor()

    assert "only with a licence" in found["sso.providers"]["reason"]


@pytest.mark.directus(10)
@pytest.mark.real
def test_version_10_needs_a_rule_of_its_proxy(doctor, directus_server):
    directus_server.restart_directus(
        AUTH_PROVIDERS="hub10",
        AUTH_HUB10_DRIVER="oauth2",
        AUTH_HUB10_CLIENT_ID="x",
        AUTH_HUB10_CLIENT_SECRET="x",
        AUTH_HUB10_AUTHORIZE_URL="http://127.0.0.1:9/a",
        AUTH_HUB10_ACCESS_URL="http://127.0.0.1:9/b",
        AUTH_HUB10_PROFILE_URL="http://127.0.0.1:9/c",
    )

    _code, found = doctor()

    assert found["sso.redirect"]["verdict"] == "problem"
    assert found["sso.redirect"]["line"].startswith("location = /auth/login/hub10/")
