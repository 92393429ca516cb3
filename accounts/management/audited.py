"""Commands whose runs the audit trail names."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connection

from ..core import audit, operator
from ..models import AccountEvent

FAILED, WRONG_USAGE = 1, 2
ONLY_LOOKS = ("dry_run", "check", "sso")
# Django's own.
USUAL = {"traceback", "no_color", "force_color", "skip_checks"}


class AuditedCommand(BaseCommand):
    """A command that changes something: the audit trail has its operator and result.

    Wrong usage and runs that only look leave no event.

    Attributes:
        facts: numbers of changes, which the command sets; a run that made none leaves
            no event. None: every run does.
    """

    facts: dict[str, Any] | None = None

    def execute(self, *args: Any, **options: Any) -> str | None:
        """Run the command, and write its event."""
        command = type(self).__module__.rpartition(".")[2]
        with operator.running(command):
            try:
                output = super().execute(*args, **options)
            except DatabaseError:
                # No row could be written either, and `manage.py` says why.
                raise
            except CommandError as error:
                self._record(options, error.returncode)
                raise
            except SystemExit as error:
                self._record(options, error.code)
                raise
            except BaseException:
                self._record(options, FAILED)
                raise
            self._record(options, 0)
        return output

    def _record(self, options: dict[str, Any], exit_code: Any) -> None:
        if exit_code == WRONG_USAGE or any(options.get(each) for each in ONLY_LOOKS):
            return
        facts = self.facts or {}
        if self.facts is not None and not any(facts.values()) and exit_code == 0:
            return
        # The names of switches alone: values may be addresses or secrets.
        switches = {name for name, value in options.items() if value is True}
        audit.record(
            "command.run",
            in_log_alone=not _has_table(),
            exit_code=exit_code,
            options=sorted(switches - USUAL),
            **facts,
        )


def _has_table() -> bool:
    """Whether the database can take the event: `directus_setup` may come first."""
    # To connect to SQLite would create the file, perhaps with the wrong owner.
    name = connection.settings_dict["NAME"]
    if connection.vendor == "sqlite" and not Path(name).exists():
        return False
    try:
        return AccountEvent._meta.db_table in connection.introspection.table_names()
    except DatabaseError:
        return False
