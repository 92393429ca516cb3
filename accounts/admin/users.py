"""Users in the admin: values from Directus are read-only."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from config.request import AuthenticatedRequest

from ..core import clients
from ..models import User
from ..operations.suspend import NOT_IN_DIRECTUS
from ..throttling import attempts
from .actions import ACTIONS, Action, ActionOnInvitation
from .audited import AuditedAdmin
from .confirming import MOST_AT_ONCE, Confirming
from .filters import DeletionFilter, ProviderFilter, in_words
from .inviting import InviteView
from .lists import CarefulList

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
ABOUT_SIGN_IN = ("in_directus", "sign_in_provider", "sign_in")
FROM_ROLE = ("is_active", "is_staff", "is_superuser", "synced_at", "last_login")
# Only the owner asks for the deletion and cancels it.
DELETION = ("delete_at", "deleted_at")


@admin.register(User)
class UserAdmin(CarefulList, AuditedAdmin, DjangoUserAdmin):
    """The admin of users: only groups and permissions can be edited."""

    list_display = (
        "email",
        "name",
        "status",
        "role_name",
        "sign_in_provider",
        "synced",
    )
    list_filter = (
        "status",
        "role_name",
        "is_active",
        "is_staff",
        ProviderFilter,
        DeletionFilter,
        "groups",
    )
    search_fields = ("email", "first_name", "last_name", "directus_id")
    ordering = ("email",)
    fieldsets = (
        (_("From Directus"), {"fields": (*FROM_DIRECTUS, *ABOUT_SIGN_IN)}),
        (_("From the role in Directus"), {"fields": FROM_ROLE}),
        (_("In Django"), {"fields": ("groups", "user_permissions", *DELETION)}),
    )
    readonly_fields = (
        *FROM_DIRECTUS,
        *FROM_ROLE,
        *DELETION,
        *ABOUT_SIGN_IN,
    )

    def has_add_permission(self, request):
        return False

    def has_delete_permission(self, request, obj=None):
        # Users are deleted in Directus; the row stays for foreign keys.
        return False

    def get_readonly_fields(self, request, obj=None):
        # A user who may give permissions can give all of them, also to themselves.
        given = () if request.user.is_superuser else ("groups", "user_permissions")
        return (*super().get_readonly_fields(request, obj), *given)

    def get_urls(self):
        # No password form: Directus keeps the password.
        urls = [url for url in super().get_urls() if "password" not in str(url.pattern)]
        invite = self.admin_site.admin_view(InviteView.as_view(model_admin=self))
        return [
            path("invite/", invite, name="accounts_user_invite"),
            *(self._url_of(action) for action in ACTIONS),
            *urls,
        ]

    def changelist_view(self, request, extra_context=None):
        context = {"may_invite": self.may_invite(request), **(extra_context or {})}
        return super().changelist_view(request, context)

    def may_invite(self, request: AuthenticatedRequest) -> bool:
        """Return whether a member of staff may invite customers."""
        return self._may(request, ActionOnInvitation.permission)

    @admin.display(description=_("name"), ordering="first_name")
    def name(self, user):
        """First and last name in one column: the list has to fit a screen."""
        return user.get_full_name()

    @admin.display(description=_("last synced"), ordering="synced_at")
    def synced(self, user):
        """The time in the short format: the list has to fit a screen."""
        if user.synced_at is None:
            return ""
        return date_format(timezone.localtime(user.synced_at), "SHORT_DATETIME_FORMAT")

    @admin.display(description=_("sign-in provider"), ordering="provider")
    def sign_in_provider(self, user):
        """How Directus lets the user sign in; empty if it has not told yet."""
        return in_words(user.provider)

    @admin.display(description=_("in Directus"))
    def in_directus(self, user):
        """Link to the user's page in Directus' own app."""
        if not user.is_mirrored:
            return NOT_IN_DIRECTUS
        url = clients.admin_url(f"users/{user.directus_id}")
        return format_html(
            '<a href="{}" rel="noopener">{}</a>', url, _("Open in Directus")
        )

    @admin.display(description=_("sign-in"))
    def sign_in(self, user):
        """Whether failures lock the user out now."""
        if not user.is_mirrored:
            # The counts of an address belong to the account in Directus.
            return NOT_IN_DIRECTUS
        until = attempts.blocked_until(user.account_key)
        if until is None:
            return _("Not locked")
        if until > timezone.now() + timedelta(days=1):
            return _(
                "Locked for new browsers until a sign-in from a known browser or a "
                "password change, so that Directus does not suspend the account"
            )
        moment = date_format(timezone.localtime(until), "DATETIME_FORMAT")
        text = _("Locked for new browsers until %(moment)s, after too many failures")
        return text % {"moment": moment}

    # Actions; see accounts.admin.actions

    def get_actions(self, request, action_location=None):
        """Offer the permitted actions, without Django's own deletion.

        Args:
            request: the request of a member of staff.
            action_location: the page that offers the actions, since Django 6.1. The
                form of one user has buttons instead: see change_view.
        """
        if action_location and action_location.name == "CHANGE_FORM":
            return {}
        return {
            action.name: (self._act_on_list(action), action.name, action.label)
            for action in self._allowed(request)
        }

    def change_view(self, request, object_id, form_url="", extra_context=None):
        user = self.get_object(request, unquote(object_id))
        buttons = [
            (self._address(action, user), action.label, action.is_harsh)
            for action in self._allowed(request)
            if user and action.suits(user) and not action.objection(request, user)
        ]
        context = {
            "staff_actions": buttons,
            "may_see_events": request.user.has_perm("accounts.view_accountevent"),
            **(extra_context or {}),
        }
        return super().change_view(request, object_id, form_url, context)

    def _allowed(self, request: AuthenticatedRequest) -> list[Action]:
        return [action for action in ACTIONS if self._may(request, action.permission)]

    def _may(self, request: AuthenticatedRequest, permission: str) -> bool:
        return self.has_view_permission(request) and request.user.has_perm(
            f"{self.opts.app_label}.{permission}"
        )

    def _address(self, action: Action, user: User) -> str:
        return reverse(f"admin:accounts_user_{action.name}", args=[user.pk])

    def _url_of(self, action: Action) -> URLPattern:
        view = self.admin_site.admin_view(partial(self._act_on_one, action))
        name = f"accounts_user_{action.name}"
        return path(f"<path:object_id>/{action.name}/", view, name=name)

    def _act_on_one(
        self, action: Action, request: AuthenticatedRequest, object_id: str
    ) -> HttpResponse:
        """Run an action on one user, after a confirmation."""
        if not self._may(request, action.permission):
            raise PermissionDenied(action.permission)
        user = self.get_object(request, unquote(object_id))
        if user is None:
            # As Django's own pages do; not in Django's stubs.
            missing = self._get_obj_does_not_exist_redirect  # type: ignore[attr-defined]
            return missing(request, self.opts, object_id)
        confirming = Confirming(self, action, request)
        if request.method != "POST":
            return confirming.ask([user])
        back = reverse("admin:accounts_user_change", args=[user.pk])
        return confirming.do([user]) or HttpResponseRedirect(back)

    def _act_on_list(self, action: Action) -> Callable[..., HttpResponse | None]:
        """Return the action for the list, which runs it on the chosen users."""

        def act(model_admin, request, users):
            if users.count() > MOST_AT_ONCE:
                text = _("Select at most %(count)d users at a time.")
                most = {"count": MOST_AT_ONCE}
                self.message_user(request, text % most, messages.ERROR)
                return None
            confirming = Confirming(self, action, request)
            chosen = list(users)
            if "post" not in request.POST:
                return confirming.ask(chosen)
            return confirming.do(chosen)

        return act
