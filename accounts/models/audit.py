"""The audit trail."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ..web.user_agent import browser_in_words


class AccountEvent(models.Model):
    """An event of the audit trail; see accounts.core.audit.

    No constraint on users: an event outlives the row of its user, and a flood of events
    need not look users up.
    """

    # As in the log, such as `password.changed`.
    event = models.CharField(_("event"), max_length=64)
    at = models.DateTimeField(_("time"), default=timezone.now, db_index=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("user"),
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        null=True,
        related_name="events",
    )
    # The member of staff that did it in the admin.
    staff = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("staff member"),
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        null=True,
        related_name="+",
    )
    client_address = models.GenericIPAddressField(_("IP address"), null=True)
    # For networks: see accounts.web.client_address.sort_key.
    address_key = models.CharField(
        max_length=32, blank=True, default="", db_default="", editable=False
    )
    user_agent = models.CharField(_("browser"), max_length=512, blank=True)
    # Of the typed address, where the user is not known.
    email_digest = models.CharField(
        max_length=64, blank=True, default="", db_default="", editable=False
    )
    # Short values without secrets, such as `reason`.
    facts = models.JSONField(_("facts"), default=dict, db_default={})

    class Meta:
        verbose_name = _("audit event")
        verbose_name_plural = _("audit events")
        default_permissions = ("view",)
        indexes = [
            models.Index(fields=["user", "-at"], name="account_event_of_user"),
            models.Index(fields=["event", "-at"], name="account_event_of_kind"),
            models.Index(
                fields=["address_key", "-at"], name="account_event_of_address"
            ),
            models.Index(fields=["email_digest", "-at"], name="account_event_of_email"),
            models.Index(
                fields=["staff", "-at"],
                condition=models.Q(staff__isnull=False),
                name="account_event_of_staff",
            ),
        ]

    def __str__(self):
        return self.event

    @property
    def browser(self) -> str:
        """The browser and its system, in words."""
        return browser_in_words(self.user_agent)
