"""directus_doctor: the Flow that tells the site of changes."""

import pytest

from accounts.doctor import webhook
from accounts.doctor.findings import Verdict
from accounts.doctor.site import NotReadable
from accounts.provisioning import Webhook
from accounts.throttling import WEBHOOK_MESSAGES, Attempt

from .made_up import SECRET, URL


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"status": "inactive"}, "switched off"),
        ({"operation": None}, "does nothing"),
        ({"description": Webhook(URL, "x" * 32).description}, "another secret"),
        ({"description": None}, "another secret"),
    ],
)
def test_a_flow_that_does_not_work(site, values, reason):
    site.webhook_flow |= values

    answer = webhook.flow(site)

    assert answer.verdict is Verdict.PROBLEM
    assert reason in answer.reason


def test_a_flow_that_is_missing(site):
    site.webhook_flow = None

    assert webhook.flow(site).verdict is Verdict.PROBLEM


def test_a_site_without_a_webhook(site, settings):
    settings.DIRECTUS_WEBHOOK_SECRET = ""

    assert webhook.secret(site).verdict is Verdict.WARNING
    for check in (webhook.flow, webhook.target):
        with pytest.raises(NotReadable):
            check(site)


@pytest.mark.django_db
def test_a_message_that_came_proves_that_the_flow_gets_through(site):
    assert webhook.target(site).verdict is Verdict.UNKNOWN

    Attempt(WEBHOOK_MESSAGES, "a signature").take()

    answer = webhook.target(site)
    assert answer.verdict is Verdict.OK
    assert URL in answer.reason


@pytest.mark.django_db
def test_a_flow_that_calls_its_own_machine_needs_a_line(site):
    url = "http://localhost:8000/webhooks/directus/"
    site.webhook_flow["description"] = Webhook(url, SECRET).description

    answer = webhook.target(site)

    assert answer.verdict is Verdict.UNKNOWN
    assert "IMPORT_IP_DENY_LIST" in answer.line
