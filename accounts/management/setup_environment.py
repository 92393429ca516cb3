"""The lines for Directus' own environment that directus_setup prints."""

from ..operations.provisioning import Webhook, directus_environment
from ..operations.provisioning.environment import good_to_have, needed
from ..operations.provisioning.mails import Mails
from ..operations.provisioning.reports import Report
from ..web.links import public_url


def tell_environment(report: Report, webhook: Webhook | None, mails: Mails) -> None:
    """Report the lines that are needed, and those that are good to have."""
    lines = directus_environment(
        reset_url=public_url("accounts:password_reset_confirm"),
        verify_url=public_url("accounts:email_verification"),
        invite_url=public_url("accounts:invitation"),
        webhook_url=webhook.url if webhook else "",
    )
    report.environment(
        needed(lines, mails_from_site=mails.are_from_site),
        good_to_have(lines, mails_from_site=mails.are_from_site),
    )
