"""Seal all tokens and mails with the newest key; the older keys can be removed then."""

import sys

from django.core.management.base import CommandError
from tqdm import tqdm

from ...core import outbox
from ...models import Session
from ...sessions.key_rotation import count_rows, rotate
from ...sessions.tokens import newest_key_is_in_use
from ..audited import AuditedCommand

INTERRUPTED, SOME_ARE_LEFT = 1, 3


class Command(AuditedCommand):
    help = (
        "Seal Directus' tokens of all sessions, and the mails that wait, with the "
        "first of TOKEN_ENCRYPTION_KEYS. The site may run meanwhile; restart all its "
        "processes with that key first. May be interrupted and repeated. "
        "Exit codes: 0 the older keys can be removed, 1 failed or interrupted, 3 rows "
        "are left, or no key decrypts them."
    )

    def add_arguments(self, parser):
        """Add the option that skips the check of the running site."""
        parser.add_argument(
            "--anyway",
            action="store_true",
            help="Do not check that the running site uses the newest key.",
        )

    def handle(self, **options):
        if not options["anyway"] and not newest_key_is_in_use(Session):
            raise CommandError(
                "No tokens are sealed with the first of TOKEN_ENCRYPTION_KEYS yet: "
                "the running site lacks the key, or there was no request since. "
                "Restart all its processes with that key, wait for a sign-in, and run "
                "this again. If the site is stopped, use --anyway."
            )
        with tqdm(unit="rows", disable=None, total=count_rows(Session)) as bar:
            result = rotate(Session, on_row=bar.update)
        try:
            if not result.interrupted:
                result.unreadable += outbox.seal_anew()
        except KeyboardInterrupt:
            result.interrupted = True
        self.facts = {"sealed_anew": result.anew, "unreadable": result.unreadable}
        self._print(result)
        if result.interrupted:
            sys.exit(INTERRUPTED)
        if result.busy or result.unreadable:
            sys.exit(SOME_ARE_LEFT)

    def _print(self, result):
        text = (
            f"Sealed {result.anew} rows anew; {result.before} had the newest key "
            "already."
        )
        self.stdout.write(self.style.SUCCESS(text))
        if result.unreadable:
            text = (
                f"{result.unreadable} rows cannot be decrypted with any key in "
                "TOKEN_ENCRYPTION_KEYS. If the running site has another one, add it "
                "after the first, and run this again; otherwise these users "
                "have to sign in again."
            )
            self.stdout.write(self.style.WARNING(text))
        if result.busy:
            text = f"{result.busy} rows were in use: run it again."
            self.stdout.write(self.style.WARNING(text))
        if result.interrupted:
            text = "Interrupted: run it again for the rest."
            self.stdout.write(self.style.WARNING(text))
