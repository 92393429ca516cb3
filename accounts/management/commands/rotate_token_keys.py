"""Seal all tokens with the newest key, so that the older ones can go."""

import sys

from django.core.management.base import BaseCommand
from tqdm import tqdm

from ...models import Session
from ...rotation import count_rows, rotate

INTERRUPTED, SOME_ARE_LEFT = 1, 3


class Command(BaseCommand):
    help = (
        "Seal Directus' tokens of all sessions with the first of "
        "TOKEN_ENCRYPTION_KEYS. Safe beside the running site, which must know that key "
        "already, and safe to interrupt and to repeat. Exit codes: 0 the older keys "
        "can go, 1 failed or interrupted, 3 rows are left, or no key reads them."
    )

    def handle(self, **options):
        hidden = None if sys.stderr.isatty() else True
        with tqdm(unit="rows", disable=hidden, total=count_rows(Session)) as bar:
            outcome = rotate(Session, on_row=bar.update)
        self._print(outcome)
        if outcome.interrupted:
            sys.exit(INTERRUPTED)
        if outcome.busy or outcome.unreadable:
            sys.exit(SOME_ARE_LEFT)

    def _print(self, outcome):
        text = "Sealed %(anew)d rows anew; %(before)d had the newest key already."
        self.stdout.write(self.style.SUCCESS(text % vars(outcome)))
        if outcome.unreadable:
            text = (
                "%(unreadable)d rows can be read by none of the keys: these people "
                "have to sign in again."
            )
            self.stdout.write(self.style.WARNING(text % vars(outcome)))
        if outcome.busy:
            text = "%(busy)d rows were in use all the time: run it again."
            self.stdout.write(self.style.WARNING(text % vars(outcome)))
        if outcome.interrupted:
            text = "Interrupted: run it again for the rest."
            self.stdout.write(self.style.WARNING(text))
