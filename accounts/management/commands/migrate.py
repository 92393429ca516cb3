"""migrate, by one process at a time."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management.commands import migrate
from django.db import connections

# Any number that no other program locks in this database.
LOCK = 7_164_003_211


class Command(migrate.Command):
    """Django's own command. On PostgreSQL a second one waits for the first.

    Hosts that are set up at once would otherwise create the same tables.
    """

    def handle(self, *args, **options):
        """Wait for a turn, and migrate."""
        with self._turn(options["database"]):
            super().handle(*args, **options)

    @contextmanager
    def _turn(self, alias: str) -> Iterator[None]:
        if connections[alias].vendor != "postgresql":
            yield
            return
        # A connection and a transaction of its own, which last for all migrations and
        # stay together behind PgBouncer, too.
        holder = connections[alias].copy()
        try:
            holder.set_autocommit(False)
            with holder.cursor() as cursor:
                cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
                if not cursor.fetchone()[0]:
                    self.stdout.write("Another migrate is running; waiting for it.")
                    cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
            yield
        finally:
            holder.close()
