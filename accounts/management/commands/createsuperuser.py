"""Create a local administrator, as Django does; the audit trail names the operator."""

from django.contrib.auth.management.commands import createsuperuser

from ..audited import AuditedCommand


class Command(AuditedCommand, createsuperuser.Command):
    """Django's own command."""
