"""directus_doctor: whether people can sign up, and as what."""

import pytest

from accounts.operations.doctor import sign_up
from accounts.operations.doctor.findings import Verdict


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
