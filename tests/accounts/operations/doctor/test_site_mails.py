"""directus_doctor on a site that mails the links of sign-up and reset itself."""

import pytest

from accounts.operations.doctor import rights, server, sign_up
from accounts.operations.doctor.findings import Verdict
from accounts.operations.doctor.site import NotReadable

CONTENT = [
    sign_up.sender,
    sign_up.accounts,
    sign_up.fields,
    sign_up.registration,
    sign_up.role,
    sign_up.verification,
    # No call: the made-up site has no Directus.
    sign_up.reset_link,
    sign_up.register_link,
    rights.token_rights,
    rights.customer_role,
]


@pytest.mark.parametrize("check", CONTENT, ids=lambda check: check.__name__)
def test_a_site_that_is_set_up_has_no_finding(with_site_mails, check):
    assert check(with_site_mails).verdict is Verdict.OK


def test_registration_that_is_open_without_need(with_site_mails):
    with_site_mails.public_info["project"]["public_registration"] = True

    answer = sign_up.registration(with_site_mails)

    assert answer.verdict is Verdict.WARNING
    assert "ACCOUNT_MAILS=site" in answer.reason
    assert "directus_setup" in answer.line


@pytest.mark.parametrize("name", ["EMAIL_URL", "DIRECTUS_SERVICE_TOKEN"])
def test_a_sender_that_lacks_something(with_site_mails, settings, name):
    setattr(settings, name, "")

    assert sign_up.sender(with_site_mails).verdict is Verdict.PROBLEM


def test_a_token_from_before_there_were_invitations(with_site_mails):
    row = permission(with_site_mails, "create")
    row["validation"] = {"status": {"_in": ["active", "unverified"]}}

    answer = sign_up.accounts(with_site_mails)

    assert answer.verdict is Verdict.PROBLEM
    assert "create invited users" in answer.reason
    assert "create unverified" not in answer.reason
    assert "directus_setup" in answer.line


def test_a_token_that_may_not_activate(with_site_mails):
    row = permission(with_site_mails, "update")
    row["validation"] = {"status": {"_in": ["suspended"]}}

    assert "update active users" in sign_up.accounts(with_site_mails).reason


def test_a_token_that_cannot_read_its_own_rules(with_site_mails):
    del permission(with_site_mails, "create")["validation"]

    with pytest.raises(NotReadable) as caught:
        sign_up.accounts(with_site_mails)

    assert "directus_setup" in caught.value.line


def test_invitations_need_the_right_to_create_without_sign_up(
    with_site_mails, settings
):
    settings.DIRECTUS_SIGNUP = "closed"
    del with_site_mails.rights["directus_users"]["create"]

    assert "create status" in rights.token_rights(with_site_mails).reason


def test_sign_up_fields_that_are_missing(with_site_mails, settings):
    settings.DIRECTUS_SIGNUP_FIELDS = ["company", "vat_id"]
    with_site_mails.user_fields = [{"field": "company"}]

    answer = sign_up.fields(with_site_mails)

    assert answer.verdict is Verdict.PROBLEM
    assert "vat_id" in answer.reason
    assert "company" not in answer.reason


def test_sign_up_fields_that_the_token_may_not_write(with_site_mails, settings):
    settings.DIRECTUS_SIGNUP_FIELDS = ["company"]

    reason = rights.token_rights(with_site_mails).reason

    assert "read company" in reason
    assert "create company" in reason
    assert "update company" not in reason


def test_accounts_need_the_role_of_customers(with_site_mails, settings):
    settings.DIRECTUS_CUSTOMER_ROLE = ""

    assert rights.customer_role(with_site_mails).verdict is Verdict.PROBLEM


def test_addresses_that_do_not_arrive_are_no_problem(with_site_mails, monkeypatch):
    monkeypatch.setattr(server, "_require_probe", lambda site: None)
    monkeypatch.setattr(server, "_seen", lambda site, visitor: False)

    answer = server.address(with_site_mails)

    assert answer.verdict is Verdict.WARNING
    assert answer.line == 'IP_TRUST_PROXY="127.0.0.1"'


def permission(site, action):
    """Return the row of the service token's permission on users."""
    return next(
        row
        for row in site._permissions
        if row["action"] == action and row["policy"] == site.own.service_policy
    )
