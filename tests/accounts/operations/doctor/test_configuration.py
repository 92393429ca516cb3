"""directus_doctor: the site's settings against Directus'."""

import pytest

from accounts.operations.doctor import configuration
from accounts.operations.doctor.findings import Verdict


def test_roles_in_the_settings_that_do_not_exist(site, settings):
    settings.DIRECTUS_STAFF_ROLES = ["Customer", "Redaktion"]
    settings.DIRECTUS_ROLE_GROUPS = {"Django site": ["a policy gives this"]}

    answer = configuration.roles(site)

    assert answer.verdict is Verdict.WARNING
    assert answer.reason.endswith("of the settings: Redaktion.")


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
