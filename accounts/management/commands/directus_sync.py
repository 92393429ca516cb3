"""Mirror everybody, deactivate who is gone; --dry-run writes nothing."""

import gc
import sys

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _
from tqdm import tqdm

from ... import clients
from ...directus import DirectusError
from ...syncing import SyncRefused, sync_users


class Command(BaseCommand):
    help = (
        "Bring every mirrored user up to date with Directus, and sign out who is "
        "gone or not active there. Changes nothing in Directus, and no user who was "
        "made in Django. Exit codes: 0 fine, 1 failed or refused, 2 wrong usage."
    )

    def add_arguments(self, parser):
        parser.add_argument(
            "--dry-run", action="store_true", help="Report, write nothing."
        )
        parser.add_argument(
            "--max-deactivate",
            type=_percent,
            default=20.0,
            metavar="PERCENT",
            help="Refuse to deactivate more of the active users. Default: 20.",
        )

    def handle(self, *, dry_run, max_deactivate, **options):
        client = clients.service_client()
        if client is None:
            raise CommandError(_("This needs DIRECTUS_SERVICE_TOKEN."))
        try:
            outcome = self._sync(client, dry_run, max_deactivate)
        except SyncRefused as error:
            raise CommandError(_("Nobody was deactivated. %s") % error) from error
        except DirectusError as error:
            raise CommandError(_("Directus: %s") % error) from error
        self.stdout.write(self.style.SUCCESS(_summary(outcome, dry_run)))

    def _sync(self, client, dry_run, max_deactivate):
        # disable=None: shown on a terminal only.
        hidden = None if sys.stderr.isatty() else True
        # Looking through all that Django has loaded, again and again, takes a fifth
        # of the time.
        gc.freeze()
        try:
            with tqdm(
                unit=_("users"), disable=hidden, total=client.count_users()
            ) as bar:
                return sync_users(
                    client,
                    dry_run=dry_run,
                    max_deactivate=max_deactivate,
                    on_batch=bar.update,
                )
        finally:
            gc.unfreeze()


def _summary(outcome, dry_run):
    values = vars(outcome)
    if dry_run:
        return _(
            "%(seen)d users in Directus. Would create %(created)d, update "
            "%(updated)d, reactivate %(reactivated)d, deactivate %(deactivated)d."
        ) % (values)
    return _(
        "%(seen)d users in Directus. Created %(created)d, updated %(updated)d, "
        "reactivated %(reactivated)d, deactivated %(deactivated)d; ended "
        "%(sessions_ended)d sessions."
    ) % (values)


def _percent(text):
    number = float(text)
    if not 0 <= number <= 100:
        raise ValueError(text)
    return number
