"""Mirror all users, deactivate missing ones; --dry-run writes nothing."""

import gc
import json
import re
import sys
from dataclasses import replace
from datetime import datetime, timedelta

from django.core.management.base import CommandError
from django.utils import timezone
from tqdm import tqdm

from ...core import clients
from ...directus import DirectusError
from ...operations.lookup import Incomplete, find_users
from ...sync.changes import NoDelta, changed_since
from ...sync.missing import Missing
from ...sync.run import SyncRefused, sync_some, sync_users
from ..audited import AuditedCommand

WRONG_USAGE = 2
UNITS = {"m": "minutes", "h": "hours", "d": "days"}


class Command(AuditedCommand):
    help = (
        "Update all mirrored users from Directus, and sign out users that are "
        "deleted or inactive there. Changes no data in Directus, and no local "
        "users. An interrupted run can be repeated: written users are "
        "not written again, and with --resume not read again. Exit "
        "codes: 0 fine, 1 failed or refused, 2 wrong usage or unknown user."
    )

    def add_arguments(self, parser):
        parser.add_argument("--dry-run", action="store_true", help="Report only.")
        parser.add_argument(
            "--max-deactivate",
            type=_percent,
            default=20.0,
            metavar="PERCENT",
            help="Refuse to deactivate a larger share of active users. Default: 20.",
        )
        _add_selection(parser)
        parser.add_argument(
            "--erase-missing",
            action="store_true",
            help="Afterwards, delete the accounts of users that were deleted in "
            "Directus, for example after restoring a backup here. Asks first.",
        )
        parser.add_argument(
            "--yes", action="store_true", help="With --erase-missing: do not ask."
        )
        parser.add_argument("--format", choices=["text", "json"], default="text")

    def handle(
        self, *, dry_run, max_deactivate, since, user, resume, format, **options
    ):
        erases = options["erase_missing"]
        _check_usage(dry_run, since, user, resume, erases)
        client = clients.service_client()
        if client is None:
            raise CommandError("This needs DIRECTUS_SERVICE_TOKEN.")
        rules = {"dry_run": dry_run, "max_deactivate": max_deactivate}
        try:
            result = self._sync(client, rules, since, user, resume)
        except NoDelta as error:
            raise CommandError(error) from error
        except SyncRefused as error:
            raise CommandError(f"No user was deactivated. {error}") from error
        except (DirectusError, Incomplete) as error:
            raise CommandError(f"Directus: {error}") from error
        except KeyboardInterrupt as error:
            text = (
                "Interrupted: the written users are up to date. Run it again; --resume "
                "continues a run over all users."
            )
            raise CommandError(text) from error
        self.facts = _changes(result)
        facts = vars(result) | {"dry_run": dry_run}
        text = _summary(result, dry_run)
        is_done = True
        if erases:
            is_done = self._erase(client, max_deactivate, facts, options["yes"])
            text = f"{text} {_erased(facts)}".rstrip()
        if format == "json":
            self.stdout.write(json.dumps(facts))
        else:
            self.stdout.write(self.style.SUCCESS(text))
        if not is_done:
            raise CommandError("Interrupted: run it again for the rest.")

    def _erase(self, client, max_deactivate, facts, yes):
        """Count and erase; return False after an interruption."""
        try:
            missing = self._missing(client, max_deactivate)
            facts["missing"] = len(missing)
            if not facts["dry_run"]:
                facts["erased"] = 0
                for _pk in _erasing(missing, yes):
                    facts["erased"] += 1
        except KeyboardInterrupt:
            return False
        finally:
            if facts.get("erased"):
                self.facts = {**(self.facts or {}), "erased": facts["erased"]}
        return True

    def _missing(self, client, max_deactivate):
        try:
            return Missing(client, max_deactivate)
        except SyncRefused as error:
            raise CommandError(f"No account was deleted. {error}") from error
        except DirectusError as error:
            raise CommandError(f"No account was deleted. Directus: {error}") from error

    def _sync(self, client, rules, since, user, resume):
        if user is not None:
            # Named users need no limit: it protects against an incomplete list.
            return sync_some(client, _ids_of(user), **rules | {"max_deactivate": 100.0})
        if since is not None:
            ids = changed_since(client, since)
            return _with_bar(len(ids), sync_some, client, ids, **rules)
        rules["resume"] = resume
        return _with_bar(client.count_users(), sync_users, client, **rules)


