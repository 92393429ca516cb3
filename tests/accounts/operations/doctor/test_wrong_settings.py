"""directus_doctor: settings that nothing can work with, and answers with gaps."""

import pytest

from accounts.core import clients
from accounts.operations.doctor import examine, registry, rights, sign_up
from accounts.operations.doctor.findings import Verdict
from accounts.operations.doctor.site import Site


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

    assert set(found) == set(registry.ORDER)
    assert found[check_id].verdict is Verdict.PROBLEM
    assert reason in found[check_id].reason
    assert value not in "".join(each.reason for each in found.values())


def test_a_wrong_token_is_not_a_missing_one(settings):
    settings.DIRECTUS_SERVICE_TOKEN = "two words"

    with pytest.raises(ValueError, match="token"):
        clients.service_client()
    assert "does not accept" in rights.token(Site()).reason


def test_a_check_that_finds_a_gap_stops_no_other(site, caplog):
    # A service token of somebody's own making may read a part of the settings.
    del site.settings["public_registration"]

    answer = registry._answer(sign_up.role, site)

    assert answer.verdict is Verdict.WARNING
    assert "KeyError" in answer.reason
    assert "A check of the doctor failed" in caplog.text
