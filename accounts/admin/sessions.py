"""The admin of sessions. Deleting a session ends it; tokens are not shown."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from ..core import audit
from ..models import Session
from ..sessions.ending import end_sessions
from .filters import PASSWORD
from .lists import CarefulList


@admin.register(Session)
class SessionAdmin(CarefulList):
    """Sessions of users. The present session is not deleted here but by signing out."""

    list_display = (
        "user",
        "client_address",
        "browser",
        "signed_in_with",
        "last_seen_at",
        "expire_date",
    )
    list_filter = ("last_seen_at",)
    list_select_related = ("user",)
    search_fields = ("user__email", "client_address")
    ordering = ("-last_seen_at",)
    fields = (
        "user",
        "client_address",
        "user_agent",
        "signed_in_with",
        "created_at",
        "authenticated_at",
        "last_seen_at",
        "validated_at",
        "expire_date",
    )
    readonly_fields = fields

    def get_queryset(self, request):
        return super().get_queryset(request).exclude(user=None)

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        is_own = obj is not None and obj.pk == request.session.row_id
        return not is_own and super().has_delete_permission(request, obj)

    @admin.display(description=_("browser"))
    def browser(self, session):
        """The browser in words; the page of the session has its User-Agent header."""
        return session.browser

    @admin.display(description=_("signed in with"), ordering="provider")
    def signed_in_with(self, session):
        """The way in which the session was begun."""
        return session.provider or PASSWORD

    def delete_model(self, request, obj):
        self.delete_queryset(request, Session.objects.filter(pk=obj.pk))

    def delete_queryset(self, request, queryset):
        for session in queryset.select_related("user"):
            audit.record(
                "session.ended_by_staff",
                request,
                user=session.user,
                staff_id=request.user.pk,
            )
        end_sessions(others(request, queryset))


def others(request, sessions):
    """Leave out the session of this request."""
    return sessions.exclude(pk=request.session.row_id)
