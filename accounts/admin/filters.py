"""Filters of the admin's lists."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _


class DeletionFilter(admin.SimpleListFilter):
    """Filter users by the state of their deletion."""

    title = _("deletion")
    parameter_name = "deletion"

    def lookups(self, request, model_admin):
        return [("asked", _("To be deleted")), ("done", _("Deleted"))]

    def queryset(self, request, queryset):
        if self.value() == "asked":
            return queryset.filter(delete_at__isnull=False, deleted_at=None)
        if self.value() == "done":
            return queryset.filter(deleted_at__isnull=False)
        return queryset
