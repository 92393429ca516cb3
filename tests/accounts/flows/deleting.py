"""What tests of deleted accounts share: the form, the command, and the days between."""

from datetime import timedelta
from io import StringIO

from django.core import mail
from django.core.management import CommandError, call_command
from django.db import models

from accounts.models import User

PATH = "/account/delete/"
KEEP = "/account/delete/keep/"


def ask(browser, password="Ada's secret 1815", **data):
    return browser.post(PATH, {"current_password": password} | data)


def run(**options):
    """Run delete_accounts; return what it prints and its exit code."""
    printed = StringIO()
    try:
        call_command("delete_accounts", stdout=printed, no_color=True, **options)
    except SystemExit as error:
        return printed.getvalue(), error.code
    except CommandError as error:
        return str(error), error.returncode
    return printed.getvalue(), 0


def days_pass(days=15):
    users = User.objects.exclude(delete_at=None)
    users.update(delete_at=models.F("delete_at") - timedelta(days=days))


def subjects():
    return [sent.subject for sent in mail.outbox]
