"""Write every mail in every language into a folder."""

from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand

from ...core.mail_message import Mail
from ...operations.mail_samples import SAMPLES, recipient, written


class Command(BaseCommand):
    help = (
        "Write every mail in every language into a folder, with facts made up: one "
        ".eml file for each, which programs for mail open. Sends nothing. Replaces the "
        ".eml files of an earlier run."
    )
    requires_system_checks = ()

    def add_arguments(self, parser):
        parser.add_argument("folder", metavar="FOLDER", type=Path)

    def handle(self, *, folder, **options):
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.glob("*.eml"):
            old.unlink()
        languages = [code for code, _ in settings.LANGUAGES]
        for sample in SAMPLES:
            for code in languages:
                path = folder / f"{sample.label}.{code}.eml"
                path.write_bytes(_mail(sample, code).message().as_bytes())
        self.stdout.write(f"{len(SAMPLES) * len(languages)} mails are in {folder}/.")


def _mail(sample, language):
    text = written(sample, language)
    mail = Mail(text.subject, text.text, to=[recipient(language).email])
    mail.attach_alternative(text.html, "text/html")
    return mail
