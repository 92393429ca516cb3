"""Keep the time at which a new user accepted the terms of use.

The user has no row before the first sign-in, so that the address keeps it until then.
"""

from datetime import timedelta

from django.utils import timezone

from ..core import audit
from ..core.batches import delete_in_batches
from ..models import TermsAcceptance, User

# Between the confirmation of an address and its first sign-in.
KEPT_DAYS = 365


def accept(email: str) -> None:
    """Note that the owner of an address accepts the terms.

    The statement is the same for known and unknown addresses.
    """
    row = TermsAcceptance(email_digest=audit.email_digest(email))
    TermsAcceptance.objects.bulk_create(
        [row],
        update_conflicts=True,
        unique_fields=["email_digest"],
        update_fields=["accepted_at"],
    )


def claim(user: User) -> None:
    """Move the time to the row of a user who signs in for the first time."""
    accepted = TermsAcceptance.objects.filter(pk=audit.email_digest(user.account_key))
    found = accepted.first()
    if found is None:
        return
    user.terms_accepted_at = found.accepted_at
    user.save(update_fields=["terms_accepted_at"])
    accepted.delete()


def forget(email: str) -> None:
    """Delete what an address has accepted without an account."""
    TermsAcceptance.objects.filter(pk=audit.email_digest(email)).delete()


def clear_old() -> None:
    """Delete what no first sign-in has claimed."""
    old = timezone.now() - timedelta(days=KEPT_DAYS)
    delete_in_batches(TermsAcceptance.objects.filter(accepted_at__lt=old))
