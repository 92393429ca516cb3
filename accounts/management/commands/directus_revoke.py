"""Sign users out everywhere, for example after a key has leaked."""

import json
import sys

from django.core.management.base import CommandError
from django.utils import timezone
from tqdm import tqdm

from ...operations.lookup import Incomplete, find_users
from ...operations.revoke import end_all_sessions
from ...operations.revoke_all import end_sessions_of_everybody
from ..audited import AuditedCommand

FAILED, WRONG_USAGE, SOMETHING_LIVES = 1, 2, 3
MOST_SHOWN = 20
REFRESH_DAYS = 7.0


class Command(AuditedCommand):
    help = (
        "End all sessions of users: here, and at Directus as far as its version "
        "allows. Users are not suspended, and can sign in again. An interrupted run "
        "can be repeated, or continued with --resume. Exit codes: 0 all "
        "ended, 1 Directus did not answer (run it again), 2 wrong usage or unknown "
        "user, 3 sessions remain at Directus."
    )

    def add_arguments(self, parser):
        parser.add_argument(
            "users",
            nargs="*",
            metavar="USER",
            help="E-mail address, Directus id or local id.",
        )
        parser.add_argument("--all", action="store_true", help="All users.")
        parser.add_argument("--dry-run", action="store_true", help="Count only.")
        parser.add_argument(
            "--resume",
            action="store_true",
            help="With --all: continue the last run at Directus, if it was interrupted "
            "within a day.",
        )
        parser.add_argument(
            "--refresh-days",
            type=_days,
            default=REFRESH_DAYS,
            metavar="DAYS",
            help="With --all: Directus' REFRESH_TOKEN_TTL. Users that have not used "
            "Directus for longer have no sessions there. Default: 7, as in Directus.",
        )
        parser.add_argument("--format", choices=["text", "json"], default="text")

    def handle(self, *, users, all, dry_run, resume, refresh_days, format, **options):
        if bool(users) == all:
            raise CommandError("Give users, or --all.", returncode=WRONG_USAGE)
        if resume and (dry_run or not all):
            text = "--resume needs --all, and excludes --dry-run."
            raise CommandError(text, returncode=WRONG_USAGE)
        found, unsure = ([], "") if all else _found(users)
        try:
            if all:
                summary = end_sessions_of_everybody(
                    refresh_days=refresh_days,
                    bar=_bar,
                    say=_say,
                    dry_run=dry_run,
                    resume=resume,
                )
            else:
                summary = self._end(found, dry_run)
        except KeyboardInterrupt as error:
            text = "Interrupted: sessions may remain. Run it again" + (
                ", with --resume." if all else "."
            )
            raise CommandError(text, returncode=FAILED) from error
        summary.directus_failed |= bool(unsure)
        self.facts = {"users": summary.people, "sessions": summary.sessions_ended}
        if format == "json":
            self.stdout.write(json.dumps(summary.as_dict() | {"dry_run": dry_run}))
        else:
            self._print(summary, dry_run)
        if unsure:
            self.stderr.write(self.style.WARNING(unsure))
        if summary.directus_failed:
            sys.exit(FAILED)
        if summary.left:
            sys.exit(SOMETHING_LIVES)

    def _end(self, users, dry_run):
        with _bar("named", len(users)) as bar:
            return end_all_sessions(users, dry_run=dry_run, on_user=bar.update)

    def _print(self, summary, dry_run):
        self.stdout.write(self.style.SUCCESS(_summary(summary, dry_run)))
        for one in summary.left[:MOST_SHOWN]:
            self.stdout.write(self.style.WARNING(f"{one.user}: {one.reason}"))
        more = len(summary.left) - MOST_SHOWN
        if more > 0:
            users = "user" if more == 1 else "users"
            self.stdout.write(self.style.WARNING(f"And {more} more {users}."))
        if summary.stopped_by:
            text = f"Directus: {summary.stopped_by}. Run it again, with --resume."
            self.stdout.write(self.style.ERROR(text))
        if not dry_run:
            self.stdout.write(_access_tokens(summary))


def _bar(what, total):
    return tqdm(desc=what, unit="users", total=total, disable=None)


def _say(text):
    """Write to standard error: standard output may be a document."""
    sys.stderr.write(text + "\n")


def _days(text):
    number = float(text)
    if not 0 < number <= 3650:
        raise ValueError(text)
    return number


def _found(texts):
    """Return the named users, and messages about failed look-ups."""
    named, unsure = {}, ""
    for text in texts:
        try:
            named[text] = _meant(find_users(text), text)
        except Incomplete as error:
            if not error.known:
                raise CommandError(
                    f"No user was signed out. Directus: {error}", returncode=FAILED
                ) from error
            named[text] = _meant(error.known, text)
            unsure = f"Directus may have more users {text}: {error}. Run it again."
    unknown = [text for text, found in named.items() if not found]
    if unknown:
        raise CommandError(
            "No user was signed out. Unknown, here and at Directus: "
            + ", ".join(unknown),
            returncode=WRONG_USAGE,
        )
    return list(dict.fromkeys(one for found in named.values() for one in found)), unsure


def _meant(found, text):
    """Return the users that a text names."""
    if "@" not in text or not any(one.directus_id for one in found):
        return found
    for one in found:
        if one.directus_id is None:
            _say(
                f"The local user {one.pk} has this address, too, and stays signed in; "
                f"use {one.pk} for that user."
            )
    return [one for one in found if one.directus_id]


def _summary(summary, dry_run):
    sessions = f"{summary.sessions_ended} sessions of {summary.people} users"
    held = f"{summary.tokens_held} refresh tokens at Directus."
    if dry_run:
        text = f"Would end {sessions}, and revoke {held}"
    else:
        text = f"Ended {sessions}; revoked {summary.tokens_revoked} of {held}"
    if summary.elsewhere:
        text += f" Further sessions of {summary.elsewhere} users at Directus "
        text += "would end, too." if dry_run else _but_for(summary)
    return text


def _but_for(summary):
    return "have ended, except those below." if summary.left else "have ended."


def _access_tokens(summary):
    """Return for how long issued tokens stay valid."""
    elsewhere = (
        "Access tokens of other sites and apps stay valid for ACCESS_TOKEN_TTL, 15 "
        "minutes by default."
    )
    until = summary.access_tokens_until
    if until is None:
        return elsewhere
    seconds = max(0, int((until - timezone.now()).total_seconds()))
    moment = until.isoformat(timespec="seconds")
    here = f"An access token of this site stays valid until {moment} ({seconds} s)."
    return f"{here} {elsewhere}"
