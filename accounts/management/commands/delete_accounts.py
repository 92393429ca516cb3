"""Delete accounts at the end of their waiting period. Run it hourly."""

import sys
from dataclasses import dataclass, field

from django.core.management.base import CommandError
from django.db import DatabaseError
from tqdm import tqdm

from ...directus import DirectusError
from ...flows import deletion
from ..audited import AuditedCommand

FAILED, SOMETHING_STAYS = 1, 3


@dataclass
class Result:
    """Numbers of deleted users, and those that are left in full or in Directus."""

    deleted: int = 0
    again: int = 0
    failed: list = field(default_factory=list)
    left: list = field(default_factory=list)
    interrupted: bool = False


class Command(AuditedCommand):
    help = (
        "Delete the accounts of users who requested it ACCOUNT_DELETION_DAYS ago, and "
        "did not cancel. May be interrupted and run again. Exit codes: "
        "0 all deleted, 1 some were not deleted or interrupted (run it again), 2 wrong "
        "usage, 3 Directus refuses to delete some."
    )

    def add_arguments(self, parser):
        parser.add_argument("--dry-run", action="store_true", help="Count only.")

    def handle(self, *, dry_run, **options):
        # Read once: a failed deletion is not tried twice in one run.
        due = deletion.due_users()
        pks = list(due.values_list("pk", flat=True))
        if dry_run:
            again = due.exclude(deleted_at=None).count()
            self.stdout.write(_would_delete(len(pks) - again, again))
            return
        self.facts = {}
        if pks and not deletion.is_possible():
            raise CommandError(
                f"Accounts cannot be deleted ({len(pks)}): "
                "ACCOUNT_DELETION is off, or DIRECTUS_SERVICE_TOKEN is empty.",
                returncode=FAILED,
            )
        self._delete(pks)

    def _delete(self, pks):
        result = Result()
        users = tqdm(_users(pks), unit="users", total=len(pks), disable=None)
        try:
            for user in users:
                _try(user, result)
        except KeyboardInterrupt:
            result.interrupted = True
        finally:
            users.close()
        self.facts = {
            "deleted": result.deleted,
            "again": result.again,
            "failed": len(result.failed),
        }
        self._print(result)
        if result.failed or result.interrupted:
            sys.exit(FAILED)
        if result.left:
            sys.exit(SOMETHING_STAYS)

    def _print(self, result):
        text = f"Deleted {_accounts(result.deleted)}."
        if result.again:
            text += f" Asked Directus again about {result.again} deleted before."
        self.stdout.write(self.style.SUCCESS(text))
        for pk, name in result.failed:
            text = f"User {pk} was not deleted: {name}. Run it again."
            self.stdout.write(self.style.ERROR(text))
        for pk, directus_id, reason in result.left:
            text = (
                f"User {pk} was deleted, but Directus keeps {directus_id}: {reason}. "
                "Delete it there, or run directus_setup; then run this again."
            )
            self.stdout.write(self.style.WARNING(text))
        if result.interrupted:
            text = "Interrupted: run it again for the rest."
            self.stdout.write(self.style.WARNING(text))


def _try(user, result):
    is_retry = user.deleted_at is not None
    try:
        reason = deletion.delete(user)
    except deletion.Cancelled:
        return
    except (DirectusError, DatabaseError) as error:
        result.failed.append((user.pk, type(error).__name__))
        return
    if reason:
        result.left.append((user.pk, user.directus_id, reason))
    if is_retry:
        result.again += 1
    else:
        result.deleted += 1


def _users(pks):
    """Yield each user, read again just before the deletion."""
    for pk in pks:
        # The user may have cancelled the deletion meanwhile.
        yield from deletion.due_users().filter(pk=pk)


def _would_delete(count, again):
    text = f"Would delete {_accounts(count)}."
    if again:
        text += f" Would ask Directus again about {again} deleted before."
    return text


def _accounts(number):
    return f"{number} account" if number == 1 else f"{number} accounts"
