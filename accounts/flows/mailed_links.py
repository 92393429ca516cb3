"""Links in mails of the site: one mechanism for all flows.

A link has 32 random bytes. Its row keeps their digest, and is found by it; an account
has one link for each purpose, so that a newer one voids the older one. A link is spent
by one conditional UPDATE, and put back if Directus was not reached.
"""

import re
import secrets
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.http import urlencode
from django.views.decorators.debug import sensitive_variables

from ..core.batches import delete_in_batches
from ..models import MailedLink
from ..web.links import public_url

Purpose = MailedLink.Purpose
OWN_TOKEN = re.compile(r"[\w-]{43}", re.ASCII)
PAGES = {
    Purpose.SIGN_UP: "accounts:email_verification",
    Purpose.PASSWORD_RESET: "accounts:password_reset_confirm",
    Purpose.EMAIL_CHANGE: "accounts:email_change_confirm",
    Purpose.INVITATION: "accounts:invitation",
}


def is_own(token: str) -> bool:
    """Return whether the site may have made a token; Directus' tokens have dots."""
    return OWN_TOKEN.fullmatch(token) is not None


def hours(purpose: str) -> int:
    """Return the lifetime of links for a purpose, in hours."""
    return {
        Purpose.SIGN_UP: settings.SIGN_UP_LINK_HOURS,
        Purpose.PASSWORD_RESET: settings.RESET_LINK_HOURS,
        Purpose.EMAIL_CHANGE: settings.EMAIL_LINK_HOURS,
        Purpose.INVITATION: settings.INVITATION_LINK_HOURS,
    }[Purpose(purpose)]


@sensitive_variables("token")
def make(
    purpose: str,
    subject: str,
    email: str,
    directus_id: UUID | None,
    *,
    old_email: str = "",
) -> str:
    """Make a link, which voids the older one; return its address.

    The statement is the same whether there is an older one, and whether the address has
    an account. Put the mail with the link into the same transaction: of two requests at
    once, the mail that stays is then the one with the valid link.

    Args:
        purpose: the flow; a MailedLink.Purpose.
        subject: what has one such link at a time: the digest of an address
            (audit.email_digest), or the key of a user.
        email: the address that gets the mail.
        directus_id: the account; None if there is none that the link could be for.
        old_email: the present address, if the link changes it.
    """
    token = secrets.token_urlsafe(32)
    row = MailedLink(
        purpose=purpose,
        subject=subject,
        token_digest=_digest(purpose, token),
        directus_id=directus_id,
        email=email,
        old_email=old_email,
        expires_at=timezone.now() + timedelta(hours=hours(purpose)),
    )
    changed = ["token_digest", "directus_id", "email", "old_email", "expires_at"]
    MailedLink.objects.bulk_create(
        [row],
        update_conflicts=True,
        unique_fields=["purpose", "subject"],
        update_fields=[*changed, "used_at"],
    )
    return f"{public_url(PAGES[Purpose(purpose)])}?{urlencode({'token': token})}"


@sensitive_variables("token")
def find(purpose: str, token: str) -> MailedLink | None:
    """Return the link with a token, while it is valid and not used."""
    rows = _valid().filter(purpose=purpose, token_digest=_digest(purpose, token))
    return rows.exclude(directus_id=None).first()


def spend(link: MailedLink) -> bool:
    """Use a link; return False if a parallel request has used or replaced it."""
    rows = _valid().filter(pk=link.pk, token_digest=link.token_digest)
    return bool(rows.update(used_at=timezone.now()))


def put_back(link: MailedLink) -> None:
    """Make a spent link valid again, because nothing was done; a newer one stays."""
    rows = MailedLink.objects.filter(pk=link.pk, token_digest=link.token_digest)
    rows.update(used_at=None)


def waiting(purpose: str, subject: str) -> MailedLink | None:
    """Return the valid link of a subject, if there is one."""
    return all_waiting(purpose, subject).first()


def all_waiting(purpose: str, subject: str) -> QuerySet[MailedLink]:
    """Return the same as a queryset, for a part of a larger query."""
    return _valid().filter(purpose=purpose, subject=subject)


def void(purpose: str, subject: str) -> bool:
    """Delete the link of a subject; return whether there was a valid one."""
    rows = MailedLink.objects.filter(purpose=purpose, subject=subject)
    was_valid = _valid(rows).exists()
    rows.delete()
    return was_valid


def void_all(directus_ids: list[UUID] | None) -> None:
    """Delete all links of accounts, after a new password or a deletion.

    Args:
        directus_ids: the accounts; None for all that there are.
    """
    links = MailedLink.objects.exclude(directus_id=None)
    if directus_ids is not None:
        links = links.filter(directus_id__in=directus_ids)
    links.delete()


def clear_ended() -> None:
    """Delete used and expired links."""
    ended = Q(expires_at__lte=timezone.now()) | ~Q(used_at=None)
    # A used one may be put back within minutes.
    recent = timezone.now() - timedelta(hours=1)
    delete_in_batches(MailedLink.objects.filter(ended).exclude(used_at__gt=recent))


def _valid(rows: QuerySet[MailedLink] | None = None) -> QuerySet[MailedLink]:
    rows = MailedLink.objects.all() if rows is None else rows
    return rows.filter(expires_at__gt=timezone.now(), used_at=None)


def _digest(purpose: str, token: str) -> str:
    # Each flow has a salt of its own: no link serves another flow.
    key = f"accounts.{Purpose(purpose).value}"
    return salted_hmac(key, token, algorithm="sha256").hexdigest()
