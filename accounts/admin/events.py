"""The audit trail in the admin: it is searched and read, and never changed.

Django's own list would count and group all rows for each page; with millions of events
that takes seconds.
"""

from django.contrib import admin
from django.core.paginator import Paginator
from django.db import connection
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ..models import AccountEvent
from .event_search import Periods, meaning

# PostgreSQL and SQLite share this syntax. It jumps along the index from name to name.
NAMES = """
    WITH RECURSIVE names(name) AS (
        SELECT MIN(event) FROM accounts_accountevent
        UNION ALL
        SELECT (SELECT MIN(event) FROM accounts_accountevent WHERE event > names.name)
        FROM names WHERE names.name IS NOT NULL
    )
    SELECT name FROM names WHERE name IS NOT NULL
"""


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
        with connection.cursor() as cursor:
            cursor.execute(NAMES)
            return [(name, name) for (name,) in cursor.fetchall()]

    def queryset(self, request, queryset):
        return queryset.filter(event=self.value()) if self.value() else queryset


class StaffFilter(admin.SimpleListFilter):
    """Choose between actions of staff and all others."""

    title = gettext_lazy("staff member")
    parameter_name = "staff"

    def lookups(self, request, model_admin):
        return [("yes", gettext_lazy("Yes")), ("no", gettext_lazy("No"))]

    def queryset(self, request, queryset):
        if self.value() not in {"yes", "no"}:
            return queryset
        return queryset.filter(staff__isnull=self.value() == "no")


@admin.register(AccountEvent)
class EventAdmin(admin.ModelAdmin):
    """All events, the newest first."""

    list_display = (
        "when",
        "event",
        "about",
        "done_by",
        "client_address",
        "browser",
        "told",
    )
    list_filter = (StaffFilter, EventFilter)
    list_select_related = ("user", "staff")
    date_hierarchy = "at"
    ordering = ("-at", "-pk")
    sortable_by = ()
    paginator = NewestPaginator
    show_full_result_count = False
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
    def when(self, event):
        """The time to the second, in the time zone of the reader."""
        return date_format(timezone.localtime(event.at), "Y-m-d H:i:s T")

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

    @admin.display(description=gettext_lazy("browser"))
    def browser(self, event):
        """The browser in words; the page of the event has its User-Agent header."""
        return event.browser if event.user_agent else ""

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
