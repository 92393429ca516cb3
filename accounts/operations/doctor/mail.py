"""Checks of the mail server, and of the mails that wait for it."""

from datetime import timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.db import DatabaseError
from django.utils import timezone

from ...core import outbox
from ...core.mail_message import Mail
from ...core.mail_server import Failed, MailServer
from ...core.mail_troubles import Trouble, in_words
from .findings import Answer, ok, problem, unknown, warning
from .site import Site

SECONDS = 5.0
# A mail server that is restarted, or that asks new senders to come again.
USUAL_WAIT = timedelta(minutes=15)
# A report a day names each mail once.
RECENT = timedelta(days=1)
LINES = {
    Trouble.CERTIFICATE: "EMAIL_CA_BUNDLE=…",
    Trouble.SENDER: "EMAIL_FROM=…",
}


def server(site: Site) -> Answer:
    """The mail server takes the site's sign-in."""
    if not settings.EMAIL_URL:
        return unknown("EMAIL_URL is empty: this site sends no mails.")
    if not urlsplit(settings.EMAIL_URL).scheme.startswith("smtp"):
        return ok("EMAIL_URL names no mail server.")
    try:
        with MailServer(patience=SECONDS) as opened:
            opened.open()
    except Failed as error:
        line = LINES.get(error.trouble, "EMAIL_URL=…")
        return problem(in_words(error.trouble), line)
    return ok("The mail server takes mails of this site.")


def waiting(site: Site) -> Answer:
    """No mail waits for long, and none was given up."""
    try:
        return _waiting()
    except DatabaseError:
        return unknown("The database does not answer.")


def _waiting() -> Answer:
    recent = outbox.given_up(timezone.now() - RECENT)
    # No fault of the site: an address that does not exist, and an operator's wish.
    lost = recent.exclude(error__in=[Trouble.RECIPIENT, Trouble.WITHDRAWN])
    if last := lost.first():
        reason = f"Mails were given up since yesterday: {lost.count()}. The last one: "
        return problem(reason + in_words(last.error))
    queue = outbox.queue()
    if not queue.since:
        return ok("No mail waits.")
    age = timezone.now() - queue.since
    reason = f"Mails that wait: {queue.waiting}; the oldest since {_in_words(age)}."
    if age > USUAL_WAIT:
        return warning(reason, "python manage.py send_mails")
    return ok(reason)


def send_test_mail(address: str) -> None:
    """Send a mail now.

    Raises:
        Failed: the mail server did not take it.
    """
    mail = Mail(
        f"Test mail from {settings.SITE_NAME}",
        f"{settings.SITE_NAME} ({settings.PUBLIC_URL}) can send mails.\n",
        to=[address],
    )
    with MailServer() as server:
        server.open()
        server.send(mail)


def _in_words(age: timedelta) -> str:
    minutes = int(age.total_seconds() // 60)
    return (
        f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min"
    )
