"""Delete what has ended. Meant for a daily cron line."""

from django.core.management.base import BaseCommand

from accounts.flows import email_change, sign_up
from accounts.sessions import SessionStore
from accounts.throttling import limits


class Command(BaseCommand):
    """As Django's command of this name, for our own rows."""

    help = "Delete ended sessions, old counters, old links and old sign-ups."

    def handle(self, **options):
        """Delete them."""
        SessionStore.clear_expired()
        limits.clear_ended()
        email_change.clear_ended()
        sign_up.clear_old()
