"""Changes in the admin's own forms, for the audit trail."""

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.models import Group

from ..core import audit
from ..models import User
from .lists import CarefulList


class AuditedAdmin(admin.ModelAdmin):
    """An admin whose forms are events, beside the entries in Django's own log."""

    def log_addition(self, request, obj, message):
        self._record("admin.added", request, obj, message)
        return super().log_addition(request, obj, message)

    def log_change(self, request, obj, message):
        # A text is about an action, which has an event of its own.
        if not isinstance(message, str):
            self._record("admin.changed", request, obj, message)
        return super().log_change(request, obj, message)

    def log_deletions(self, request, queryset):
        for obj in queryset:
            self._record("admin.deleted", request, obj, [])
        return super().log_deletions(request, queryset)

    def _record(self, event, request, obj, message):
        changes = [each for parts in message for each in parts.values()]
        audit.record(
            event,
            request,
            user=obj if isinstance(obj, User) else None,
            staff_id=request.user.pk,
            model=obj._meta.label_lower,
            key=obj.pk,
            fields=[name for each in changes for name in each.get("fields", ())],
        )


admin.site.unregister(Group)


@admin.register(Group)
class GroupAdmin(CarefulList, AuditedAdmin, DjangoGroupAdmin):
    """Django's own admin of groups; superusers alone choose permissions."""

    def get_readonly_fields(self, request, obj=None):
        """Leave the permissions: a member of staff may be in the group."""
        return () if request.user.is_superuser else ("permissions",)
