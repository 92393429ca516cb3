"""The health panel: the last report of directus_doctor, and a button to run it."""

import time
from collections.abc import Iterator

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from config.request import AuthenticatedRequest

from ..core import audit, outbox
from ..core.mail_troubles import in_words
from ..operations.doctor import Finding, Verdict, examine
from ..operations.doctor.registry import CHECKS
from ..operations.doctor.reports import last_report, stored
from ..throttling.limits import DOCTOR_RUNS, Attempt, Throttled

# The longest time that a run may hold a worker; each check has its own time-outs.
MOST_SECONDS = 8.0
MOST_MAILS = 10
MAY_LOOK = "accounts.view_healthreport"
MAY_RUN = "accounts.run_doctor"
# Findings that need an operator come first.
RANKS = [Verdict.PROBLEM, Verdict.WARNING, Verdict.UNKNOWN, Verdict.OK]


@require_http_methods(["GET", "HEAD", "POST"])
def health(request, admin_site):
    """Show the last report; a POST makes a new one."""
    if not request.user.has_perm(MAY_LOOK):
        raise PermissionDenied(MAY_LOOK)
    if request.method == "POST":
        _run(request)
        return HttpResponseRedirect(reverse("admin:health"))
    report = last_report()
    context = {
        **admin_site.each_context(request),
        "title": _("Health"),
        "report": report,
        **_by_need(report.findings if report else []),
        "attention": report and sum(one.needs_attention for one in report.findings),
        "verdicts": _words(),
        "queue": outbox.queue(),
        "lost_mails": _lost_mails(),
        "may_run": request.user.has_perm(MAY_RUN),
    }
    return TemplateResponse(request, "admin/health.html", context)


def _lost_mails() -> list[dict[str, object]]:
    """Return the last mails that were given up."""
    return [
        {"name": each.name, "when": each.given_up_at, "why": in_words(each.error)}
        for each in outbox.given_up()[:MOST_MAILS]
    ]


def _run(request: AuthenticatedRequest) -> None:
    if not request.user.has_perm(MAY_RUN):
        raise PermissionDenied(MAY_RUN)
    attempt = Attempt(DOCTOR_RUNS, "")
    try:
        attempt.take()
    except Throttled as error:
        text = ngettext(
            "The last check was just now. Try again in %(count)d second.",
            "The last check was just now. Try again in %(count)d seconds.",
            error.retry_after,
        )
        messages.warning(request, text % {"count": error.retry_after})
        return
    try:
        for _finding in stored(_in_time(examine())):
            pass
    finally:
        attempt.failed()
    audit.record("doctor.run_by_staff", request, staff_id=request.user.pk)
    messages.success(request, _("Check finished."))


def _in_time(findings: Iterator[Finding]) -> Iterator[Finding]:
    """Yield findings while there is time, then the checks that were left out."""
    deadline = time.monotonic() + MOST_SECONDS
    seen = set()
    for finding in findings:
        seen.add(finding.id)
        yield finding
        if time.monotonic() > deadline:
            break
    reason = _("There was no time for this check. Run directus_doctor.")
    for check_id in CHECKS:
        if check_id not in seen:
            yield Finding(check_id, Verdict.UNKNOWN, reason)


def _by_need(findings: list[Finding]) -> dict[str, list[Finding]]:
    """Return what is fine apart, because the page folds it."""
    ranked = sorted(findings, key=_rank)
    return {
        "findings": [one for one in ranked if one.verdict != Verdict.OK],
        "fine": [one for one in ranked if one.verdict == Verdict.OK],
    }


def _rank(finding: Finding) -> int:
    return RANKS.index(finding.verdict)


def _words() -> dict[str, str]:
    return {
        Verdict.OK: _("OK"),
        Verdict.WARNING: _("Warning"),
        Verdict.PROBLEM: _("Problem"),
        Verdict.UNKNOWN: _("Unknown"),
    }
