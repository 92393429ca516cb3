"""What the doctor found last, kept for the admin."""

import json
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import OperationalError

from accounts.models import HealthReport
from accounts.operations.doctor import Finding, Verdict, reports

FINDINGS = [
    Finding("directus.reach", Verdict.OK, "Directus answers."),
    Finding("links.reset", Verdict.PROBLEM, "Not listed.", "ALLOW_LIST=x"),
]


@pytest.fixture
def found(monkeypatch):
    """Let the doctor find something without looking."""
    command = "accounts.management.commands.directus_doctor"
    monkeypatch.setattr(f"{command}.examine", lambda: iter(FINDINGS))


def run(**options):
    out, err = StringIO(), StringIO()
    with pytest.raises(SystemExit) as exit:
        call_command("directus_doctor", stdout=out, stderr=err, **options)
    assert exit.value.code == 3
    return out.getvalue(), err.getvalue()


@pytest.mark.django_db
def test_the_command_stores_what_it_found(found):
    run()

    report = reports.last_report()
    assert report.findings == FINDINGS
    assert report.count(Verdict.PROBLEM) == 1
    assert report.seconds >= 0


@pytest.mark.django_db
def test_the_next_report_takes_its_place(found):
    run()
    first = reports.last_report()

    run()

    assert HealthReport.objects.count() == 1
    assert reports.last_report().taken_at > first.taken_at


@pytest.mark.django_db
def test_there_is_no_report_before_the_first_run():
    assert reports.last_report() is None


def test_the_command_works_without_the_database(found, monkeypatch):
    def fail(self, **options):
        raise OperationalError("no such table")

    monkeypatch.setattr(HealthReport, "save", fail)

    out, err = run(format="json")

    assert json.loads(out) == [finding.as_dict() for finding in FINDINGS]
    assert "not stored for the admin: OperationalError" in err


@pytest.mark.django_db
def test_a_run_that_was_broken_off_stores_nothing():
    findings = reports.stored(iter(FINDINGS))
    next(findings)

    findings.close()

    assert reports.last_report() is None
