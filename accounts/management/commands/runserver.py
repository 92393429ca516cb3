"""Django's development server, which refuses invalid settings."""

import os

from django.contrib.staticfiles.management.commands import runserver
from django.core.management.base import CommandError
from django.db import connection
from django.utils.autoreload import DJANGO_AUTORELOAD_ENV

from config.startup import WRONG_SETTINGS

from ...core import postman
from ...core.checks import check_settings


class Command(runserver.Command):
    """Check first: the reloader would show a traceback and wait."""

    def run(self, **options):
        """Check the settings and the database, then serve."""
        if os.environ.get(DJANGO_AUTORELOAD_ENV) != "true":
            errors = [each for each in check_settings(None) if each.is_serious()]
            if errors:
                text = "\n".join(f"{each.msg} ({each.id})" for each in errors)
                raise CommandError(text, returncode=WRONG_SETTINGS)
            connection.ensure_connection()
        super().run(**options)

    def inner_run(self, *args, **options):
        """Serve, and send the mails that former processes left."""
        postman.start()
        super().inner_run(*args, **options)
