"""A lazy query over a customer's own rows; each page is one call to Directus."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from accounts.directus import ItemPage
from accounts.own_data import client_for, rows_at_once
from config.request import AuthenticatedRequest

from .collection import Collection, Rule
from .file_lists import file_lists, with_ids
from .item import Item
from .relations import with_labels


@dataclass(frozen=True)
class ItemQuery:
    """Which rows to read, and in which order. Never shows rows of other customers.

    Attributes:
        fields: the fields to read; the key is always read.
        rules: filters of Directus beside the owner's; made from allow-lists.
        ordering: names of fields, descending with `-`; the key is appended, because
            Directus appends nothing and pages would overlap.
    """

    request: AuthenticatedRequest
    collection: Collection
    fields: Sequence[str]
    rules: tuple[Rule, ...] = ()
    ordering: tuple[str, ...] = ()

    def filter(self, *rules: Rule) -> "ItemQuery":
        """Return a query with further filters."""
        return replace(self, rules=(*self.rules, *rules))

    def order_by(self, *names: str) -> "ItemQuery":
        """Return a query in another order."""
        return replace(self, ordering=names)

    def page(self, number: int, size: int) -> tuple[list[Item], int]:
        """Return the rows of a page, and the number of all rows, with one call."""
        size = self.size_of_page(size)
        found = self._read(limit=size, offset=(number - 1) * size, counts=True)
        return self._items(found.rows), found.count or 0

    def size_of_page(self, wanted: int) -> int:
        """Return how many rows a page has: operators may set a limit in Directus."""
        return min(wanted, rows_at_once(self.request))

    def first(self) -> Item | None:
        """Return the first row, if there is one."""
        return next(iter(self._items(self._read(limit=1).rows)), None)

    def all(self, size: int = 500) -> Iterator[Item]:
        """Yield all rows, a page of them with each call."""
        for page in self.pages(size):
            yield from page

    def pages(self, size: int, *, most: int | None = None) -> Iterator[list[Item]]:
        """Yield all rows, in pages; each is one call.

        A row that a new one has moved to the next page is not repeated. Directus may
        send fewer rows than asked for: only an empty page is the end.

        Args:
            size: the number of rows of a page, if Directus sends as many.
            most: the highest number of rows.
        """
        size = self.size_of_page(size)
        offset, before = 0, set[Any]()
        while most is None or offset < most:
            limit = size if most is None else min(size, most - offset)
            found = self._items(self._read(limit=limit, offset=offset).rows)
            yield [item for item in found if item.pk not in before]
            if not found:
                return
            offset, before = offset + len(found), {item.pk for item in found}

    def _read(self, **options: Any) -> ItemPage:
        key = self.collection.key
        lists = file_lists(self.collection.described(self.request))
        is_sorted_by_key = {key, f"-{key}"} & set(self.ordering)
        return client_for(self.request).list_items(
            self.collection.name,
            fields=with_labels(self.request, self.collection, [key, *self.fields]),
            rule=self.collection.owned_by(self.request, *self.rules),
            sort=[*self.ordering, *([] if is_sorted_by_key else [key])],
            whole=[name for name in self.fields if name in lists],
            **options,
        )

    def _items(self, rows: list[dict[str, Any]]) -> list[Item]:
        lists = file_lists(self.collection.described(self.request))
        return [Item(self.collection, with_ids(row, lists)) for row in rows]
