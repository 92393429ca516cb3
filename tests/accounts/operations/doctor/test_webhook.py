"""directus_doctor: the Flow that tells the site of changes."""

import secrets
from datetime import timedelta

import pytest
import requests
from django.utils import timezone

from accounts.models import Attempts
from accounts.operations.doctor import webhook
from accounts.operations.doctor.findings import Verdict
from accounts.operations.doctor.site import NotReadable
from accounts.operations.provisioning import Webhook
from accounts.throttling.once import WEBHOOK_MESSAGES, Once, last_seen

from .made_up import SECRET, URL


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"status": "inactive"}, "inactive"),
        ({"operation": None}, "no operation"),
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


def arrived(*, ago=timedelta(0)):
    """Let a message of the Flow have come."""
    assert Once(WEBHOOK_MESSAGES, secrets.token_hex(8)).is_first()
    for row in Attempts.objects.all():
        row.window_ends_at -= ago
        row.save()


@pytest.fixture
def calls(site, monkeypatch):
    """Let the Flow call an address; tell whether this site is found there."""

    def at(url, *, leads_here):
        site.webhook_flow["description"] = Webhook(url, SECRET).description
        monkeypatch.setattr(webhook, "leads_here", lambda url: leads_here)

    return at


@pytest.mark.django_db
def test_a_message_that_came_proves_that_the_flow_gets_through(site, calls):
    calls(URL, leads_here=True)
    assert webhook.target(site).verdict is Verdict.UNKNOWN

    arrived()

    answer = webhook.target(site)
    assert answer.verdict is Verdict.OK
    assert URL in answer.reason


@pytest.mark.django_db
def test_a_message_to_where_the_site_was_proves_nothing(site, calls):
    calls("https://old.example.com/webhooks/directus/", leads_here=False)
    arrived()

    answer = webhook.target(site)

    assert answer.verdict is Verdict.WARNING
    assert answer.line.endswith("--webhook-url http://testserver/webhooks/directus/")


@pytest.mark.django_db
@pytest.mark.parametrize("last", [timedelta(hours=2), None])
def test_a_change_that_no_message_told_of_is_a_finding(site, calls, last):
    calls("http://testserver/webhooks/directus/", leads_here=False)
    site.last_change = timezone.now() - timedelta(hours=1)
    site.had_flow = lambda seconds: True
    if last:
        arrived(ago=last)

    answer = webhook.target(site)

    assert answer.verdict is Verdict.WARNING
    assert "the Flow sent no message" in answer.reason


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("change", "message", "verdict"),
    [
        (timedelta(hours=2), timedelta(hours=1), "ok"),
        # Received, with the time of another clock.
        (timedelta(hours=1), timedelta(hours=1, seconds=20), "ok"),
        # On its way.
        (timedelta(seconds=5), timedelta(hours=1), "ok"),
        # Before the site kept messages.
        (timedelta(days=3), None, "unknown"),
    ],
)
def test_changes_that_need_no_message(site, calls, change, message, verdict):
    calls("http://testserver/webhooks/directus/", leads_here=False)
    site.last_change = timezone.now() - change
    if message:
        arrived(ago=message)

    assert webhook.target(site).verdict == verdict


@pytest.mark.django_db
def test_a_change_before_there_was_a_flow_needs_no_message(site, calls):
    calls("http://testserver/webhooks/directus/", leads_here=False)
    site.last_change = timezone.now() - timedelta(hours=1)
    site.had_flow = lambda seconds: False

    assert webhook.target(site).verdict is Verdict.UNKNOWN


@pytest.mark.django_db
def test_a_flow_that_calls_its_own_machine_needs_a_line(site, calls):
    calls("http://localhost:8000/webhooks/directus/", leads_here=True)

    answer = webhook.target(site)

    assert answer.verdict is Verdict.UNKNOWN
    assert "IMPORT_IP_DENY_LIST" in answer.line


@pytest.mark.django_db
@pytest.mark.parametrize(("theirs", "is_here"), [(SECRET, True), ("x" * 40, False)])
def test_a_site_is_known_by_its_secret(settings, client, monkeypatch, theirs, is_here):
    """The doctor's request leaves no row that looks like a message of the Flow."""

    def post(session, url, *, data, headers, **options):
        settings.DIRECTUS_WEBHOOK_SECRET = theirs
        kind = headers.pop("Content-Type")
        return client.post("/webhooks/directus/", data, kind, headers=headers)

    settings.DIRECTUS_WEBHOOK_SECRET = SECRET
    monkeypatch.setattr(webhook.requests.Session, "post", post)

    assert webhook.leads_here(URL) is is_here
    assert last_seen(WEBHOOK_MESSAGES) is None


@pytest.mark.parametrize("answer", [ValueError(), requests.ConnectionError()])
def test_what_is_no_answer_of_this_site(settings, monkeypatch, answer):
    def post(session, url, **options):
        raise answer

    settings.DIRECTUS_WEBHOOK_SECRET = SECRET
    monkeypatch.setattr(webhook.requests.Session, "post", post)

    assert not webhook.leads_here(URL)
