"""Send the mails that wait. The processes of the site do so themselves."""

from django.core.management.base import CommandError

from ...core import delivery, outbox
from ...core.mail_troubles import in_words
from ..audited import AuditedCommand


class Command(AuditedCommand):
    help = (
        "Send the mails that are due, once. gunicorn's workers do this all the time; "
        "run it from cron where another server runs the site. Exit codes: 0 fine, "
        "1 the mail server takes no mails."
    )

    def add_arguments(self, parser):
        text = "send none, and give up those that wait: after a restored backup"
        parser.add_argument("--give-up", action="store_true", help=text)

    def handle(self, **options):
        if options["give_up"]:
            count = outbox.withdraw()
            self.facts = {"given_up": count}
            self.stdout.write(self.style.SUCCESS(f"Mails given up: {count}."))
            return
        # Mails that were sent are no event of their own.
        self.facts = {}
        trouble = delivery.deliver()
        waiting = outbox.queue().waiting
        if trouble:
            raise CommandError(f"{in_words(trouble)} {_mails(waiting)}")
        self.stdout.write(self.style.SUCCESS(_mails(waiting)))


def _mails(waiting):
    if not waiting:
        return "No mail waits."
    return "1 mail waits." if waiting == 1 else f"{waiting} mails wait."
