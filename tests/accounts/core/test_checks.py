"""Contradictions in the settings are found at start."""

import pytest

from accounts.core.checks import check_settings


def ids():
    return [message.id for message in check_settings(None)]


@pytest.fixture(autouse=True)
def _service_token(settings):
    settings.DIRECTUS_SERVICE_TOKEN = "a-token"


def test_the_settings_of_the_tests_contradict_nothing(settings):
    settings.PUBLIC_URL = "http://localhost:8000"
    settings.DIRECTUS_PROFILE_FIELDS = ["company", "phone_2"]

    assert ids() == []


@pytest.mark.parametrize(
    ("name", "value", "id"),
    [
        ("SESSION_ENGINE", "django.contrib.sessions.backends.db", "accounts.E001"),
        ("SESSION_ENGINE", "django.contrib.sessions.backends.cache", "accounts.E001"),
        ("SESSION_SERIALIZER", "x.PickleSerializer", "accounts.E002"),
        ("SESSION_SAVE_EVERY_REQUEST", True, "accounts.E003"),
        ("DIRECTUS_SIGNUP", "create", "accounts.E008"),
        ("DIRECTUS_URL", "directus:8055", "accounts.E009"),
        ("DIRECTUS_SERVICE_TOKEN", "two words", "accounts.E009"),
        ("DIRECTUS_ROLE_GROUPS", ["Editor"], "accounts.E010"),
        ("DIRECTUS_ROLE_GROUPS", {"Editor": "editors"}, "accounts.E010"),
        ("DIRECTUS_CA_BUNDLE", "/nonexistent.pem", "accounts.E009"),
        ("DIRECTUS_PROFILE_FIELDS", ["company", "role"], "accounts.E012"),
        ("DIRECTUS_PROFILE_FIELDS", ["role.admin_access"], "accounts.E012"),
        ("DIRECTUS_PROFILE_FIELDS", ["time_zone"], "accounts.E012"),
        ("DIRECTUS_SIGNUP_FIELDS", ["company", "token"], "accounts.E012"),
        ("SESSION_IDLE_SECONDS", 10**9, "accounts.W001"),
        ("PUBLIC_URL", "http://www.example.com", "accounts.W002"),
        ("HTTPS", True, "accounts.W003"),
        ("EMAIL_URL", "", "accounts.W004"),
        ("EMAIL_CA_BUNDLE", "/nonexistent.pem", "accounts.E016"),
        ("DIRECTUS_SERVICE_TOKEN", "", "accounts.W005"),
    ],
)
def test_each_contradiction_has_its_own_id(settings, name, value, id):
    settings.PUBLIC_URL = "http://localhost:8000"
    setattr(settings, name, value)

    assert ids() == [id]


@pytest.mark.parametrize("missing", ["EMAIL_URL", "DIRECTUS_SERVICE_TOKEN"])
def test_mails_of_the_site_need_a_server_and_a_token(settings, missing):
    settings.PUBLIC_URL = "http://localhost:8000"
    settings.ACCOUNT_DELETION = "off"
    settings.ACCOUNT_MAILS = "site"
    settings.DIRECTUS_SERVICE_TOKEN = settings.DIRECTUS_CUSTOMER_ROLE = "x"
    assert ids() == []
    setattr(settings, missing, "")

    (message,) = check_settings(None)

    assert message.id == "accounts.E013"
    assert missing in message.msg


def test_without_a_token_deletion_can_be_off(settings):
    settings.PUBLIC_URL = "http://localhost:8000"
    settings.DIRECTUS_SERVICE_TOKEN = ""
    settings.ACCOUNT_DELETION = "off"

    assert ids() == []


def test_messages_hold_no_secret(settings):
    settings.DIRECTUS_SERVICE_TOKEN = "Canary 7f3a9"
    settings.DIRECTUS_ROLE_GROUPS = "Canary 7f3a9"

    assert "Canary" not in str(check_settings(None))
