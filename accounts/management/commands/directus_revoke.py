"""Sign people out everywhere. For the day somebody leaves, or keys have leaked."""

import json
import sys

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from tqdm import tqdm

from ...people import Incomplete, find_people
from ...revoking import everybody, revoke

FAILED, WRONG_USAGE, SOMETHING_LIVES = 1, 2, 3
MOST_SHOWN = 20


class Command(BaseCommand):
    help = (
        "End all sessions of users: here, and at Directus as far as its version "
        "allows. Nobody is suspended: who has a password can sign in again. Exit "
        "codes: 0 all ended, 1 Directus did not answer (run it again), 2 wrong "
        "usage or unknown user, 3 something lives on at Directus."
    )

    def add_arguments(self, parser):
        parser.add_argument(
            "users",
            nargs="*",
            metavar="USER",
            help="E-mail address, Directus id or local id.",
        )
        parser.add_argument("--all", action="store_true", help="Everybody.")
        parser.add_argument(
            "--dry-run", action="store_true", help="Count, end nothing."
        )
        parser.add_argument("--format", choices=["text", "json"], default="text")

    def handle(self, *, users, all, dry_run, format, **options):
        if bool(users) == all:
            raise CommandError("Name users, or --all.", returncode=WRONG_USAGE)
        people, unsure = (everybody(), "") if all else _found(users)
        total = get_user_model().objects.count() if all else len(people)
        hidden = None if sys.stderr.isatty() else True
        try:
            with tqdm(unit="users", disable=hidden, total=total) as bar:
                outcome = revoke(people, dry_run=dry_run, on_person=bar.update)
        except KeyboardInterrupt as error:
            text = "Interrupted: sessions may live on. Run it again."
            raise CommandError(text, returncode=FAILED) from error
        outcome.directus_failed |= bool(unsure)
        if format == "json":
            self.stdout.write(json.dumps(outcome.as_dict() | {"dry_run": dry_run}))
        else:
            self._print(outcome, dry_run)
        if unsure:
            self.stderr.write(self.style.WARNING(unsure))
        if outcome.directus_failed:
            sys.exit(FAILED)
        if outcome.left:
            sys.exit(SOMETHING_LIVES)

    def _print(self, outcome, dry_run):
        self.stdout.write(self.style.SUCCESS(_summary(outcome, dry_run)))
        for one in outcome.left[:MOST_SHOWN]:
            self.stdout.write(self.style.WARNING(f"{one.person}: {one.reason}"))
        more = len(outcome.left) - MOST_SHOWN
        if more > 0:
            text = "And %(n)d more user." if more == 1 else "And %(n)d more users."
            self.stdout.write(self.style.WARNING(text % {"n": more}))
        if not dry_run:
            self.stdout.write(_access_tokens(outcome))


def _found(texts):
    """Return whom the texts name, and in words what Directus did not say."""
    people, unsure = {}, ""
    for text in texts:
        try:
            people[text] = find_people(text)
        except Incomplete as error:
            if not error.known:
                raise CommandError(
                    f"Nobody was signed out. Directus: {error}", returncode=FAILED
                ) from error
            people[text] = error.known
            unsure = f"Others may have {text} at Directus: {error}. Run it again."
    unknown = [text for text, found in people.items() if not found]
    if unknown:
        raise CommandError(
            "Nobody was signed out. Unknown, here and at Directus: "
            + ", ".join(unknown),
            returncode=WRONG_USAGE,
        )
    return list(
        dict.fromkeys(one for found in people.values() for one in found)
    ), unsure


def _summary(outcome, dry_run):
    values = vars(outcome)
    if dry_run:
        return (
            "Would end {sessions_ended} sessions of {people} users, and revoke "
            "{tokens_held} refresh tokens at Directus."
        ).format(**values)
    return (
        "Ended {sessions_ended} sessions of {people} users; revoked "
        "{tokens_revoked} of {tokens_held} refresh tokens at Directus."
    ).format(**values)


def _access_tokens(outcome):
    """Say how long what was handed out lives on."""
    elsewhere = (
        "Access tokens that Directus gave to others live for ACCESS_TOKEN_TTL, 15 "
        "minutes by default."
    )
    until = outcome.access_tokens_until
    if until is None:
        return elsewhere
    here = "An access token that was held here lives until %(time)s (%(n)d s)."
    seconds = (until - timezone.now()).total_seconds()
    values = {"time": until.isoformat(timespec="seconds"), "n": max(0, seconds)}
    return f"{here % values} {elsewhere}"
