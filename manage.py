#!/usr/bin/env python
"""Django's command-line utility for administrative tasks."""

import os
import sys

from config.startup import WRONG_SETTINGS, require_python_and_packages, stop

FAILED = 1


def main():
    """Run administrative tasks; an error in the set-up gets one sentence."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    require_python_and_packages(WRONG_SETTINGS)

    from django.core.exceptions import ImproperlyConfigured
    from django.db import DatabaseError

    try:
        _execute()
    except ImproperlyConfigured as error:
        stop(str(error), WRONG_SETTINGS)
    except ModuleNotFoundError as error:
        settings = os.environ["DJANGO_SETTINGS_MODULE"]
        if not f"{settings}.".startswith(f"{error.name}."):
            raise
        text = f"DJANGO_SETTINGS_MODULE, or --settings, names no module: {settings}."
        stop(text, WRONG_SETTINGS)
    except DatabaseError:
        sentence = _why_no_database()
        if not sentence:
            raise
        stop(sentence, FAILED)


def _execute():
    import django
    from django.core.management import ManagementUtility

    class Utility(ManagementUtility):
        def execute(self):
            if self.argv[1:2] not in (["version"], ["--version"]):
                return super().execute()
            # Django would print its own version.
            django.setup()
            command = self.fetch_command("version")
            return command.run_from_argv([self.prog_name, "version", *self.argv[2:]])

        def main_help_text(self, commands_only=False):
            # Django would list its own commands and leave out those of this site.
            if self.settings_exception:
                raise self.settings_exception
            return super().main_help_text(commands_only)

    Utility(sys.argv).execute()


def _why_no_database():
    """Return one sentence when there is no database or no table, else nothing."""
    from django.db import OperationalError, connection
    from django.db.migrations.recorder import MigrationRecorder

    try:
        has_tables = MigrationRecorder(connection).has_table()
    except OperationalError:
        return "The database cannot be reached: start it, or correct DATABASE_URL."
    return "" if has_tables else "The database is empty: run `manage.py migrate`."


if __name__ == "__main__":
    main()