def _add_selection(parser):
    """The selection of users; all by default."""
    some = parser.add_mutually_exclusive_group()
    some.add_argument(
        "--since",
        type=_moment,
        metavar="TIME",
        help="Only users that were changed in Directus since then: 15m, 2h, 1d or "
        "an ISO time. Misses lock-outs on version 10; sync all users once a day.",
    )
    some.add_argument(
        "--user",
        metavar="USER",
        help="Only this user: e-mail address, Directus id or local id.",
    )
    some.add_argument(
        "--resume",
        action="store_true",
        help="Continue the last run, and read the users that were changed "
        "since it began. All users, if no run was interrupted within a day.",
    )


def _check_usage(dry_run, since, user, resume, erases):
    text = ""
    if dry_run and resume:
        text = "--dry-run excludes --resume."
    elif erases and (since is not None or user is not None):
        text = "--erase-missing needs a sync of all users."
    elif since is not None and since > timezone.now():
        text = "--since must be a time in the past."
    if text:
        raise CommandError(text, returncode=WRONG_USAGE)


def _erasing(missing, yes):
    """Yield each erased user, if the operator confirms."""
    if not missing or not (yes or _agrees(len(missing))):
        return
    with tqdm(unit="users", disable=None, total=len(missing)) as bar:
        for pk in missing.erase():
            yield pk
            bar.update()


def _agrees(number):
    """Ask on standard error: standard output may be a document."""
    sys.stderr.write(
        f"Users that were deleted in Directus: {number}. Delete their names, "
        "addresses and other data here? This cannot be undone. "
        "Type yes: "
    )
    sys.stderr.flush()
    try:
        return input().strip().lower() == "yes"
    except EOFError:
        return False


def _erased(facts):
    if "missing" not in facts:
        return ""
    if facts["dry_run"]:
        return f"Would delete {facts['missing']} accounts missing in Directus."
    return f"Deleted {facts['erased']} of {facts['missing']} accounts."


def _with_bar(total, sync, *args, **rules):
    # Garbage collection over all loaded modules takes a fifth of the time.
    gc.freeze()
    try:
        with tqdm(unit="users", disable=None, total=total) as bar:
            return sync(*args, **rules, on_batch=bar.update)
    finally:
        gc.unfreeze()


def _ids_of(user):
    ids = [one.directus_id for one in find_users(user) if one.directus_id]
    if not ids:
        text = f"No user {user}, here or in Directus."
        raise CommandError(text, returncode=WRONG_USAGE)
    return ids


def _changes(result):
    """Return the numbers of changes for the audit trail."""
    names = ("created", "updated", "reactivated", "deactivated")
    return {f"users_{name}": getattr(result, name) for name in names}


def _summary(result, dry_run):
    if result.resumed:
        went_on = f"Went on after {result.resumed} users. "
        return went_on + _summary(replace(result, resumed=0), dry_run)
    if dry_run:
        return (
            f"{result.seen} users in Directus. Would create {result.created}, update "
            f"{result.updated}, reactivate {result.reactivated}, deactivate "
            f"{result.deactivated}."
        )
    return (
        f"{result.seen} users in Directus. Created {result.created}, updated "
        f"{result.updated}, reactivated {result.reactivated}, deactivated "
        f"{result.deactivated}; ended {result.sessions_ended} sessions."
    )


def _percent(text):
    number = float(text)
    if not 0 <= number <= 100:
        raise ValueError(text)
    return number


def _moment(text):
    """Return the time of 15m, 2h, 1d ago or ISO; without a zone it is the site's."""
    ago = re.fullmatch(r"(\d{1,5})([mhd])", text)
    if ago:
        return timezone.now() - timedelta(**{UNITS[ago[2]]: int(ago[1])})
    moment = datetime.fromisoformat(text)
    return timezone.make_aware(moment) if timezone.is_naive(moment) else moment
