"""Check that Directus is reachable, safe and configured."""

import json
import sys

from django.core.management.base import BaseCommand
from django.db import DatabaseError

from ...operations.doctor import Verdict, examine
from ...operations.doctor.reports import stored

FOUND_SOMETHING = 3


class Command(BaseCommand):
    help = (
        "Check Directus and its use by this site; change nothing in Directus. "
        "Each check prints a line: verdict, id, reason, and a line to paste. The admin "
        "shows the last report under Health. "
        "Exit codes: 0 fine, 1 failed, 3 a check needs attention."
    )
    requires_system_checks = []

    def add_arguments(self, parser):
        parser.add_argument("--format", choices=["text", "json"], default="text")

    def handle(self, *, format, **options):
        findings = []
        try:
            for finding in stored(examine()):
                findings.append(finding)
                if format == "text":
                    self.stdout.write(self._line(finding))
        except DatabaseError as error:
            # The findings are complete without the report.
            text = f"The report was not stored for the admin: {type(error).__name__}"
            self.stderr.write(self.style.NOTICE(text))
        if format == "json":
            report = [finding.as_dict() for finding in findings]
            self.stdout.write(json.dumps(report, indent=2, ensure_ascii=False))
        if any(finding.needs_attention for finding in findings):
            sys.exit(FOUND_SOMETHING)

    def _line(self, finding):
        style = {
            Verdict.OK: self.style.SUCCESS,
            Verdict.WARNING: self.style.WARNING,
            Verdict.PROBLEM: self.style.ERROR,
            Verdict.UNKNOWN: self.style.NOTICE,
        }[finding.verdict]
        words = {
            Verdict.OK: "ok",
            Verdict.WARNING: "warning",
            Verdict.PROBLEM: "problem",
            Verdict.UNKNOWN: "unknown",
        }
        line = (
            f"{style(f'{words[finding.verdict]:8}')} {finding.id:24} {finding.reason}"
        )
        return f"{line}  → {finding.line}" if finding.line else line
