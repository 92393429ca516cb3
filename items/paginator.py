"""Pages of a query: rows and their number come with one call."""

from typing import Any

from django.core.paginator import EmptyPage, Page, PageNotAnInteger, Paginator

from .query import ItemQuery


class ItemPaginator(Paginator):
    """Reads a page and the count at once."""

    def __init__(self, object_list: ItemQuery, per_page: int, **options: Any) -> None:
        super().__init__([], per_page, **options)
        self._query = object_list

    def page(self, number):
        """Return a page.

        Raises:
            PageNotAnInteger, EmptyPage: there is no such page.
        """
        try:
            number = int(number)
        except (TypeError, ValueError):
            raise PageNotAnInteger(self.error_messages["invalid_page"]) from None
        if not 1 <= number <= MOST_PAGES:
            raise EmptyPage(self.error_messages["min_page"])
        rows, self.count = self._query.page(number, self.per_page)
        if not rows and number > 1:
            raise EmptyPage(self.error_messages["no_results"])
        return Page(rows, number, self)


# A higher offset is a mistake, or an attempt to make Directus work.
MOST_PAGES = 100_000
