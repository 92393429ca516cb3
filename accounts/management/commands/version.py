"""Print the versions of the site and of the software below it."""

import platform

import django
from django.core.management.base import BaseCommand

from config import __version__

from ...core import clients
from ...directus import AuthenticationFailed, DirectusError

NO_ANSWER = "no answer"
# Only users of Directus learn its version.
NOT_TOLD = "answers, but needs a valid DIRECTUS_SERVICE_TOKEN to tell its version"


class Command(BaseCommand):
    help = (
        "Print the versions of this site, of Django, of Python, and of the Directus "
        "that answers. Exit code: 0."
    )
    requires_system_checks = ()

    def handle(self, **options):
        versions = {
            "site": __version__,
            "Django": django.__version__,
            "Python": platform.python_version(),
            "Directus": _directus(),
        }
        for name, version in versions.items():
            self.stdout.write(f"{name:<9} {version}")


def _directus():
    client = clients.service_client() or clients.anonymous_client()
    try:
        return str(client.get_server_info().get("version") or NOT_TOLD)
    except AuthenticationFailed:
        return NOT_TOLD
    except DirectusError:
        return NO_ANSWER
