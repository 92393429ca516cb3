"""Secrets that are easy to recognise, and everything that the site has written."""

import base64
from urllib.parse import quote

from django.apps import apps
from django.core import mail, serializers

from .steps import OTP_SECRET

PASSWORD = "Canary password 7f3a9!"
NEW = "Canary new password 81c!"
WRONG_CODE = "731946"


class Canaries:
    """What must not turn up anywhere, in any usual way to write it."""

    def __init__(self):
        self.secrets = {PASSWORD, NEW, WRONG_CODE, OTP_SECRET}

    def found_in(self, text):
        return [secret for secret in self._written() if secret in text]

    def _written(self):
        for secret in self.secrets:
            yield secret
            yield quote(secret)
            yield base64.b64encode(secret.encode()).decode().rstrip("=")[:-1]


def everything_written(log, visitor):
    """Return all texts by where they stand."""
    pages = "\n".join(
        f"{page.status_code} {dict(page.items())} {page.content.decode()}"
        for page in visitor.pages
        if not page.streaming
    )
    rows = [row for model in apps.get_models() for row in model._default_manager.all()]
    letters = "\n".join(str(letter.message()) for letter in mail.outbox)
    letters += "\n".join(letter.body for letter in mail.outbox)
    return {
        "log": log.getvalue(),
        "pages": pages,
        "rows": serializers.serialize("json", rows),
        "mails": letters,
    }


def tokens_of(directus):
    """Return every token that Directus has issued."""
    links = {sent.token for sent in directus.mails}
    return (
        links
        | set(directus.state.sessions)
        | {call.token for call in directus.calls if call.token}
    )
