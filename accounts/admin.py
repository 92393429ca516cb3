"""Users and sessions in the admin: what Directus owns is shown, not edited."""

from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from . import audit, clients
from .directus import DirectusError, Forbidden
from .mirror import mirror_user
from .models import Session, User
from .sessions import end_sessions

FROM_DIRECTUS = (
    "email",
    "first_name",
    "last_name",
    "status",
    "role_name",
    "role_id",
    "language",
    "last_access",
    "directus_id",
)
FROM_ROLE = ("is_active", "is_staff", "is_superuser", "synced_at", "last_login")


@admin.register(User)
class UserAdmin(DjangoUserAdmin):
    """Show what Directus owns, edit what Django owns: groups and permissions."""

    list_display = (
        "email",
        "name",
        "status",
        "role_name",
        "is_active",
        "synced_at",
    )
    list_filter = ("status", "role_name", "is_active", "is_staff", "groups")
    search_fields = ("email", "first_name", "last_name", "directus_id")
    ordering = ("email",)
    fieldsets = (
        (_("From Directus"), {"fields": (*FROM_DIRECTUS, "in_directus")}),
        (_("From the role in Directus"), {"fields": FROM_ROLE}),
        (_("In Django"), {"fields": ("groups", "user_permissions")}),
    )
    readonly_fields = (*FROM_DIRECTUS, *FROM_ROLE, "in_directus")
    actions = ("read_again", "sign_out_everywhere")

    def has_add_permission(self, request):
        return False

    def has_delete_permission(self, request, obj=None):
        # People are deleted in Directus; the row keeps foreign keys whole.
        return False

    def get_readonly_fields(self, request, obj=None):
        # Whoever may give permissions may give them all, to the own user too.
        given = () if request.user.is_superuser else ("groups", "user_permissions")
        return (*super().get_readonly_fields(request, obj), *given)

    def get_urls(self):
        # No form for a password: Directus holds it.
        return [url for url in super().get_urls() if "password" not in str(url.pattern)]

    @admin.display(description=_("name"), ordering="first_name")
    def name(self, user):
        """First and last name in one column: the list has to fit a screen."""
        return user.get_full_name()

    @admin.display(description=_("in Directus"))
    def in_directus(self, user):
        """Link to the user's page in Directus' own app."""
        if not user.is_mirrored:
            return _("A local user, unknown to Directus")
        url = clients.admin_url(f"users/{user.directus_id}")
        return format_html('<a href="{}" rel="noopener">{}</a>', url, _("Open"))

    @admin.action(description=_("Read again from Directus"), permissions=["change"])
    def read_again(self, request, users):
        """Mirror the chosen users with the service token."""
        service = clients.service_client()
        if service is None:
            text = _("DIRECTUS_SERVICE_TOKEN is not set: only the user may read that.")
            self.message_user(request, text, messages.ERROR)
            return
        try:
            counts = [self._read_one(service, user) for user in _mirrored(users)]
        except DirectusError:
            text = _("Directus does not answer. Some users may not have been read.")
            self.message_user(request, text, messages.ERROR)
            return
        self._report(request, sum(counts), len(counts) - sum(counts))

    def _read_one(self, service, user) -> bool:
        try:
            profile = service.get_user(user.directus_id)
        except Forbidden:
            # Gone, or out of the service token's sight: nothing is decided here.
            return False
        if profile.is_complete:
            mirror_user(profile)
        return profile.is_complete

    def _report(self, request, read: int, unseen: int) -> None:
        text = ngettext("%(n)d user was read.", "%(n)d users were read.", read)
        self.message_user(request, text % {"n": read}, messages.SUCCESS)
        if unseen:
            text = ngettext(
                "%(n)d user is not visible to the service token.",
                "%(n)d users are not visible to the service token.",
                unseen,
            )
            self.message_user(request, text % {"n": unseen}, messages.WARNING)

    @admin.action(description=_("Sign out everywhere"), permissions=["change"])
    def sign_out_everywhere(self, request, users):
        """End all sessions of the chosen users on this site, but the own one."""
        ended = end_sessions(_others(request, Session.objects.filter(user__in=users)))
        for user in users:
            audit.record("session.ended_by_staff", request, user=user)
        text = ngettext("%(n)d session ended.", "%(n)d sessions ended.", ended)
        self.message_user(request, text % {"n": ended}, messages.SUCCESS)


def _mirrored(users):
    return users.exclude(directus_id=None)


def _others(request, sessions):
    """Leave out the session of this very request, which signing out is for."""
    return sessions.exclude(session_key=request.session.session_key)


@admin.register(Session)
class SessionAdmin(admin.ModelAdmin):
    """Who is signed in where. Ending a session is deleting it; tokens are not shown."""

    list_display = ("user", "client_address", "browser", "last_seen_at", "expire_date")
    list_filter = ("last_seen_at",)
    list_select_related = ("user",)
    search_fields = ("user__email", "client_address")
    ordering = ("-last_seen_at",)
    fields = (
        "user",
        "client_address",
        "user_agent",
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
        is_own = obj is not None and obj.session_key == request.session.session_key
        return not is_own and super().has_delete_permission(request, obj)

    @admin.display(description=_("browser"))
    def browser(self, session):
        """The beginning of what the browser calls itself."""
        return session.user_agent[:60]

    def delete_model(self, request, obj):
        self.delete_queryset(request, Session.objects.filter(pk=obj.pk))

    def delete_queryset(self, request, queryset):
        for session in queryset.select_related("user"):
            audit.record("session.ended_by_staff", request, user=session.user)
        end_sessions(_others(request, queryset))
