"""The audit trail in the admin: it is searched and read, and never changed.

Django's own list would count and group all rows for each page; with millions of events
that takes seconds.
"""

from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ..models import AccountEvent, User
from .event_search import KEY, Periods, meaning, names
from .lists import CarefulList


class NewestPaginator(Paginator):
    """Pages of the newest rows; a search finds older ones."""

    object_list: QuerySet[AccountEvent]

    most = 10_000

    @cached_property
    def count(self):
        """The number of rows, up to a limit."""
        return self.object_list[: self.most].count()


class EventFilter(admin.SimpleListFilter):
    """Choose one event among those that there are."""

    title = gettext_lazy("event")
    parameter_name = "event"

    def lookups(self, request, model_admin):
        return [(name, name) for name in names()]

    def queryset(self, request, queryset):
        is_known = self.value() in dict(self.lookup_choices)
        return queryset.filter(event=self.value()) if is_known else queryset


class StaffFilter(admin.SimpleListFilter):
    """Choose a member of staff that has done something."""

    title = gettext_lazy("staff member")
    parameter_name = "staff"
    most = 50

    def lookups(self, request, model_admin):
        # Not `isnull=False`: SQLite would read all rows, past the index of staff.
        acts = AccountEvent.objects.filter(staff__gt=0).order_by()
        keys = list(acts.values_list("staff", flat=True).distinct())
        staff = User.objects.filter(pk__in=keys).order_by("email", "pk")
        return [(user.pk, str(user)) for user in staff[: self.most]]

    def queryset(self, request, queryset):
        is_key = KEY.fullmatch(self.value() or "")
        return queryset.filter(staff=self.value()) if is_key else queryset


@admin.register(AccountEvent)
class EventAdmin(CarefulList):
    """All events, the newest first."""

    list_display = ("moment", "event", "about", "client_address", "done_by", "told")
    list_filter = (StaffFilter, EventFilter)
    list_select_related = ("user", "staff")
    date_hierarchy = "at"
    ordering = ("-at", "-pk")
    sortable_by = ()
    paginator = NewestPaginator
    show_full_result_count = False
    # Counts beside each choice of a filter would read all rows.
    show_facets = admin.ShowFacets.NEVER
    search_fields = ("event",)
    search_help_text = gettext_lazy(
        "An email address, the number or Directus ID of a user, an IP address, a "
        "network such as 203.0.113.0/24, or an event such as sign_in or "
        "sign_in.refused. With several of them, all must fit."
    )
    fields = (
        "when",
        "event",
        "about",
        "done_by",
        "client_address",
        "user_agent",
        "told",
    )
    readonly_fields = fields

    def get_queryset(self, request):
        return Periods(self.model).order_by(*self.ordering)

    def get_search_results(self, request, queryset, search_term):
        for word in search_term.split():
            queryset = queryset.filter(meaning(word))
        return queryset, False

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False

    @admin.display(description=gettext_lazy("time"))
    def moment(self, event):
        """The time to the second, in the time zone of the reader."""
        return date_format(timezone.localtime(event.at), "Y-m-d H:i:s")

    @admin.display(description=gettext_lazy("time"))
    def when(self, event):
        """The time with its zone."""
        return f"{self.moment(event)} {timezone.localtime(event.at):%Z}"

    @admin.display(description=gettext_lazy("user"))
    def about(self, event):
        """The user that the event is about."""
        return _linked(event.user, event.user_id)

    @admin.display(description=gettext_lazy("by"))
    def done_by(self, event):
        """The member of staff, or the operator of a command."""
        if event.staff_id:
            return _linked(event.staff, event.staff_id)
        facts = event.facts
        if "operator" not in facts:
            return ""
        return f"{facts['operator']} ({facts.get('command', '')})"

    @admin.display(description=gettext_lazy("facts"))
    def told(self, event):
        """The facts on one line."""
        return ", ".join(
            f"{name}: {_in_words(value)}"
            for name, value in event.facts.items()
            if name not in {"operator", "command"}
        )


def _linked(user, user_id):
    if user is None:
        return _("user %(id)s, deleted") % {"id": user_id} if user_id else ""
    url = reverse("admin:accounts_user_change", args=[user.pk])
    return format_html('<a href="{}">{}</a>', url, user)


def _in_words(value):
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)
