"""Delete expired rows. Run it daily, for example with cron."""

from accounts.core import outbox
from accounts.flows import activity, mailed_links, sign_up, sso_attempts, terms
from accounts.management.audited import AuditedCommand
from accounts.sessions import SessionStore
from accounts.throttling import limits


class Command(AuditedCommand):
    """Like Django's command of this name, for the site's own tables."""

    help = (
        "Delete ended sessions, old counters, links, sign-ups and events, and mails "
        "that were given up a month ago."
    )

    def handle(self, **options):
        """Delete the expired rows."""
        SessionStore.clear_expired()
        limits.clear_ended()
        mailed_links.clear_ended()
        sign_up.clear_old()
        terms.clear_old()
        sso_attempts.clear_ended()
        outbox.clear_old()
        self.facts = {"events": activity.clear_old()}
