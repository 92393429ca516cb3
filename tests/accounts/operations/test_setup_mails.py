"""directus_setup: the sender of the mails, and what follows from it."""

import json

import pytest

from accounts.directus import ids
from accounts.operations.provisioning import ProvisioningError, rights
from accounts.operations.provisioning.environment import GOOD_TO_HAVE
from accounts.operations.provisioning.mails import mails_after_set_up

from .setting_up import Changeable, runner

ROLE = ids.customer_role_id("Customer")
LISTS = (
    "PASSWORD_RESET_URL_ALLOW_LIST",
    "USER_REGISTER_URL_ALLOW_LIST",
    "USER_INVITE_URL_ALLOW_LIST",
)


@pytest.fixture
def setup(monkeypatch):
    """Run directus_setup against a stub; returns what it prints."""
    return runner(monkeypatch)


def document(setup, client=None, **options):
    options = {"yes": True, "format": "json"} | options
    return json.loads(setup(client or Changeable(), **options))


# The decision


@pytest.mark.parametrize(
    ("chosen", "has", "sender"),
    [
        ("", (True, True, True), "site"),
        ("", (False, True, True), "directus"),
        ("", (True, False, True), "directus"),
        ("", (True, True, False), "directus"),
        ("site", (False, False, False), "site"),
        ("directus", (True, True, True), "directus"),
    ],
)
def test_the_sender_after_the_set_up(chosen, has, sender):
    names = ("has_server", "has_token", "has_role")

    mails = mails_after_set_up(chosen=chosen, **dict(zip(names, has, strict=True)))

    assert mails.sender == sender


def test_the_reason_names_all_that_is_missing():
    mails = mails_after_set_up(
        chosen="site", has_server=False, has_token=False, has_role=True
    )

    assert mails.reason == (
        "it is set, but EMAIL_URL is empty and the site has no service token"
    )


def test_a_token_that_is_about_to_be_made_counts(setup, tmp_path):
    printed = setup(Changeable(), dry_run=True, env_file=tmp_path / ".env")

    assert "This site sends the mails" in printed
    assert "(ACCOUNT_MAILS=site): EMAIL_URL is set" in printed


def test_without_a_token_directus_sends_them(setup):
    printed = setup(Changeable(), dry_run=True)

    assert "Directus sends the mails" in printed
    assert "the site has no service token" in printed


@pytest.mark.parametrize("name", ["EMAIL_URL", "ACCOUNT_MAILS_CHOSEN"])
def test_the_settings_decide(setup, settings, name):
    setattr(settings, name, {"EMAIL_URL": ""}.get(name, "directus"))

    mails = document(setup, print_token=True)["account_mails"]

    assert mails["sender"] == "directus"


def test_the_file_decides_before_the_settings(setup, tmp_path):
    path = tmp_path / ".env"
    path.write_text("ACCOUNT_MAILS=directus\n")

    found = document(setup, env_file=path)

    assert found["account_mails"] == {"sender": "directus", "because": "it is set"}


# Directus' environment


def test_a_site_with_mails_of_its_own_needs_no_line(setup):
    printed = setup(Changeable(), yes=True, print_token=True)

    needed, _, good = printed.partition("These are good to have")
    assert "The site needs nothing in Directus' own environment." in needed
    for name, reason in GOOD_TO_HAVE.items():
        assert f"{name}=" in good
        assert good.count(f"# With it, {reason}.") == 1
    for name in LISTS[1:]:
        assert name not in printed


def test_a_webhook_on_the_same_machine_needs_one(setup, settings):
    settings.DIRECTUS_WEBHOOK_SECRET = "a secret of the tests, which is long enough"
    settings.PUBLIC_URL = "http://localhost:8000"

    printed = setup(Changeable(), yes=True, print_token=True)
    found = document(setup, print_token=True)

    needed, _, _good = printed.partition("These are good to have")
    assert 'IMPORT_IP_DENY_LIST="169.254.169.254"' in needed
    assert list(found["environment_of_directus"]) == ["IMPORT_IP_DENY_LIST"]
    assert list(found["environment_good_to_have"]) == list(GOOD_TO_HAVE)


def test_a_site_with_mails_of_directus_needs_all(setup, settings):
    settings.EMAIL_URL = ""

    printed = setup(Changeable(), yes=True, print_token=True)

    assert "good to have" not in printed
    assert "EMAIL_TRANSPORT" in printed
    for name in (*LISTS, *GOOD_TO_HAVE):
        assert f"{name}=" in printed


# Registration at Directus itself


def opened(role):
    return Changeable(
        settings={"public_registration": True, "public_registration_role": role}
    )


def test_registration_is_closed_where_the_site_sends_the_mails(setup, settings):
    def planned(**options):
        shown = setup(opened(ROLE), dry_run=True, print_token=True, **options)
        return "public_registration: true → false" in shown

    assert planned()
    assert not planned(keep_registration=True)
    settings.ACCOUNT_MAILS_CHOSEN = "directus"
    assert not planned()


def test_registration_for_others_stays_open(setup):
    shown = setup(opened("another-role"), dry_run=True, print_token=True)

    assert "public_registration:" not in shown


# Fields of the sign-up page


def test_the_site_writes_sign_up_fields_at_creation_alone():
    found = rights.service_permissions(ROLE, ["phone"], signup_fields=["company"])
    by_action = {
        each.action: each.fields
        for each in found
        if each.collection == "directus_users"
    }

    assert "company" in by_action["read"]
    assert "company" in by_action["create"]
    assert "company" not in by_action["update"]
    assert "phone" not in by_action["create"]


def test_a_field_of_both_pages_is_named_once():
    found = rights.service_permissions(ROLE, ["phone"], signup_fields=["phone"])

    assert [each.fields.count("phone") for each in found[:3]] == [1, 1, 1]


@pytest.mark.parametrize(
    "setting", ["DIRECTUS_PROFILE_FIELDS", "DIRECTUS_SIGNUP_FIELDS"]
)
@pytest.mark.parametrize("name", ["role", "token", "external_identifier", "status"])
def test_a_field_that_gives_power_is_refused(setup, settings, setting, name):
    setattr(settings, setting, [name])
    client = Changeable(**{"fields/directus_users": [{"field": name}]})

    with pytest.raises(Exception, match=f"{setting} cannot name {name}") as caught:
        setup(client, yes=True, print_token=True)

    assert isinstance(caught.value.__cause__, ProvisioningError)


def test_a_sign_up_field_must_exist(setup, settings):
    settings.DIRECTUS_SIGNUP_FIELDS = ["compny"]

    with pytest.raises(Exception, match="no field compny in Directus: DIRECTUS_SIGNUP"):
        setup(Changeable(), yes=True, print_token=True)
