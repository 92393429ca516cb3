"""The mails that wait for the mail server, and the links in mails."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class MailedLink(models.Model):
    """A link in a mail of the site; see accounts.flows.mailed_links.

    An account has one link for each purpose: a newer one replaces it.
    """

    class Purpose(models.TextChoices):
        """The flow that a link belongs to."""

        SIGN_UP = "sign_up"
        PASSWORD_RESET = "password_reset"
        EMAIL_CHANGE = "email_change"
        INVITATION = "invitation"

    purpose = models.CharField(max_length=32, choices=Purpose.choices)
    # The digest of an address, or the key of a user whose address changes.
    subject = models.CharField(max_length=64)
    token_digest = models.CharField(max_length=64, unique=True)
    # None: the address has no account that the link could be for. No mail has such a
    # link; the row is there so that writing it costs the same.
    directus_id = models.UUIDField(null=True)
    # The address that got the mail.
    email = models.EmailField(max_length=254)
    # Of a change of the address: the present one.
    old_email = models.EmailField(max_length=254, blank=True, default="")
    expires_at = models.DateTimeField(db_index=True)
    used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["purpose", "subject"], name="mailed_link_unique"
            )
        ]
        indexes = [models.Index(fields=["directus_id"], name="mailed_link_directus_id")]

    def __str__(self):
        return f"{self.purpose} until {self.expires_at}"


class OutgoingMail(models.Model):
    """A mail that waits for the mail server; see accounts.core.outbox.

    Deleted once it is sent.
    """

    # Of the template.
    name = models.CharField(_("email"), max_length=64)
    # The digest of the address.
    recipient = models.CharField(max_length=64, editable=False)
    # A newer mail with the same key replaces this one.
    key = models.CharField(max_length=64, blank=True, db_index=True, editable=False)
    # Address, subject and texts. Emptied after the last attempt.
    sealed_message = models.TextField(editable=False)
    message_id = models.CharField(max_length=255, editable=False)
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    expires_at = models.DateTimeField(editable=False)
    tries = models.PositiveIntegerField(_("attempts"), default=0)
    next_try_at = models.DateTimeField(_("next attempt"), null=True, db_index=True)
    # The kind of the last error, without the text of the mail server.
    error = models.CharField(_("error"), max_length=64, blank=True)
    given_up_at = models.DateTimeField(_("given up"), null=True, db_index=True)

    class Meta:
        verbose_name = _("outgoing email")
        verbose_name_plural = _("outgoing emails")
        default_permissions = ("view",)

    def __str__(self):
        return f"{self.name} of {self.created_at}"
