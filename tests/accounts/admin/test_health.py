"""The health panel: what the doctor found last, for staff that may look."""

import time

import pytest
from django.contrib.auth.models import Permission

from accounts.admin_site import health
from accounts.core import mails, outbox, postman
from accounts.core.mail_troubles import Trouble
from accounts.models import User
from accounts.operations.doctor import Finding, Verdict
from accounts.operations.doctor.registry import CHECKS
from accounts.operations.doctor.reports import last_report, stored

pytestmark = pytest.mark.django_db

PANEL = "/admin/health/"
FINDINGS = [
    Finding("directus.reach", Verdict.OK, "Directus answers."),
    Finding("links.reset", Verdict.PROBLEM, "<b>Not listed.", "ALLOW_LIST=x"),
    Finding("directus.clock", Verdict.UNKNOWN, "Cannot tell."),
]


@pytest.fixture
def report():
    """A report of some findings."""
    return list(stored(iter(FINDINGS)))


@pytest.fixture
def examine(monkeypatch):
    """Let the doctor find all of it well, without looking."""
    findings = [Finding(check_id, Verdict.OK, "Fine.") for check_id in CHECKS]
    monkeypatch.setattr(health, "examine", lambda: iter(findings))


def allow(*names):
    me = User.objects.get(email="editor@example.com")
    me.user_permissions.set(Permission.objects.filter(codename__in=names))


def test_it_shows_the_last_report_what_is_wrong_first(root, report):
    page = root.get(PANEL)

    assert "1 finding needs attention." in page.text
    places = [page.text.index(finding.id) for finding in FINDINGS]
    assert places[1] < places[2] < places[0]
    assert "ALLOW_LIST=x" in page.text
    assert "&lt;b&gt;Not listed." in page.text


def test_before_the_first_run_it_says_so(root):
    assert "No check has run yet" in root.get(PANEL).text


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "No email is waiting to be sent."),
        (1, "1 email has been waiting to be sent since"),
        (2, "2 emails wait to be sent, the oldest since"),
    ],
)
def test_it_shows_the_mails_that_wait(root, monkeypatch, number, words):
    monkeypatch.setattr(postman, "call", lambda: None)
    for _ in range(number):
        mails.send("deletion_cancelled", None, to="canary@example.com")

    page = root.get(PANEL)

    assert words in " ".join(page.text.split())
    assert "given up" not in page.text
    assert "canary" not in page.text


def test_it_shows_why_mails_were_given_up(root, monkeypatch):
    monkeypatch.setattr(postman, "call", lambda: None)
    mails.send("deletion_cancelled", None, to="canary@example.com")
    mail = outbox.next_due()
    outbox.claim(mail)
    outbox.give_up(mail, Trouble.RECIPIENT)

    page = root.get(PANEL)

    assert "The last emails that were given up:" in page.text
    assert "deletion_cancelled" in page.text
    assert "The recipient&#x27;s address was refused." in page.text


def test_it_is_linked_from_the_index_for_users_who_may_look(root, editor):
    assert PANEL in root.get("/admin/").text
    assert PANEL not in editor.get("/admin/").text


def test_run_now_stores_a_new_report(root, report, examine):
    response = root.post(PANEL, follow=True)

    assert "Check finished." in response.text
    assert {finding.verdict for finding in last_report().findings} == {Verdict.OK}


def test_run_now_is_limited(root, examine):
    for _ in range(3):
        response = root.post(PANEL, follow=True)

    assert "The last check was just now" in response.text


def test_run_now_ends_when_it_takes_too_long(root, monkeypatch):
    def slowly():
        for check_id in CHECKS:
            time.sleep(0.05)
            yield Finding(check_id, Verdict.OK, "Fine.")

    monkeypatch.setattr(health, "examine", slowly)
    monkeypatch.setattr(health, "MOST_SECONDS", 0.12)

    root.post(PANEL)

    findings = last_report().findings
    assert [finding.id for finding in findings] == list(CHECKS)
    assert findings[0].verdict == Verdict.OK
    assert findings[-1].verdict == Verdict.UNKNOWN


@pytest.mark.parametrize("names", [[], ["view_user", "change_user"]])
def test_staff_without_the_permission_may_not_look(editor, report, names):
    allow(*names)

    assert editor.get(PANEL).status_code == 403
    assert editor.post(PANEL).status_code == 403


def test_staff_with_the_view_permission_alone_cannot_run_it(editor, report, examine):
    allow("view_healthreport")

    page = editor.get(PANEL)

    assert page.status_code == 200
    assert "Check now" not in page.text
    assert editor.post(PANEL).status_code == 403
    assert last_report().findings == FINDINGS


def test_visitors_and_customers_do_not_come_here(client, report):
    assert client.get(PANEL).status_code == 302


def test_customers_do_not_come_here(signed_in_client, report):
    assert signed_in_client.get(PANEL, follow=True).status_code == 403


def test_a_real_run_holds_no_secret(root, directus, settings, service_token):
    """The doctor asks the fake, which does not know all it asks for."""
    settings.DIRECTUS_WEBHOOK_SECRET = "canary-" + "w" * 40
    directus.is_down()

    # No page of the admin without Directus, when it is time to ask: it is not yet.
    page = root.post(PANEL, follow=True)

    assert page.status_code == 200
    stored_text = str(last_report())
    for secret in (service_token, settings.DIRECTUS_WEBHOOK_SECRET):
        assert secret not in page.text
        assert secret not in stored_text
