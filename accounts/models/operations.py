"""The progress and the outcome of operators' commands."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class SyncPosition(models.Model):
    """The progress of the latest run of directus_sync; at most one row.

    The numbers are about its first `seen` users; see accounts.sync.checkpoint.
    """

    started_at = models.DateTimeField(unique=True)
    last_id = models.UUIDField()
    fewest = models.PositiveIntegerField()
    active_before = models.PositiveIntegerField()
    seen = models.PositiveIntegerField()
    created = models.PositiveIntegerField()
    updated = models.PositiveIntegerField()
    reactivated = models.PositiveIntegerField()

    def __str__(self):
        return f"{self.seen} users, begun {self.started_at}"


class SyncEnd(models.Model):
    """The end of the last finished run of directus_sync over all users; one row."""

    ended_at = models.DateTimeField()

    def __str__(self):
        return str(self.ended_at)


class Revocation(models.Model):
    """The progress of the latest run of directus_revoke --all; at most one row.

    Only accounts.operations.revoke_all uses it.
    """

    started_at = models.DateTimeField(unique=True)
    noted_at = models.DateTimeField()
    last_id = models.UUIDField(null=True)
    # Why sessions of some users remain, by the user's Directus id.
    left = models.JSONField(null=True)

    def __str__(self):
        return f"begun {self.started_at}"


class HealthReport(models.Model):
    """The last report of directus_doctor; one row. See operations.doctor.reports."""

    taken_at = models.DateTimeField(_("checked"), default=timezone.now)
    seconds = models.FloatField(_("duration in seconds"))
    findings = models.JSONField(_("findings"))

    class Meta:
        verbose_name = _("health report")
        verbose_name_plural = _("health reports")
        default_permissions = ("view",)
        permissions = [("run_doctor", "Can run directus_doctor")]

    def __str__(self):
        return str(self.taken_at)
