"""Pages of a query: rows and their number come with one call."""

from typing import Any

from django.core.paginator import EmptyPage, Page, Paginator

from .query import ItemQuery

# A higher offset is a mistake, or an attempt to make Directus work.
MOST_PAGES = 100_000


class ItemPaginator(Paginator):
    """Reads a page and the count at once."""

    def __init__(self, object_list: ItemQuery, per_page: int, **options: Any) -> None:
        super().__init__([], object_list.size_of_page(per_page), **options)
        self._query = object_list

    def page(self, number):
        """Return a page.

        Raises:
            EmptyPage: it is beyond the last page; `num_pages` says which one that is.
        """
        is_too_high = int(number) > MOST_PAGES
        number = 1 if is_too_high else int(number)
        rows, self.count = self._query.page(number, self.per_page)
        if is_too_high or number > self.num_pages:
            raise EmptyPage(self.error_messages["no_results"])
        return Page(rows, number, self)
