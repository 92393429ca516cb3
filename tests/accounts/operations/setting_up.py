"""A Directus made up for directus_setup, and a run of the command against it."""

import contextlib
from io import StringIO

from django.core.management import call_command

from accounts.management.commands import directus_setup

from .test_setup_state import StubDirectus


class Terminal(StringIO):
    """Standard input of a terminal."""

    def isatty(self):
        return True


class Changeable(StubDirectus):
    """Takes changes, until a path that it refuses."""

    def __init__(self, refused="", error=None, **tables):
        super().__init__(**{"server": {}} | tables)
        self.refused, self.error = refused, error

    def post(self, path, values):
        if path == self.refused:
            raise self.error

    patch = post


def runner(monkeypatch):
    """Return a function that runs directus_setup against a stub."""

    def run(client, *args, **options):
        @contextlib.contextmanager
        def signed_in(transport, credentials):
            yield client

        monkeypatch.setattr(directus_setup, "admin_client", signed_in)
        output = StringIO()
        options = {"admin_token": "token", "no_color": True} | options
        try:
            call_command("directus_setup", *args, stdout=output, **options)
        finally:
            run.printed = output.getvalue()
        return run.printed

    return run
