"""Store the doctor's last report in the database, for all workers and commands."""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from ...models import HealthReport
from .findings import Finding, Verdict

# One row holds the last report.
ROW = 1


@dataclass(frozen=True)
class Report:
    """One run: its end, its duration and its findings."""

    taken_at: datetime
    seconds: float
    findings: list[Finding]

    def count(self, verdict: Verdict) -> int:
        """Return the number of findings with a status."""
        return sum(finding.verdict == verdict for finding in self.findings)


def stored(findings: Iterable[Finding]) -> Iterator[Finding]:
    """Yield the findings of a run, and store them after the last one.

    Raises:
        DatabaseError: after the last finding; the report could not be stored.
    """
    began = time.monotonic()
    kept = []
    for finding in findings:
        kept.append(finding)
        yield finding
    HealthReport(
        pk=ROW,
        seconds=time.monotonic() - began,
        findings=[finding.as_dict() for finding in kept],
    ).save()


def last_report() -> Report | None:
    """Return the last report; None before the first."""
    row = HealthReport.objects.filter(pk=ROW).first()
    if row is None:
        return None
    findings = [
        Finding(**{**values, "verdict": Verdict(values["verdict"])})
        for values in row.findings
    ]
    return Report(row.taken_at, row.seconds, findings)
