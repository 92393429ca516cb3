"""directus_setup --sso: what sets a single sign-on provider up, printed."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from accounts.operations.provisioning import Server
from accounts.operations.provisioning.sso import KINDS, sso_plan
from tests.fake_directus import CUSTOMER

SITE = "https://www.example.com"
ADDRESS = f"{SITE}/sso/auth/login/exampleid/callback"


@pytest.fixture
def setup(directus, settings, monkeypatch):
    """Run directus_setup --sso; returns what it prints."""
    settings.PUBLIC_URL = SITE
    settings.DIRECTUS_CUSTOMER_ROLE = directus.state.role_id(CUSTOMER)
    monkeypatch.delenv("DIRECTUS_ADMIN_TOKEN", raising=False)

    def run(*args):
        output = StringIO()
        call_command("directus_setup", "--sso", *args, stdout=output, no_color=True)
        return output.getvalue()

    return run


@pytest.fixture
def version(monkeypatch):
    """Return a function that lets Directus tell a version, and its licence."""

    def be(text, **more):
        info = {"version": text} | more
        monkeypatch.setattr(
            "accounts.directus.DirectusClient.get_server_info", lambda self: info
        )

    return be


def document(printed):
    return json.loads(printed)


def test_the_lines_are_printed_without_an_administrator(setup, directus, settings):
    printed = setup("exampleid").splitlines()

    assert f"  {ADDRESS}" in printed
    for line in (
        'AUTH_PROVIDERS="exampleid"',
        f'AUTH_ALLOWED_PUBLIC_URLS="{SITE}/sso"',
        'IP_TRUST_PROXY="127.0.0.1"',
        'AUTH_EXAMPLEID_DRIVER="openid"',
        'AUTH_EXAMPLEID_ISSUER_DISCOVERY_MUST_SUCCEED="false"',
        'AUTH_EXAMPLEID_ALLOW_PUBLIC_REGISTRATION="true"',
        'AUTH_EXAMPLEID_REQUIRE_VERIFIED_EMAIL="true"',
        f'AUTH_EXAMPLEID_DEFAULT_ROLE_ID="{settings.DIRECTUS_CUSTOMER_ROLE}"',
        'AUTH_EXAMPLEID_LABEL="Exampleid"',
    ):
        assert line in printed
    assert {call.method for call in directus.calls} == {"GET"}


def test_providers_that_are_there_stay(setup, directus):
    directus.add_provider("hub", driver="oauth2")
    directus.add_provider("exampleid")

    lines = document(setup("google", "--format=json"))["environment_of_directus"]
    again = document(setup("hub", "--format=json"))["environment_of_directus"]

    assert lines["AUTH_PROVIDERS"] == "hub,exampleid,google"
    assert again["AUTH_PROVIDERS"] == "hub,exampleid"


def test_json_has_all_that_the_text_has(setup, version):
    version("11.17.4")

    found = document(setup("exampleid", "--sso-kind=keycloak", "--format=json"))

    assert found["provider"] == "exampleid"
    assert found["kind"] == "keycloak"
    assert found["redirect_address"] == ADDRESS
    assert found["proxy_of_directus"] is None
    assert any("realm" in note for note in found["notes"])


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_no_kind_has_what_is_unsafe(kind):
    plan = sso_plan("p", KINDS[kind], site_url=SITE, directus_url="", customer_role="r")
    text = json.dumps(plan.lines)

    for word in ("SYNC", "offline", "PLAIN", "ROLE_MAPPING"):
        assert word not in text
    assert plan.lines.get("AUTH_P_IDENTIFIER_KEY") != "email"
    is_oauth2 = plan.lines["AUTH_P_DRIVER"] == "oauth2"
    assert ("AUTH_P_IDENTIFIER_KEY" in plan.lines) is is_oauth2
    assert ("AUTH_P_PROFILE_URL" in plan.lines) is is_oauth2
    assert ("AUTH_P_ISSUER_URL" in plan.lines) is not is_oauth2


def test_a_value_with_quotes_can_be_pasted(setup):
    line = """AUTH_GOOGLE_PARAMS='json:{"access_type":"online"}'"""

    assert line in setup("google").splitlines()


def test_microsoft_never_says_that_an_address_is_verified(setup):
    printed = setup("microsoft")

    assert "AUTH_MICROSOFT_REQUIRE_VERIFIED_EMAIL" not in printed
    assert "Never use common" in printed


# Versions and licences


@pytest.mark.parametrize(
    ("number", "takes_site"),
    [
        ("10.13.4", False),
        ("11.14.0", False),
        ("11.14.1", True),
        ("11.17.4", True),
        ("12.0.0", True),
        ("12.0.0-rc.1", True),
        ("", True),
        ("nonsense", True),
    ],
)
def test_versions_that_can_name_the_site(number, takes_site):
    assert Server(number).takes_public_urls is takes_site


def test_an_older_version_gets_the_rules_of_its_proxy(setup, version, settings):
    settings.DIRECTUS_PUBLIC_URL = "https://directus.example.com"
    version("10.13.4")

    printed = setup("exampleid")
    found = document(setup("exampleid", "--format=json"))

    theirs = "https://directus.example.com/auth/login/exampleid/callback"
    assert found["redirect_address"] == theirs
    assert "AUTH_ALLOWED_PUBLIC_URLS" not in found["environment_of_directus"]
    nginx, caddy = found["proxy_of_directus"].values()
    assert ADDRESS in nginx
    assert ADDRESS in caddy
    assert "This Directus, 10.13.4, always" in printed
    assert nginx in printed
    assert caddy in printed


def test_a_version_that_is_not_told_is_said_to_be_unknown(setup, version):
    version("")

    assert "does not tell its version" in setup("exampleid")


def test_without_a_licence_there_are_no_providers(setup, version):
    version("12.4.0", license={"source": None})

    with pytest.raises(CommandError, match="has no licence") as caught:
        setup("exampleid")

    assert caught.value.returncode == 1


# Wrong usage, and trouble


@pytest.mark.parametrize(
    "name", ["Google", "my-id", "default", "code", "", "a b", "9id", "é"]
)
def test_what_cannot_be_a_provider_is_wrong_usage(setup, name, directus):
    with pytest.raises(CommandError, match="--sso"):
        setup(name)

    directus.was_not_asked()


def test_a_kind_needs_a_provider():
    with pytest.raises(CommandError, match="needs --sso") as caught:
        call_command("directus_setup", "--sso-kind=google")

    assert caught.value.returncode == 2


def test_directus_that_is_away_is_one_plain_sentence(setup, directus):
    directus.is_down()

    with pytest.raises(CommandError) as caught:
        setup("exampleid")

    assert caught.value.returncode == 1


def test_a_token_that_is_not_accepted_is_not_shown(setup):
    with pytest.raises(CommandError) as caught:
        setup("exampleid", "--admin-token=Canary-7f3a9")

    assert caught.value.returncode == 1
    assert "Canary" not in str(caught.value)
