"""directus_doctor: settings that nothing can work with, and answers with gaps."""

import json
import re
from io import StringIO

import django
import pytest
from django.core.management import call_command

from accounts.core import clients
from accounts.operations.doctor import examine, registry, rights, sign_up
from accounts.operations.doctor.findings import Verdict
from accounts.operations.doctor.site import Site
from config import __version__


@pytest.mark.parametrize(
    ("name", "value", "check_id", "reason"),
    [
        ("DIRECTUS_URL", "cms.example.com", "directus.reach", "http(s)://host"),
        ("DIRECTUS_CA_BUNDLE", "/no/such/file", "directus.reach", "certificates"),
        ("DIRECTUS_SERVICE_TOKEN", "two words", "token.present", "not a token"),
    ],
)
@pytest.mark.django_db
def test_a_wrong_setting_is_a_finding(
    directus, settings, name, value, check_id, reason
):
    setattr(settings, name, value)

    found = {finding.id: finding for finding in examine()}

    assert set(found) == set(registry.CHECKS)
    assert found[check_id].verdict is Verdict.PROBLEM
    assert reason in found[check_id].reason
    assert value not in "".join(each.reason for each in found.values())


def test_a_wrong_token_is_not_a_missing_one(settings):
    settings.DIRECTUS_SERVICE_TOKEN = "two words"

    with pytest.raises(ValueError, match="token"):
        clients.service_client()
    assert "does not accept" in rights.token(Site()).reason


def test_a_check_that_finds_a_gap_stops_no_other(site, caplog):
    # A service token with rights given by hand may read a part of the settings.
    del site.settings["public_registration"]

    answer = registry._answer(sign_up.role, site)

    assert answer.verdict is Verdict.WARNING
    assert "KeyError" in answer.reason
    assert "A check of the doctor failed" in caplog.text


@pytest.mark.django_db
@pytest.mark.parametrize("format", ["text", "json"])
def test_the_command_tells_the_version_without_directus(directus, settings, format):
    settings.DIRECTUS_URL = "cms.example.com"
    output = StringIO()

    with pytest.raises(SystemExit):
        call_command("directus_doctor", format=format, stdout=output, no_color=True)

    said = output.getvalue()
    expected = f"The site is version {__version__}, on Django {django.__version__} and "
    assert re.fullmatch(r"\d+\.\d+\.\d+", __version__)
    if format == "json":
        reasons = {each["id"]: each["reason"] for each in json.loads(said)}
        assert reasons["site.version"].startswith(expected)
    else:
        assert re.search(
            f"^ok +site.version +{re.escape(expected)}", said, re.MULTILINE
        )
