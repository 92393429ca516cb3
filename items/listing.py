"""The list page: search, filters, order, pages and the download."""

from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import EmptyPage
from django.http import Http404, HttpResponseRedirect
from django.utils.formats import number_format

from .columns import column
from .downloads import MOST_ROWS, csv_response
from .filters import FilterForm
from .paginator import ItemPaginator
from .relation_filter import filters_for
from .sorting import Sorting, sortable, without_file_lists
from .table import Column, rows


class ListingMixin:
    """What a list page does beside showing rows; `items.views.ItemListView` is one."""

    request: Any
    collection: Any
    described: Any
    get_query: Any
    may: Any
    get_ordering: Any
    search_fields: Any = ()
    filter_fields: Any = ()
    sort_fields: Any = None
    paginate_by: int = 25
    has_csv = True
    # Whether this address sends the file; item_paths sets it.
    sends_csv = False

    def get(self, request, *args, **kwargs):
        """Show the page, or the last one instead of one beyond it."""
        if self.sends_csv:
            return csv_response(request, self.get_queryset())
        try:
            return super().get(request, *args, **kwargs)  # type: ignore[misc]
        except EmptyPage:
            return HttpResponseRedirect(self.link(page=self.paginator.num_pages))

    def get_queryset(self):
        """Return the rows that match, in the order of the page."""
        names = list(self.collection.list_fields)
        if not self.sends_csv:
            # Each checkbox is called by the name of its row.
            names.append(self.collection.title)
        query = self.get_query(names)
        found = query.filter(*self.filter_form.rules)
        return found.order_by(*self.sorting.ordering)

    def paginate_queryset(self, queryset, page_size):
        """Return the page. Raises Http404 for a number that no page can have."""
        self.paginator = ItemPaginator(queryset, page_size)
        page = self.paginator.page(self._number())
        if self.request.GET.get("page") == "last" and page.has_next():
            raise EmptyPage
        return self.paginator, page, page.object_list, page.has_other_pages()

    def _number(self) -> int:
        text = self.request.GET.get("page") or "1"
        if text == "last":
            return 1
        if not (text.isascii() and text.isdigit()) or not int(text[:20]):
            raise Http404
        return int(text[:20])

    @cached_property
    def filter_form(self):
        """The form with the search and the filters."""
        return FilterForm(
            self.request.GET,
            searched=self._descriptions(self.search_fields),
            filters=filters_for(self.request, self.collection, self.filter_fields),
            never={self.collection.key: {"_null": True}},
        )

    @cached_property
    def sorting(self):
        """The order of the rows."""
        names = self.sort_fields
        if names is None:
            names = sortable(self.collection.list_fields, self.described)
        default = self.get_ordering() or ()
        # As in Django's own views, one name needs no list.
        default = (default,) if isinstance(default, str) else default
        return Sorting(
            self.request.GET.get("sort", ""),
            allowed=without_file_lists(names, self.described),
            default=without_file_lists(default, self.described),
        )

    def _descriptions(self, names):
        return [self.described[name] for name in names if name in self.described]

    def link(self, **changes):
        """Return the address of this page with other parameters; empty ones go."""
        own = {"sort": self.sorting.chosen, **self.filter_form.sent, **changes}
        kept = {name: value for name, value in own.items() if value not in ("", None)}
        return f"?{urlencode(kept)}"

    def columns(self):
        """Return the headings of the table."""
        return [self._column(name) for name in self.collection.list_fields]

    def _column(self, name):
        facts = {"name": name, **vars(column(self.request, self.collection, name))}
        if name not in self.sorting.allowed:
            return Column(**facts)
        link = self.link(sort=self.sorting.next_choice(name))
        return Column(**facts, link=link, direction=self.sorting.direction(name))

    def page_links(self, page):
        """Return the addresses of other pages by their place; a missing one is none."""
        links = {}
        if page.has_previous():
            links["first"] = self.link(page="")
            links["previous"] = self.link(page=page.previous_page_number())
        if page.has_next():
            links["next"] = self.link(page=page.next_page_number())
            links["last"] = self.link(page=page.paginator.num_pages)
        return links

    def get_context_data(self, **kwargs):
        """Add the form, the headings and the links."""
        context = super().get_context_data(**kwargs)  # type: ignore[misc]
        page = context["page_obj"]
        count = page.paginator.count
        is_filtered = bool(self.filter_form.sent)
        columns = self.columns()
        found = rows(page.object_list, columns, self._detail, self._file)
        may_create = self.may["create"] and context["addresses"]["create"]
        return context | {
            "columns": columns,
            "count": _grouped(count),
            "csv_limit": _grouped(MOST_ROWS) if count > MOST_ROWS else "",
            "csv_link": self._csv_link(count),
            "filter_form": self.filter_form,
            "is_filtered": is_filtered,
            "is_list_shown": bool(count or is_filtered),
            "may_create": bool(may_create),
            "page_links": self.page_links(page),
            "rows": found,
            "sort": self.sorting.chosen,
        }

    def _detail(self, pk):
        return self.address("detail", pk)  # type: ignore[attr-defined]

    def _file(self, pk, name):
        return self.address("file", pk, name)  # type: ignore[attr-defined]

    def _csv_link(self, count):
        address = self.address("csv") if count else ""  # type: ignore[attr-defined]
        return address and address + self.link().removesuffix("?")


def _grouped(number: int) -> str:
    return number_format(number, force_grouping=True)
