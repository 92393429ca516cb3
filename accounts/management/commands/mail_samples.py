"""Write every mail in every language into a folder."""

from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from ...core.mail_message import Mail
from ...operations.mail_samples import SAMPLES, recipient, written

WRONG_USAGE = 2


class Command(BaseCommand):
    help = (
        "Write every mail in every language into a folder, with facts made up: one "
        ".eml file for each, which programs for mail open. Sends nothing. Replaces the "
        "files of an earlier run, and no others."
    )
    requires_system_checks = ()

    def add_arguments(self, parser):
        parser.add_argument("folder", metavar="FOLDER", type=Path)

    def handle(self, *, folder, **options):
        languages = [code for code, _ in settings.LANGUAGES]
        mails = {
            f"{sample.label}.{code}.eml": _mail(sample, code).message().as_bytes()
            for sample in SAMPLES
            for code in languages
        }
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for name, data in mails.items():
                (folder / name).write_bytes(data)
        except OSError as error:
            text = f"{error.filename} cannot be written: {error.strerror}."
            raise CommandError(text, returncode=WRONG_USAGE) from error
        self.stdout.write(f"{len(mails)} mails are in {folder}/.")


def _mail(sample, language):
    text = written(sample, language)
    mail = Mail(text.subject, text.text, to=[recipient(language).email])
    mail.attach_alternative(text.html, "text/html")
    return mail
