"""directus_setup: its plan, its changes, and values that it never changes."""

import json
import re
import secrets
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from accounts.directus import ids
from accounts.directus.passwords import PASSWORD_POLICIES
from accounts.management.commands.directus_setup import Command
from accounts.operations.provisioning import Options, directus_environment
from accounts.operations.provisioning.env_file import read_value

pytestmark = pytest.mark.versions

PROFILE = "id,email,first_name,last_name,status,language,last_access,provider"
OPTIONS = Options()
ROLE = ids.customer_role_id("Customer")
since_11 = pytest.mark.directus(11, 12)
SINCE_11 = [pytest.param(path, marks=since_11) for path in ("/policies", "/access")]


def test_the_environment_of_directus_names_the_exact_links():
    lines = directus_environment(
        reset_url="https://a.example/reset-password/",
        verify_url="https://a.example/verify-email/",
        invite_url="https://a.example/invite/",
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
    lines = directus_environment(
        reset_url="", verify_url="", invite_url="", webhook_url=url
    )

    assert ("IMPORT_IP_DENY_LIST" in lines) is is_named


# The command, on a real Directus


@pytest.fixture
def setup(directus_server, settings):
    """Run directus_setup against the real Directus; returns what it prints."""
    settings.DIRECTUS_URL = directus_server.directus.url
    settings.PUBLIC_URL = directus_server.site_url
    token = directus_server.state.secrets()["admin_token"]
    usual = {"admin_token": token, "env_file": directus_server.state.site_env}

    def run(**options):
        output = StringIO()
        call_command(
            "directus_setup", stdout=output, no_color=True, **(usual | options)
        )
        return output.getvalue()

    return run


@pytest.mark.real
def test_a_second_run_changes_nothing_and_says_so(setup, directus_server):
    before = directus_server.state.site_env.read_text()

    assert "needs no changes" in setup(yes=True)
    setup(check=True)
    assert directus_server.state.site_env.read_text() == before


@pytest.mark.directus(11)
@pytest.mark.real
def test_the_lines_for_a_provider_keep_the_present_ones(setup, directus_server):
    before = directus_server.state.site_env.read_text()

    found = json.loads(setup(sso="google", format="json"))

    names = found["environment_of_directus"]["AUTH_PROVIDERS"].split(",")
    assert len(names) > 1
    assert names[-1] == "google"
    assert found["proxy_of_directus"] is None
    assert directus_server.state.site_env.read_text() == before


@pytest.mark.real
def test_a_difference_is_shown_checked_and_repaired(setup, directus_server):
    directus_server.admin.patch_settings(public_registration=True)
    try:
        with pytest.raises(CommandError) as caught:
            setup(check=True)
        shown = setup(dry_run=True)
        after_dry_run = directus_server.admin.get_settings()["public_registration"]
    finally:
        setup(yes=True)

    assert caught.value.returncode == 3
    assert "public_registration: true → false" in shown
    assert after_dry_run is True
    assert directus_server.admin.get_settings()["public_registration"] is False


@pytest.mark.real
def test_the_flow_is_compared_with_this_sites_secret(setup, directus_server, settings):
    url = f"{directus_server.site_url}/webhooks/directus/"
    settings.DIRECTUS_WEBHOOK_SECRET = directus_server.state.secrets()["webhook_secret"]
    printed = setup(yes=True, webhook_url=url)
    settings.DIRECTUS_WEBHOOK_SECRET = "Canary-7f3a9 " * 3

    with pytest.raises(CommandError) as caught:
        setup(check=True, webhook_url=url)
    shown = setup(dry_run=True, webhook_url=url)

    assert "needs no changes" in printed
    assert 'IMPORT_IP_DENY_LIST="169.254.169.254"' in printed
    assert caught.value.returncode == 3
    assert "~ operation of a flow Sign" in shown
    assert "Canary" not in shown


@pytest.mark.real
def test_without_an_address_the_flow_keeps_its_own(setup, directus_server, settings):
    settings.DIRECTUS_WEBHOOK_SECRET = directus_server.state.secrets()["webhook_secret"]
    settings.PUBLIC_URL = "https://elsewhere.example.com"

    printed = setup(check=True)

    url = f"{directus_server.site_url}/webhooks/directus/"
    assert "needs no changes" in printed
    assert f"The Flow keeps calling {url}" in printed
    (note,) = json.loads(setup(check=True, format="json"))["notes"]
    assert url in note


@pytest.mark.real
def test_json_tells_the_plan_and_what_became_of_it(setup, directus_server):
    directus_server.admin.patch_settings(public_registration=True)
    with pytest.raises(CommandError) as caught:
        setup(check=True, format="json")

    planned = json.loads(setup(dry_run=True, format="json"))
    done = json.loads(setup(yes=True, format="json"))

    assert caught.value.returncode == 3
    (change,) = planned["changes"]
    assert change == {
        "verb": "update",
        "kind": "settings",
        "name": "",
        "values": {"public_registration": False},
        "before": {"public_registration": True},
        "made": False,
    }
    assert done["changes"] == [change | {"made": True}]
    assert done["directus"] == directus_server.directus.version.number
    assert done["environment_good_to_have"]["IP_TRUST_PROXY"] == "127.0.0.1"


def test_json_asks_nothing():
    with pytest.raises(CommandError, match="give --dry-run") as caught:
        call_command("directus_setup", format="json")

    assert caught.value.returncode == 2


@pytest.mark.parametrize(
    ("text", "policy"),
    [
        ("none", None),
        ("Weak", "/^.{8,}$/"),
        ("^.{14,}$", "^.{14,}$"),
        ("/^.{14,}$/", "/^.{14,}$/"),
    ],
)
def test_password_policies(text, policy):
    parser = Command().create_parser("manage.py", "directus_setup")

    assert parser.parse_args([f"--password-policy={text}"]).password_policy == policy


def test_a_strong_policy_wants_all_kinds():
    strong = PASSWORD_POLICIES["strong"].strip("/")

    assert re.search(strong, "Aa1!aaaa")
    for weak in (
        "Aa1!aaa",
        "aa1!aaaa",
        "AA1!AAAA",
        "Aaa!aaaa",
        "Aa1aaaaa",
        "Aa1! aaaa",
    ):
        assert not re.search(strong, weak)


@pytest.mark.parametrize("text", ["", "(", "/[/"])
def test_what_is_no_pattern_is_no_policy(text):
    parser = Command().create_parser("manage.py", "directus_setup")

    with pytest.raises(CommandError):
        parser.parse_args([f"--password-policy={text}"])


@pytest.mark.real
def test_without_a_terminal_nothing_is_done(setup, directus_server, monkeypatch):
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

    assert "needs no changes" in printed


@pytest.mark.real
def test_wrong_credentials_are_one_plain_sentence(setup):
    with pytest.raises(CommandError, match="does not accept the credentials") as caught:
        setup(admin_token="wrong")

    assert caught.value.returncode == 1
