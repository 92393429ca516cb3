"""Filters of the admin's lists."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from ..directus import PASSWORD_PROVIDER
from ..models import User

PASSWORD = _("Password")


def in_words(provider):
    """Return what staff read for Directus' name of a provider; empty if unknown."""
    return PASSWORD if provider == PASSWORD_PROVIDER else provider


class ProviderFilter(admin.SimpleListFilter):
    """Filter users by the way in which Directus lets them sign in."""

    title = _("sign-in provider")
    parameter_name = "provider"

    def lookups(self, request, model_admin):
        known = User.objects.exclude(provider="").order_by("provider")
        names = known.values_list("provider", flat=True).distinct()
        return [(name, in_words(name)) for name in names]

    def queryset(self, request, queryset):
        is_known = self.value() in dict(self.lookup_choices)
        return queryset.filter(provider=self.value()) if is_known else queryset


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
