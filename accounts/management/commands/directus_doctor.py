"""Check that Directus is reachable, safe and configured."""

import json
import sys

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_email
from django.db import DatabaseError

from ...core.mail_server import Failed
from ...core.mail_troubles import in_words
from ...operations.doctor import Verdict, examine, mail
from ...operations.doctor.reports import stored

USAGE, FOUND_SOMETHING = 2, 3


class Command(BaseCommand):
    help = (
        "Check Directus and its use by this site; change nothing in Directus. "
        "Each check prints a line: verdict, id, reason, and a line to paste. The admin "
        "shows the last report under Health. "
        "Exit codes: 0 fine, 1 failed, 2 wrong usage, 3 a check needs attention."
    )
    requires_system_checks = []

    def add_arguments(self, parser):
        parser.add_argument(
            "--send-test-mail",
            metavar="ADDRESS",
            help="Send a mail to this address instead, and say whether the mail "
            "server took it.",
        )
        parser.add_argument("--format", choices=["text", "json"], default="text")

    def handle(self, *, format, send_test_mail, **options):
        if send_test_mail is not None:
            self._send_test_mail(send_test_mail)
            return
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

    def _send_test_mail(self, address):
        if not settings.EMAIL_URL:
            raise CommandError("EMAIL_URL is empty: this site sends no mails.")
        try:
            validate_email(address)
        except ValidationError:
            raise CommandError("That is no email address.", returncode=USAGE) from None
        try:
            mail.send_test_mail(address)
        except Failed as error:
            raise CommandError(in_words(error.trouble)) from None
        self.stdout.write(self.style.SUCCESS("The mail server took the mail."))

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
